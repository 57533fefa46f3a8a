"""Tries a network out: without numbers first, which shows what a run would take."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from ...errors import InputError, UnsupportedModelError
from .batch import free_batch, meta_inputs
from .compare import relative
from .network import OnnxNetwork

BATCH = 3
LARGEST = 2**28  # numbers in one value; a video network has a few ten million at this batch
ALIKE = 1e-4


class SizeLimit(TorchDispatchMode):
    """Refuses to compute what would not fit."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if any(isinstance(leaf, Tensor) and leaf.numel() > LARGEST for leaf in pytree.tree_leaves(result)):
            raise ValueError(f"a value with more than {LARGEST:,} numbers")
        return result


def trial_inputs(network: OnnxNetwork) -> tuple[Tensor, ...] | None:
    """Random inputs of a batch of three; None where the file leaves sizes open."""
    shapes = network.input_shapes
    if shapes is None:
        return None
    generator = torch.Generator().manual_seed(0)
    return tuple(
        torch.rand(BATCH, *shape, generator=generator).to(getattr(torch, entry.dtype))
        for shape, entry in zip(shapes, network.inputs)
    )


def check_sizes(network: OnnxNetwork, batch: int | None) -> None:
    """Run on shapes alone; a batch that the file fixes is freed on the way.

    Raises:
        InputError: an operation does not take what it gets, or some value would be absurdly large.
    """
    shapes = network.input_shapes
    if shapes is None:
        return
    if any(BATCH * torch.Size(shape).numel() > LARGEST for shape in shapes):
        raise InputError("the ONNX file takes absurdly large inputs", got=" and ".join(map(str, shapes)))
    with torch.no_grad(), SizeLimit():
        if batch is not None:
            free_batch(network, batch)
        network.on_meta()(*meta_inputs(network, shapes, BATCH))


def check_free_batch(network: OnnxNetwork, inputs: tuple[Tensor, ...]) -> None:
    """Three samples at once give what three runs give.

    Raises:
        UnsupportedModelError: they do not: the file fixes its batch size in a way that cannot be undone.
    """
    with torch.no_grad():
        together = pytree.tree_leaves(network(*inputs))
        alone = [pytree.tree_leaves(network(*(x[i : i + 1] for x in inputs))) for i in range(BATCH)]
    for y, *parts in zip(together, *alone):
        expected = torch.cat(parts)
        if bool(expected.isfinite().all()) and not relative(y, expected) < ALIKE:
            raise UnsupportedModelError(
                "the ONNX file fixes its batch size, and gives something else for several samples at once\n"
                "  remedy: export it with a dynamic batch (dynamic_axes, or dynamic_shapes with dynamo=True)"
            )
