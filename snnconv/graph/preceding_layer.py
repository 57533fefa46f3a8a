"""Which layer drives an activation: the one whose weights a correction of that site can change."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator

import torch
from torch import Tensor, fx, nn

from ..errors import InputError
from .graphs import own_module

LAYERS = (
    nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.Linear,
)  # fmt: skip
ADD = torch.ops.aten.add.Tensor


def preceding_layers(graph_module: fx.GraphModule, names: Collection[str]) -> dict[str, fx.Node]:
    """{site: the call of the convolution or linear layer whose output is the site's input, alone or in a sum}.

    Where several are summed, as at the end of a residual block with a strided shortcut, it is the one with most sites
    before it, then the first: the end of the block's body. A layer whose output is also read elsewhere is none, for
    changing it would change that too; sites without a layer are left out.
    """
    found: dict[str, fx.Node] = {}
    depth: dict[fx.Node, int] = {}
    for node in graph_module.graph.nodes:
        depth[node] = max((depth[source] for source in node.all_input_nodes), default=0)
        if node.op == "call_module" and node.target in names:
            layers = list(summed(graph_module, node.all_input_nodes[0]))
            if layers:
                found[str(node.target)] = max(layers, key=lambda layer: depth[layer])
            depth[node] += 1
    return found


def summed(graph_module: fx.GraphModule, value: fx.Node) -> Iterator[fx.Node]:
    """The layers among the terms of a value that nothing else reads."""
    if len(value.users) > 1:
        return
    if value.op == "call_module":
        if isinstance(graph_module.get_submodule(str(value.target)), LAYERS):
            yield value
    elif value.target is ADD and value.kwargs.get("alpha", 1) == 1:
        for term in value.all_input_nodes:
            yield from summed(graph_module, term)


def put_weights(graph_module: fx.GraphModule, call: fx.Node, weight: Tensor, bias: Tensor | None) -> None:
    """Let this call of a layer, and no other, use other weights.

    Raises:
        InputError: weights that do not fit the layer.
    """
    layer = copy.deepcopy(graph_module.get_submodule(str(call.target)))
    for name, value in (("weight", weight), ("bias", bias)):
        own = getattr(layer, name)
        if (None if own is None else own.shape) != (None if value is None else value.shape):
            raise InputError(
                f"the corrected {name} does not fit its layer",
                expected="none" if own is None else str(list(own.shape)),
                got="none" if value is None else str(list(value.shape)),
                where=str(call.target),
            )
        if value is not None:
            setattr(layer, name, nn.Parameter(value.to(own), requires_grad=False))
    own_module(graph_module, call, layer)
