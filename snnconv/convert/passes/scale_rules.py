"""How a factor on the input of an operation shows on its output: f(factor·x) = factor′·f(x)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from ...graph.graphs import value_of
from ...graph.names import argument_of, name_of
from ...graph.op import names
from ...graph.operands import operands
from ...graph.time_varying import CAPTURED, size_at
from ...neurons import RunningSum

POOLS = (
    nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d,
    nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
    RunningSum,  # the largest stays the largest: factors are positive
)  # fmt: skip
POOL_FUNCTIONS = {
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
}  # fmt: skip
PADS = names("pads")
AVERAGES = {"mean", "sum"}
PASSING = names("moves", "pads") | AVERAGES  # of one operand that carries a quantum


def passed_factor(graph_module: fx.GraphModule, user: fx.Node, factor: Tensor) -> Tensor | None:
    """The factor on the far side of a one-input operation f with f(factor·x) = factor′·f(x), or None."""
    is_per_channel = factor.dim() > 0 and factor.numel() == factor.shape[0]
    if user.op == "call_module":
        is_pool = isinstance(graph_module.get_submodule(str(user.target)), POOLS)
        return factor if is_pool and (not factor.dim() or is_per_channel) else None
    name = name_of(user)
    if name in POOL_FUNCTIONS:
        return factor if not factor.dim() or is_per_channel else None
    if name not in PASSING or not pads_with_zero(user):
        return None
    if not factor.dim():
        return factor
    if name in PADS:
        return padded_factor(user, factor)
    return mean_factor(user, factor) if name in AVERAGES else reshaped_factor(user, factor)


def pads_with_zero(user: fx.Node) -> bool:
    value = argument_of(user, "value") if name_of(user) in PADS else None
    return value in (None, 0, 0.0)


def padded_factor(user: fx.Node, factor: Tensor) -> Tensor | None:
    """The factor itself where it is the same along the padded dimensions (the last ones): 0 and copies scale alike."""
    pads = argument_of(user, "pad" if name_of(user) in {"pad", "constant_pad_nd"} else "padding")
    assert isinstance(pads, (list, tuple))
    along = factor.shape[max(0, factor.dim() - len(pads) // 2) :]
    return factor if all(size == 1 for size in along) else None


def mean_factor(user: fx.Node, factor: Tensor) -> Tensor | None:
    """The factor without the averaged dimensions, where it is the same along them."""
    rank = user.all_input_nodes[0].meta["val"].dim()
    dims, keep = argument_of(user, "dim") or (), argument_of(user, "keepdim")
    averaged = tuple(dim % rank - 1 for dim in dims)  # of one sample
    whole = factor.view(*[1] * (rank - 1 - factor.dim()), *factor.shape)
    if not averaged or any(dim < 0 or whole.shape[dim] != 1 for dim in averaged):
        return None
    return whole if keep else whole.squeeze(averaged)


def reshaped_factor(user: fx.Node, factor: Tensor) -> Tensor | None:
    """Run the operation on the factor of one whole sample, and shrink what came out to its distinct part.

    A sample may be several rows, as the frames of a video that are folded into the batch, or become several.
    """
    whole = whole_factor(user.all_input_nodes[0], factor)
    if whole is None or not isinstance(user.target, Callable):
        return None
    read = [operand for operand in operands(user) if operand.role != "data"]
    if any(operand.role == "choice" for operand in read):
        return None
    lent = {operand.node: lent_by(operand.node) for operand in read}
    if None in lent.values():
        return None
    args, kwargs = pytree.tree_map_only(fx.Node, lent.__getitem__, (user.args[1:], dict(user.kwargs)))
    result = user.target(whole, *args, **kwargs)
    if not isinstance(result, Tensor) or not torch.equal(result[:1].expand_as(result), result):
        return None
    return even_along_free(user, shrink(result[0]))


def even_along_free(node: fx.Node, factor: Tensor) -> Tensor | None:
    """The factor, if it is the same along the dimensions of the node's value whose sizes are free."""
    shape = value_of(node).shape[1:]
    free = [isinstance(size, torch.SymInt) for size in shape]
    return None if any(f and n > 1 for f, n in zip(free, factor.shape, strict=True)) else factor


def lent_by(node: fx.Node) -> Tensor | int | None:
    """What an operand that only lends its shape is in a batch of one sample: a tensor of that shape, or a size."""
    value = value_of(node)
    if not isinstance(value, Tensor):
        return of_one_sample(value)
    return whole_factor(node, torch.zeros((), dtype=value.dtype))


def whole_factor(source: fx.Node, factor: Tensor) -> Tensor | None:
    """The factor of every element of `source` in a batch of one sample, or None where a sample's size is not known.

    Free sizes are those of the example; what comes out is of use where it does not depend on them.
    """
    rows, *shape = source.meta["val"].shape
    if not batch_of(rows) or of_one_sample(rows) is None or any(map(batch_of, shape)):
        return None
    # `view` takes no expanded tensor
    return factor.expand(size_at(rows, 1), *(size_at(size, 1) for size in shape)).contiguous()


def of_one_sample(size: object) -> int | None:
    """A size in a batch of one sample: 14 for 14·B; None for what does not grow evenly with the batch."""
    if not isinstance(size, torch.SymInt):
        return None
    expression: Any = size.node.expr
    batch = batch_of(size)
    if any(symbol in (expression / symbol).free_symbols for symbol in batch) or len(batch) > 1:
        return None
    return size_at(size, 1)


def batch_of(size: object) -> set[object]:
    """The symbols of a size that stand for the batch."""
    if not isinstance(size, torch.SymInt):
        return set()
    known = CAPTURED.get(size.node.shape_env, {})
    return {symbol for symbol in size.node.expr.free_symbols if symbol not in known}


def shrink(factor: Tensor) -> Tensor:
    """Keep one element of every dimension along which nothing changes."""
    for dim in range(factor.dim()):
        first = factor.narrow(dim, 0, 1)
        if torch.equal(first.expand_as(factor), factor):
            factor = first
    return factor.clone()
