"""Weights in closed form: each layer makes the best of the spikes that it really gets."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...network import SpikingNetwork
from ...neurons import Neuron
from .means import Samples
from .registry import calibration
from .weights import Parameters, refitted

RIDGE = 0.3
WIDEST = 5000  # inputs of an output; beyond, their products would fill the memory, and only the bias is corrected
ROWS = 2**26  # elements of unfolded input at once


@calibration("least-squares", "weights and bias of the layer before each neuron, in closed form")
def least_squares(snn: SpikingNetwork, samples: Samples, T: int) -> SpikingNetwork:
    """Layer by layer: min over (ΔW, Δb) of Σ (p − (W + ΔW)·x̄ − b − Δb − r̄)² + ρ‖ΔW‖², p what the ANN's activation gets.

    x̄ is the mean over the T steps of what the spikes before bring to the layer, r̄ that of all else the neuron gets: a
    residual, its offset; the sum is over samples and positions. So a layer corrects what rounding took from its own
    input, and what a residual brings along. ρ is 0.3·K/n of the mean square of the inputs, for K inputs of an output
    and n samples and positions: the fewer of these, the nearer the weights stay to those of the ANN.

    The ANN keeps its weights; those found are kept in the plan of the site. Transposed convolutions keep theirs.

    Source: this project; least squares on quantised inputs as in Hubara et al., ICML 2021, "Accurate post training
    quantization with small calibration sets", and bias correction as in Li et al., ICML 2021.
    """

    def solved(layer: nn.Module, _neuron: Neuron, x: Tensor, rest: Tensor, wanted: Tensor) -> Parameters:
        return fitted(layer, x, wanted - rest - layer(x))

    return refitted(snn, samples, T, "least-squares", solved, currents=True)


def fitted(layer: nn.Module, x: Tensor, missing: Tensor) -> Parameters:
    """The layer's parameters, changed so that its output grows by about `missing` [B, O, …] where its input is `x`."""
    values = {name: value.detach().clone() for name, value in layer.named_parameters()}
    weight, bias = values["weight"], values.get("bias")
    groups = getattr(layer, "groups", 1)
    inputs = weight[0].numel()
    if getattr(layer, "transposed", False) or inputs > WIDEST:
        if bias is not None:
            bias += by_group(layer, missing, 1)[0].mean(0)
        return values
    size = max(1, ROWS // (missing[0].numel() // len(weight) * inputs * groups))
    width = inputs + (bias is not None)
    gram = torch.zeros(groups, width, width, dtype=torch.float64, device=x.device)
    cross = torch.zeros(groups, width, len(weight) // groups, dtype=torch.float64, device=x.device)
    rows = 0
    for part, rest in zip(x.split(size), missing.split(size), strict=True):
        seen, lacks = patches(layer, part), by_group(layer, rest, groups)
        if bias is not None:
            seen = torch.cat([seen, seen.new_ones(*seen.shape[:2], 1)], 2)
        gram += (seen.mT @ seen).double()
        cross += (seen.mT @ lacks).double()
        rows += seen.shape[1]
    scale = gram.diagonal(dim1=1, dim2=2)[:, :inputs].mean(1, keepdim=True)
    ridge = torch.zeros(groups, width, dtype=torch.float64, device=x.device)
    ridge[:, :inputs] = (RIDGE * inputs / rows * scale).clamp(min=torch.finfo(torch.float32).tiny)
    change = torch.linalg.solve(gram + torch.diag_embed(ridge), cross).mT.flatten(0, 1)  # [O, width]
    weight += change[:, :inputs].reshape(weight.shape).to(weight)
    if bias is not None:
        bias += change[:, inputs].to(bias)
    return values


def patches(layer: nn.Module, x: Tensor) -> Tensor:
    """What each output of a layer sees of its input: [groups, B·positions, K], K in the order of the weights."""
    if isinstance(layer, nn.Linear):
        return x.flatten(0, -2)[None]
    assert isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d)
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    seen = nn.functional.pad(x, layer._reversed_padding_repeated_twice, mode=mode)
    for i, (kernel, stride, dilation) in enumerate(zip(layer.kernel_size, layer.stride, layer.dilation)):
        seen = seen.unfold(2 + i, dilation * (kernel - 1) + 1, stride)[..., ::dilation]
    dims = len(layer.kernel_size)  # now [B, C, positions …, kernel …]
    seen = seen.movedim(1, dims + 1).unflatten(dims + 1, (layer.groups, -1)).movedim(dims + 1, 0)
    return seen.flatten(dims + 2).flatten(1, dims + 1)


def by_group(layer: nn.Module, missing: Tensor, groups: int) -> Tensor:
    """What each output of a layer lacks: [groups, B·positions, O/groups], in the order of `patches`."""
    if isinstance(layer, nn.Linear):
        return missing.flatten(0, -2)[None]
    return missing.movedim(1, -1).flatten(0, -2).unflatten(1, (groups, -1)).movedim(1, 0)
