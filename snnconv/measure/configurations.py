"""What a run depends on, as plain data: whether that of an earlier run, or of another process, is the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from .distributed import Group

MOST_DIFFERENCES = 12  # more would hide the message they belong to
OTHER_DATA = "; data that are shuffled, augmented at random or read from a generator are other data in every run"


def require_same(
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    kind: str,
    path: Path,
    remedy: str = "choose another with -o, or pass --overwrite to start afresh",
) -> None:
    """Refuse to continue what was made of something else.

    Args:
        kind: of what the folder holds, in the message.
        path: the file that says so, in the folder.

    Raises:
        InputError: they differ; the message lists what.
    """
    changed = differences(before, json.loads(json.dumps(now)))
    if changed:
        more = [f"and {len(changed) - MOST_DIFFERENCES} more"] if len(changed) > MOST_DIFFERENCES else []
        data = any(".sha256: " in change and not change.startswith(("model.", "networks.")) for change in changed)
        raise InputError(
            f"the folder holds a {kind} of another configuration",
            got="; ".join([*changed[:MOST_DIFFERENCES], *more]),
            where=str(path.parent),
            remedy=remedy + OTHER_DATA * data,
        )


def require_same_work(configuration: Mapping[str, Any], group: Group) -> None:
    """Refuse to add up what several processes do, unless they do the same.

    Raises:
        InputError: they differ; the message lists what.
    """
    first, *others = group.gather(dict(configuration))
    changed = [change for other in others for change in differences(first, other)]
    if changed:
        raise InputError(
            "the processes do not measure the same",
            got="; ".join(changed),
            remedy="give every process the same model and data; random weights need the same --seed",
        )


def differences(before: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> list[str]:
    """What changed from one configuration to another: `T: [1] → [1, 2]`, `settings.if: dropped`."""
    found: list[str] = []
    for key in [*before, *(key for key in now if key not in before)]:
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found.extend(differences(old, new, f"{path}{key}."))
        elif isinstance(old, dict) or isinstance(new, dict):
            found.append(f"{path}{key}: {'dropped' if new is None else 'added' if old is None else 'other'}")
        elif old != new:
            found.append(f"{path}{key}: {shown(old)} → {shown(new)}")
    return found


def shown(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
