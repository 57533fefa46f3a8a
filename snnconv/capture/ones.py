"""Sizes of 1. torch.export takes one in the example for a constant, and assumes of free sizes that they are larger.

So an example of 1 is made one of 2 where the network takes that, and where a program also computes what the model
computes at a size of 1, that size may be 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.utils import _pytree as pytree

from ..size_terms import names_in
from ..sizes import Dimension, Shapes, Sizes
from .capture import evaluating, first_line
from .frozen_clips import settled
from .guards import said_at
from .refused import muted_export_log
from .swapped import swapped
from .twice import error_of
from .watching import line_of

LOWEST = 2  # of the exporter
TOLERANCE = 1e-5  # relative L2


def refusing_two(model: nn.Module, inputs: tuple[Any, ...], shapes: Shapes) -> dict[Dimension, str]:
    """{dimension of size 1: what the model says of 2 there; "" where it takes it}."""
    found: dict[Dimension, str] = {}
    for place in ((i, d) for i, shape in enumerate(shapes) for d, size in enumerate(shape, 1) if size == 1):
        error = error_of(model, resized(inputs, {place: LOWEST}))
        found[place] = first_line(error).rstrip(".") + said_at(line_of(error.__traceback__)) if error else ""
    return found


def with_ones(model: nn.Module, program: ExportedProgram, sizes: Sizes, inputs: tuple[Any, ...]) -> Sizes:
    """The sizes with 1 allowed where program and model agree on it: each dimension by itself, and all of them.

    Args:
        inputs: an example that the program takes.
    """
    terms = [size for dims in sizes.inputs for size in dims if isinstance(size, str)]
    read = set().union(*(names_in(term) for term in terms if term not in sizes.ranges)) if terms else set()
    names = [name for name, (low, _) in sizes.ranges.items() if low == LOWEST and name in terms and name not in read]
    module = program.module(check_guards=False)
    lowered = [name for name in names if agree(model, module, inputs, at_one(sizes, [name]))]
    if len(lowered) > 1 and not agree(model, module, inputs, at_one(sizes, lowered)):
        return sizes
    return at_one(sizes, lowered)


def at_one(sizes: Sizes, names: Iterable[str]) -> Sizes:
    return replace(sizes, ranges={**sizes.ranges, **{name: (1, sizes.ranges[name][1]) for name in names}})


def agree(model: nn.Module, module: nn.Module, inputs: tuple[Any, ...], sizes: Sizes) -> bool:
    """Whether both compute the same of inputs that are 1 wherever these sizes allow it; False where one fails."""
    ones = {(i, d): 1 for i, d in sizes.free if sizes.ranges.get(str(sizes.inputs[i][d - 1]), (0, 0))[0] == 1}
    small = resized(inputs, ones)
    shapes = [tuple(leaf.shape[1:]) for leaf in pytree.tree_leaves(small) if isinstance(leaf, Tensor) and leaf.dim()]
    if not sizes.take(shapes):
        return False
    with evaluating(model), settled(model), muted_export_log():
        try:
            wanted, found = (pytree.tree_leaves(called(network, small)) for network in (model, module))
        except Exception:  # a forward raises whatever it likes
            return False
    return len(wanted) == len(found) and all(map(equal, wanted, found))


def called(network: nn.Module, inputs: tuple[Any, ...]) -> Any:
    """Of copies: a forward may write into its inputs and buffers."""
    copies = pytree.tree_map(lambda leaf: leaf.clone() if isinstance(leaf, Tensor) else leaf, inputs)
    with swapped(network, lambda value: value if isinstance(value, nn.Parameter) else value.clone()):
        return network(*copies)


def equal(wanted: Any, found: Any) -> bool:
    if not isinstance(wanted, Tensor) or not isinstance(found, Tensor):
        return wanted == found
    if wanted.shape != found.shape:
        return False
    a, b = wanted.double(), found.double()
    return bool((a - b).norm() <= TOLERANCE * a.norm())


def resized(inputs: tuple[Any, ...], to: Mapping[Dimension, int]) -> tuple[Any, ...]:
    """The example with some dimensions of other sizes: cut, or repeated from the start."""
    number = -1

    def of_size(leaf: Any) -> Any:
        nonlocal number
        if not isinstance(leaf, Tensor) or not leaf.dim():
            return leaf
        number += 1
        for (i, d), size in to.items():
            if i == number:
                leaf = leaf.index_select(d, torch.arange(size, device=leaf.device) % leaf.shape[d])
        return leaf

    return pytree.tree_map(of_size, inputs)
