"""Conversion of parts of a model: what goes into each is caught while the model runs, and each is converted alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from ..errors import InputError
from ..parts import FlatCall, SpikingPart, taken_apart
from ..placement import placement_of

SHOWN = 12


class Caught(NamedTuple):
    """Calls of a part: their tensors, their one structure, and what else is in them."""

    calls: list[list[Tensor]]
    spec: Any
    others: dict[int, Any]


def convert_parts(
    model: nn.Module,
    names: Sequence[str],
    data: Iterable[Any],
    convert: Callable[[nn.Module, Any], Any],
) -> nn.Module:
    """A copy of the model with these parts spiking, in eval mode.

    Args:
        names: of submodules, none inside another.
        data: batches that the model takes: a tensor or a list is its argument, of a tuple the first is (inputs,
            targets), a dict holds its keyword arguments.
        convert: (part, calibration batches) → spiking network.

    Raises:
        InputError: no such part, one that no batch reaches, or calls of several structures.
    """
    for name in names:
        require_part(model, name, names)
    copy = deepcopy(model).eval()
    batches = list(data)
    for name in names:  # one after the other: the inputs of the next are those that the network itself would see
        part = copy.get_submodule(name)
        caught = calls_of(copy, part, name, batches)
        flat = FlatCall(part, caught.spec, caught.others).eval()
        calibration = [tuple(call) if len(call) > 1 else call[0] for call in caught.calls]
        put(copy, name, SpikingPart(convert(flat, calibration), caught.spec, caught.others))
    return copy


def require_part(model: nn.Module, name: str, names: Sequence[str]) -> None:
    found = dict(model.named_modules())
    if name not in found or not name:
        top = [child for child, _ in model.named_children()]
        raise InputError(
            f"the model has no part {name!r}", expected="the name of a submodule: " + ", ".join(top[:SHOWN]),
            got=repr(name), remedy="print(model) shows all names",
        )  # fmt: skip
    outer = next((other for other in names if name.startswith(f"{other}.")), None)
    if outer is not None:
        raise InputError(f"the part {name} lies inside the part {outer}", remedy="leave one of them out")


def calls_of(model: nn.Module, part: nn.Module, name: str, batches: Sequence[Any]) -> Caught:
    """The calls of a part while the model runs on the batches."""
    found: list[tuple[list[Tensor], Any, dict[int, Any]]] = []

    def catch(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        tensors, spec, others = taken_apart(args, kwargs)
        found.append(([tensor.detach().clone() for tensor in tensors], spec, others))

    handle = part.register_forward_pre_hook(catch, with_kwargs=True)
    try:
        with torch.no_grad():
            for batch in batches:
                run(model, batch)
    finally:
        handle.remove()
    if not found:
        raise InputError(f"the part {name} is never called", got=f"{len(batches)} batches", where=name)
    _, spec, others = found[0]
    if any(call[1:] != (spec, others) for call in found):
        raise InputError(
            f"the part {name} is called in several ways", expected=str(spec), where=name,
            got=str(next(call[1] for call in found if call[1:] != (spec, others))),
            remedy="choose a part that is called in one way, such as one that holds it",
        )  # fmt: skip
    return Caught([tensors for tensors, _, _ in found], spec, others)


def run(model: nn.Module, batch: Any) -> None:
    device = placement_of(model).device
    inputs = batch[0] if isinstance(batch, tuple) else batch
    if isinstance(inputs, dict):
        model(**moved(inputs, device))
    else:
        model(moved(inputs, device))


def moved(inputs: Any, device: torch.device) -> Any:
    return pytree.tree_map_only(Tensor, lambda leaf: leaf.to(device), inputs)


def put(model: nn.Module, name: str, part: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, part)
