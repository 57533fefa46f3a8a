"""Names of weights without what wrappers, training frameworks and compilers put before them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from torch import Tensor

COMPILED = "_orig_mod."  # put in by torch.compile, wherever a module was compiled
COUNTER = "num_batches_tracked"  # missing in old files, and filled in by torch
COPIES = ("ema", "teacher", "momentum", "target", "averaged", "swa")  # words of a second set of the same weights
SHOWN = 3


def matched(state: Mapping[str, Tensor], own: Collection[str]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The weights under the names that a network has, where one prefix on all of them is the whole difference.

    Args:
        own: names in the network's state_dict.

    Returns:
        The weights, as they are where no prefix makes all names match; and notes on what was left out or chosen.
    """
    whole = dict(state)
    if covers(whole, own, ""):
        return whole, ()
    plain = {name.replace(COMPILED, ""): tensor for name, tensor in whole.items()}
    for found in (whole, plain):
        if prefixes := [prefix for prefix in candidates(found, own) if covers(found, own, prefix)]:
            return under(found, prefixes)
    shared = common(own)  # the other way round: the network itself is a wrapper
    if shared and covers({shared + name: tensor for name, tensor in plain.items()}, own, ""):
        return {shared + name: tensor for name, tensor in plain.items()}, ()
    return whole, ()


def covers(state: Mapping[str, Tensor], own: Collection[str], prefix: str) -> bool:
    """Whether every name of the network is there behind `prefix`."""
    return all(prefix + name in state for name in own if not name.endswith(COUNTER))


def candidates(state: Mapping[str, Tensor], own: Collection[str]) -> list[str]:
    """What stands before the network's longest name, in the order of the file."""
    longest = max((name for name in own if not name.endswith(COUNTER)), key=len, default="")
    return [name.removesuffix(longest) for name in state if longest and ("." + name).endswith("." + longest)]


def under(state: Mapping[str, Tensor], prefixes: list[str]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The weights behind the first prefix that does not speak of a copy, without it."""
    prefix = min(prefixes, key=lambda text: any(word in text.lower() for word in COPIES))
    taken = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    notes = []
    if len(prefixes) > 1:
        others = ", ".join(repr(other) for other in prefixes if other != prefix)
        notes.append(
            f"the file holds such weights under several names: those under {prefix!r} were taken, not {others}"
        )
    left = [name for name in state if not any(name.startswith(other) for other in prefixes)]
    if left and prefix:
        shown = ", ".join(left[:SHOWN]) + (", …" if len(left) > SHOWN else "")
        notes.append(f"weights were taken from under {prefix!r}; {len(left)} others were left out: {shown}")
    return taken, tuple(notes)


def common(own: Collection[str]) -> str:
    """The part up to a dot that all names begin with, such as `model.`; "" where there is none."""
    first = min(own, default="")
    parts = first.split(".")[:-1]
    shared = ""
    for part in parts:
        if not all(name.startswith(f"{shared}{part}.") for name in own):
            break
        shared += f"{part}."
    return shared
