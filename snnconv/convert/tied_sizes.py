"""Thresholds, currents and potentials per neuron are of one size: what they fix of a network's inputs."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, fx

from ..graph.graphs import value_of
from ..graph.sites import activation_sites
from ..graph.time_varying import batch_symbols, input_values
from ..plan import SitePlan
from ..sizes import Dimension, Shapes, Sizes


def with_tied(sizes: Sizes, canonical: fx.GraphModule, sites: Mapping[str, SitePlan], shapes: Shapes) -> Sizes:
    """The sizes with those fixed that some site holds a value for each element of.

    Args:
        shapes: of the inputs that the values are for.
    """
    if not sizes.free:
        return sizes
    batch = batch_symbols(canonical.graph)
    for name, node in activation_sites(canonical).items():
        values = [getattr(sites[name], kind) for kind in ("threshold", "offset", "potential")]
        tied = {symbol for value in values if value is not None for symbol in tied_by(value, node)} - batch
        places = {place: shapes[place[0]][place[1] - 1] for place in places_of(canonical.graph, tied)}
        fixed = {place: size for place, size in places.items() if place in sizes.free}
        sizes = sizes.with_fixed(fixed, f"site {name} has a threshold or current of its own for every position")
    return sizes


def tied_by(value: Tensor, node: fx.Node) -> set[object]:
    """The symbols of the site's dimensions along which the value differs."""
    shape = value_of(node).shape
    dims = range(1, 2) if value.dim() == 1 else range(len(shape) - value.dim(), len(shape))
    sizes = [shape[d] for d, size in zip(dims, value.shape) if size > 1 and d > 0]
    return {symbol for size in sizes if isinstance(size, torch.SymInt) for symbol in size.node.expr.free_symbols}


def places_of(graph: fx.Graph, symbols: set[object]) -> list[Dimension]:
    return [
        (i, d)
        for i, value in enumerate(input_values(graph))
        for d, size in enumerate(value.shape)
        if d and isinstance(size, torch.SymInt) and size.node.expr.free_symbols & symbols
    ]
