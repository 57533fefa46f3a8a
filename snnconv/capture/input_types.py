"""Which inputs of a network hold whole numbers: told by its file, or found by trying."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram

from ..graph.whole_inputs import placeholders
from ..placement import placement_of
from .capture import evaluating, user_inputs
from .shapes import TABLES

FILLED = (0, 1)  # words that are counted from 1 have no row for 0
TRIED = (None, torch.int64, torch.bool)  # None: the float type of the model
MOST = 27  # trials: each may run the whole network


def input_types(model: nn.Module | ExportedProgram, shapes: Sequence[tuple[int, ...]]) -> list[torch.dtype | None]:
    """The type of every input that holds whole numbers; None for real numbers.

    A program and a captured network tell it, and so does an attribute `input_dtypes`. Else the forward is tried on
    zeros and ones where something in the network may look words up; real numbers are taken for likelier.
    """
    told = told_types(model)
    if told is not None and len(told) == len(shapes):
        return [None if dtype.is_floating_point or dtype.is_complex else dtype for dtype in told]
    if isinstance(model, ExportedProgram) or not may_look_up(model):
        return [None] * len(shapes)
    return tried_types(model, shapes)


def told_types(model: nn.Module | ExportedProgram) -> list[torch.dtype] | None:
    if isinstance(model, ExportedProgram):
        values = [node.meta["val"] for node in user_inputs(model)]
        return [value.dtype for value in values if isinstance(value, Tensor)]
    if isinstance(model, fx.GraphModule) and (found := placeholders(model.graph)):
        return [node.meta["val"].dtype for node in found]
    told = getattr(model, "input_dtypes", None)
    return list(told) if told else None


def may_look_up(model: nn.Module) -> bool:
    """Whether there is a table of rows, or a bare tensor that may be one."""
    return any(
        isinstance(module, TABLES) or (not type(module).__module__.startswith("torch.nn.") and has_own_tensors(module))
        for module in model.modules()
    )


def has_own_tensors(module: nn.Module) -> bool:
    return any(value is not None for value in (*module._parameters.values(), *module._buffers.values()))


def tried_types(model: nn.Module, shapes: Sequence[tuple[int, ...]]) -> list[torch.dtype | None]:
    """The first types with which the forward runs; real numbers where it does with none: capture says what is wrong."""
    choices = sorted(
        itertools.islice(itertools.product(TRIED, repeat=len(shapes)), MOST),
        key=lambda types: sum(dtype is not None for dtype in types),
    )
    for types in choices:
        if runs(model, shapes, types):
            return list(types)
    return [None] * len(shapes)


def runs(model: nn.Module, shapes: Sequence[tuple[int, ...]], types: Sequence[torch.dtype | None]) -> bool:
    """Whether the forward takes zeros, or ones, of these shapes and types."""
    from .examples import as_arguments

    reference = placement_of(model)
    for filled in FILLED:
        leaves = tuple(
            torch.full((2, *shape), filled, dtype=dtype or reference.dtype, device=reference.device)
            for shape, dtype in zip(shapes, types)
        )
        arguments: tuple[Any, ...] = as_arguments(model, leaves)
        try:
            with evaluating(model):
                model(*arguments)
        except Exception:  # whatever the user's own Python raises
            continue
        return True
    return False
