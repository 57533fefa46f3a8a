"""Where the batch is in every value: time is folded into it, and what has a state needs time to come first.

A network may move the batch, as attention does with [B, N, C] → [N, B, C] → [N·B, C]; what keeps no state is right on
any layout. A module with a state takes [steps·B, …] apart into time steps, so there the batch has to be the outermost
part of dimension 0.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from .graphs import value_of
from .names import name_of
from .op import names
from .operands import operands
from .time_varying import batch_dims, batch_symbols, size_at

BATCH = 3  # samples of the trial
FOLLOWED = names("moves", "joins", "parts")


class Layout(NamedTuple):
    """A dimension of size outer·B·inner, whose element (i, b, j) belongs to sample b."""

    dim: int
    outer: int

    @property
    def is_first(self) -> bool:
        return self == (0, 1)


def layouts(graph: fx.Graph) -> dict[fx.Node, Layout | None]:
    """{value that depends on the batch size: its layout}, None where the batch is in no one place."""
    symbols = batch_symbols(graph)
    found: dict[fx.Node, Layout | None] = {}
    for node in graph.nodes:
        dims = batch_dims(node, symbols)
        if dims:
            found[node] = layout_of(node, dims, found) if len(dims) == 1 else None
    return found


def layout_of(node: fx.Node, dims: list[int], found: dict[fx.Node, Layout | None]) -> Layout | None:
    """A dimension of B samples and nothing else says it all; moved data are followed; the rest keeps its layout."""
    (dim,) = dims
    size = value_of(node).shape[dim]
    if size.node.expr.is_symbol:
        return Layout(dim, 1)
    if node.target is operator.getitem or is_followed(node, found):
        return moved(node, found)
    same = {
        found[source]
        for source in node.all_input_nodes
        if found.get(source) is not None
        and found[source].dim < value_of(source).dim()  # type: ignore[union-attr]
        and value_of(source).shape[found[source].dim].node.expr == size.node.expr  # type: ignore[union-attr]
    }
    outer = {layout.outer for layout in same if layout is not None}
    return Layout(dim, outer.pop()) if len(outer) == 1 else None


def is_followed(node: fx.Node, found: dict[fx.Node, Layout | None]) -> bool:
    """Whether it moves data that depend on the batch, and not as indices say."""
    read = list(operands(node))
    chosen = any(operand.role == "choice" for operand in read)
    return name_of(node) in FOLLOWED and not chosen and any(o.role == "data" and o.node in found for o in read)


def moved(node: fx.Node, found: dict[fx.Node, Layout | None]) -> Layout | None:
    """Do with the numbers of the samples what the operation does with their values, and see where they are."""
    call, part = node, None
    if node.target is operator.getitem:
        call, part = node.args[0], node.args[1]
        assert isinstance(call, fx.Node)
    tensors = [source for source in call.all_input_nodes if isinstance(value_of(source), Tensor)]
    if not isinstance(call.target, Callable) or any(found.get(source, ()) is None for source in tensors):
        return None
    args, kwargs = pytree.tree_map_only(fx.Node, lambda leaf: numbered(leaf, found), (call.args, dict(call.kwargs)))
    result = call.target(*args, **kwargs)
    return seen_in(result if part is None else result[part])


def numbered(node: fx.Node, found: dict[fx.Node, Layout | None]) -> Any:
    """A tensor like the node's, of the numbers of the samples that its elements belong to, −1 for none; or its size."""
    value, layout = value_of(node), found.get(node)
    if not isinstance(value, Tensor):
        return size_at(value, BATCH) if isinstance(value, (torch.SymInt, int)) else value
    shape = [size_at(size, BATCH) for size in value.shape]
    if layout is None:
        return torch.full(shape, -1, dtype=torch.int8)
    size = shape[layout.dim]
    rows = torch.arange(size) // (size // (layout.outer * BATCH)) % BATCH
    return rows.to(torch.int8).view(-1, *[1] * (len(shape) - layout.dim - 1)).expand(shape).contiguous()


def seen_in(result: Tensor) -> Layout | None:
    """The layout that a tensor of sample numbers shows, or None where it shows none."""
    for dim, size in enumerate(result.shape):
        rows = result.movedim(dim, 0).reshape(size, -1)
        row = rows.amax(1)
        if size % BATCH or not bool(((rows == row[:, None]) | (rows == -1)).all()) or int(row.min()) < 0:
            continue
        changes = int((row != row[0]).nonzero()[0])  # the inner elements of the first sample
        if torch.equal(row, (torch.arange(size) // changes % BATCH).to(row.dtype)):
            return Layout(dim, size // (changes * BATCH))
    return None
