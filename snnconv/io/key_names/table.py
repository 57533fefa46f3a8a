"""The registry of key names, and the choice among them: whichever names the most weights of the network."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping

from torch import Tensor

from ...registry import Registry
from ..prefixes import COUNTER, matched

# A file's weights → the same under the names that the networks here have, laid out as these have them. Names that are
# not the project's stay as they are. An entry is registered under words that a notice can hold: "mmaction2 SlowFast".
Renaming = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]
KEY_NAMES: Registry[Renaming] = Registry("table of key names")

SEVERAL, SPARE = 16, 1000  # a file of far more tensors is not this network under other names, and would take long

Rule = tuple[str, str | Callable[[re.Match[str]], str]]


def renamed(state: Mapping[str, Tensor], rules: Iterable[Rule]) -> dict[str, Tensor]:
    """Every name rewritten by every rule in turn: (regular expression, what stands in its place)."""
    compiled = [(re.compile(pattern), replacement) for pattern, replacement in rules]
    found = {}
    for name, tensor in state.items():
        for pattern, replacement in compiled:
            name = pattern.sub(replacement, name)
        found[name] = tensor
    return found


def closest(state: Mapping[str, Tensor], own: Collection[str]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The weights under the names of the network, by whichever table, and whichever prefix, names the most of them.

    A file whose names are the network's own is taken as it is, and so is one that no table fits better.

    Args:
        own: names in the network's state_dict.

    Returns:
        The weights; and notes on the table, and on what was left out or chosen.
    """
    found, notes = matched(state, own)
    most = named(found, own)
    is_like = len(state) <= SEVERAL * len(own) + SPARE
    for table in KEY_NAMES if most < named(own, own) and is_like else ():
        rewritten = KEY_NAMES[table](state)
        if rewritten.keys() == state.keys():
            continue
        candidate, further = matched(rewritten, own)
        if (count := named(candidate, own)) > most:
            found, most = candidate, count
            notes = (f"the names of the weights were read as those of {table}", *further)
    return found, notes


def named(state: Collection[str], own: Collection[str]) -> int:
    """How many of the network's names are there."""
    return sum(name in state for name in own if not name.endswith(COUNTER))
