"""BatchNorm folded into the convolution or linear layer before it."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, fx, nn

from ...graph.graphs import graph_pass, module_calls, own_module

LAYERS = (
    nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.Linear,
)  # fmt: skip
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@graph_pass
def fold_batchnorm(graph_module: fx.GraphModule) -> fx.GraphModule:
    """γ(Wx + b − μ)/σ + β  =  (γ/σ)W x + (b − μ)γ/σ + β, wherever the layer's result goes to the BatchNorm alone.

    A layer that several call sites share is copied for each site that has a BatchNorm, so that nothing folds twice.
    """
    for node, norm in module_calls(graph_module, *NORMS):
        assert isinstance(norm, NORMS)
        if foldable(graph_module, node):
            layer_call = node.args[0]
            assert isinstance(layer_call, fx.Node)
            layer = graph_module.get_submodule(str(layer_call.target))
            own_module(graph_module, layer_call, fold(layer, norm))
            node.replace_all_uses_with(layer_call)
            graph_module.meta.setdefault("folded_norms", []).append(str(node.target))
    return graph_module


def foldable(graph_module: fx.GraphModule, node: fx.Node) -> bool:
    """Whether the BatchNorm at `node` follows a layer of which it is the only user, on the same channel dimension."""
    source = node.args[0]
    if not isinstance(source, fx.Node) or source.op != "call_module" or len(source.users) > 1:
        return False
    layer = graph_module.get_submodule(str(source.target))
    is_sequence = isinstance(layer, nn.Linear) and source.meta["val"].dim() != 2  # features last, channels second
    return isinstance(layer, LAYERS) and not is_sequence


def fold(layer: nn.Module, norm: nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d) -> nn.Module:
    """A copy of `layer` with the BatchNorm in its weight and bias; computed in float64, stored as it was."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    folded = copy.deepcopy(layer)
    weight, bias = layer.weight, layer.bias
    assert isinstance(weight, Tensor)
    gain = (norm.running_var.double() + norm.eps).rsqrt()
    if norm.weight is not None:
        gain = gain * norm.weight.double()
    start = bias.double() if isinstance(bias, Tensor) else torch.zeros_like(gain)
    offset = (start - norm.running_mean.double()) * gain
    if norm.bias is not None:
        offset = offset + norm.bias.double()
    scaled = weight.detach().double() * per_output(layer, gain)
    folded.weight = nn.Parameter(scaled.to(weight.dtype))
    folded.bias = nn.Parameter(offset.detach().to(weight.dtype))
    return folded


def per_output(layer: nn.Module, gain: Tensor) -> Tensor:
    """`gain` [C_out] shaped to multiply the layer's weight."""
    assert isinstance(layer.weight, Tensor)
    spatial = [1] * (layer.weight.dim() - 2)
    if isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)):
        # weight [C_in, C_out/groups, …]: each group of inputs has its own part of the outputs
        rows = gain.view(layer.groups, 1, -1).expand(-1, layer.in_channels // layer.groups, -1)
        return rows.reshape(layer.in_channels, -1, *spatial)
    return gain.view(-1, 1, *spatial)
