"""How the results were made: commands, configuration, versions, hardware."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..bench._sweep import Sweep
from ..measure.result import Result

NAMES = (
    "model", "settings", "T", "samples", "data", "normalization", "convention", "count", "encoder", "within", "layer",
    "unit", "clipped",
)  # fmt: skip


@dataclass(frozen=True)
class Record:
    """All of it as pairs of text.

    Attributes:
        commands: results, the command that made them.
        configuration: for each part a title and its settings.
        environments: for each a title (the results made there), and versions, hardware, seed.
    """

    commands: Sequence[tuple[str, str]]
    configuration: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    environments: Sequence[tuple[str, Sequence[tuple[str, str]]]]


def record_of(results: Sequence[Any]) -> Record:
    return Record(
        commands(results),
        [(result.NAME, flat(configuration_of(result))) for result in results],
        environments(results),
    )


def commands(results: Sequence[Any]) -> list[tuple[str, str]]:
    """Results of one command stand together."""
    found: dict[str, list[str]] = {}
    for result in results:
        if command := result.provenance.get("command"):
            found.setdefault(str(command), []).append(result.NAME)
    return [(", ".join(names), command) for command, names in found.items()]


def configuration_of(result: Result) -> Mapping[str, Any]:
    """What the numbers depend on."""
    if isinstance(result, Sweep):
        own = result.configuration or {curve.setting: curve.settings for curve in result.curves}
        known = {"samples": result.samples, "normalization": result.normalization}
        return {**own, **known} if "data" in own else {**own, **known, "data": result.data}
    own = getattr(result, "configuration", {})  # of a training
    return {**own, **{name: value for name in NAMES if (value := getattr(result, name, None)) is not None}}


def environments(results: Sequence[Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Results made by the same versions on the same machine stand together."""
    groups: dict[str, tuple[list[str], list[str], dict[str, Any]]] = {}
    for result in results:
        same = {key: result.provenance.get(key) for key in ("versions", "hardware", "seed")}
        names, made, _ = groups.setdefault(json.dumps(same, sort_keys=True, default=str), ([], [], same))
        names.append(result.NAME)
        made.append(str(result.provenance.get("made", "")))
    return [(", ".join(names), facts(same, made)) for names, made, same in groups.values()]


def facts(same: Mapping[str, Any], made: Sequence[str]) -> list[tuple[str, str]]:
    return [
        *flat(same["versions"] or {}),
        *flat(same["hardware"] or {}),
        ("seed", text(same["seed"])),
        ("made", span(made)),
    ]


def span(times: Sequence[str]) -> str:
    known = sorted(filter(None, times))
    return " to ".join(dict.fromkeys([known[0], known[-1]])) if known else "–"


def flat(document: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """{"a": {"b": 1}} → [("a · b", "1")]."""
    pairs: list[tuple[str, str]] = []
    for key, value in document.items():
        if isinstance(value, Mapping) and value:
            pairs.extend(flat(value, f"{prefix}{key} · "))
        elif value is not None:
            pairs.append((f"{prefix}{key}", text(value)))
    return pairs


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
