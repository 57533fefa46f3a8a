"""The honest baseline: the ANN itself, really quantised to as many levels as the spikes can tell apart."""

from __future__ import annotations

from math import ceil, log2
from typing import Any

import torch
from torch import Tensor, fx, nn

from ...convert.passes.batchnorm import LAYERS
from ...convert.passes.residual import fuse_residual_adds
from ...convert.passes.scales import fold_quanta
from ...errors import InputError
from ...graph.graphs import clone, insert_module_after, put_module, value_of
from ...graph.sites import activation_sites
from ...network import SpikingNetwork
from ...neurons import Neuron, Scale
from ...placement import placement_of
from ...plan import SitePlan

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
RANGE = 20.0  # beyond it the bounded activations do not change
CLIP_RATIOS = [ratio / 100 for ratio in range(30, 101, 2)]


class Quantiser(nn.Module):
    """k = round(clip(f(x), low, λ)/Δ), Δ = (λ − low)/(levels − 1): whole numbers, 0 among them, each worth Δ.

    Args:
        threshold: λ; of one value per channel the largest. A Δ for each channel would have to go into the weights
            before they are rounded, which then lose more than finer steps gain.
        function: f; None for the ReLU family, where low = 0. Elsewhere low is the least that f gives, at least −λ.
    """

    step: Tensor

    def __init__(self, threshold: Tensor, levels: int, function: nn.Module | None = None) -> None:
        super().__init__()
        largest = threshold.detach().float().max()
        low = torch.zeros(()) if function is None else lowest(function).to(largest).maximum(-largest)
        self.register_buffer("step", (largest - low.to(largest)) / (levels - 1))
        self.levels, self.function = levels, function
        self.first = round(float(low / self.step)) if function is not None else 0

    def forward(self, x: Tensor) -> Tensor:
        value = x if self.function is None else self.function(x)
        return (value / self.step.to(x.dtype)).round_().clamp_(self.first, self.first + self.levels - 1)

    def extra_repr(self) -> str:
        return f"levels={self.levels}"


def lowest(function: nn.Module) -> Tensor:
    """The least of an elementwise function, over −RANGE … RANGE and its channels."""
    channels = max([1, *(value.numel() for value in function.parameters())])
    with torch.no_grad():
        return function(torch.linspace(-RANGE, RANGE, 4001)[:, None].expand(-1, channels)).min()


class InputGrid(nn.Module):
    """Inputs (p − mean)/std with p on a grid of 2^bits values in [0, 1]: pictures of that depth stay what they are."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor, bits: int) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.steps = 2**bits - 1

    def forward(self, x: Tensor) -> Tensor:
        shape = (-1, *[1] * (x.dim() - 2))
        mean, std = self.mean.to(x).view(shape), self.std.to(x).view(shape)
        return ((x * std + mean).mul_(self.steps).round_() / self.steps - mean) / std


def quantised(
    snn: SpikingNetwork,
    weight_bits: int,
    levels: int,
    input_bits: int = 8,
    normalization: dict[str, Any] | None = None,
) -> fx.GraphModule:
    """The ANN of a spiking network with whole-number activations and weights, called as `snn.ann` is. `snn` stays.

    Every activation that spikes in `snn` takes `levels` equally spaced values from 0 (or the least that it gives, where
    that is negative) to its layer's threshold λ there, or to the layer's 99.9 percentile (`SitePlan.layer_span`) where
    channels have thresholds of their own. Rounding is to nearest; activations kept analog stay as they are, and so do
    biases. As in the spiking network the steps are folded into the layers that read them, so that whole numbers travel.
    Weights of convolutions and linear layers take 2^b − 1 values, symmetric about 0, per output channel, clipped where
    the squared error is least. Nothing is trained or calibrated for it, as nothing was for the spiking network.

    Args:
        weight_bits: b ≥ 2. levels: ≥ 2; T steps of at most β spikes tell T·β + 1 apart.
        input_bits: depth of the input. The grid follows from the normalisation alone, never from the data.
        normalization: {"mean": […], "std": […]} of the input; default that of the calibration. Without one the input
            is left as it is.

    Raises:
        InputError: fewer than 2 bits or levels.
    """
    for name, least, value in (("weight_bits", 2, weight_bits), ("levels", 2, levels), ("input_bits", 1, input_bits)):
        if int(value) != value or value < least:
            raise InputError(f"{name} is out of range", expected=f"a whole number, at least {least}", got=repr(value))
    network = clone(snn.ann)
    for name, node in activation_sites(network).items():
        site = snn.plan.sites[name]
        if site.neuron is not None and site.threshold is not None:
            span = reach_of(site, site.threshold)
            activation = network.get_submodule(name)
            function = activation if activation.tracked or activation.levels is not None else None
            quantiser = Quantiser(span.to(placement_of(network).device), levels, function)
            put_module(network, name, quantiser)
            scale = Scale(quantiser.step)
            scaled = insert_module_after(network, node, f"{name}_quantum", scale)
            node.replace_all_uses_with(scaled, delete_user_cb=lambda user, scaled=scaled: user is not scaled)
    network = fuse_residual_adds(fold_quanta(network))
    quantise_weights(network, weight_bits)
    grid_inputs(network, normalization or snn.plan.normalization, input_bits)
    network.recompile()
    return network.eval()


def reach_of(site: SitePlan, threshold: Tensor) -> Tensor:
    """The activation that all levels together represent: λ where it is one of the layer and says so."""
    if site.span is None and not threshold.dim():
        return threshold
    return next(value for value in (site.layer_span, site.span, threshold) if value is not None)


def quantise_weights(network: nn.Module, bits: int) -> None:
    """Round the weights of convolutions and linear layers, in place."""
    for module in network.modules():
        if isinstance(module, LAYERS):
            weight = quantised_weight(module.weight.detach(), bits, channel_groups(module))
            module.weight = nn.Parameter(weight, requires_grad=False)


def levels_of(snn: SpikingNetwork, T: int) -> int:
    """How many activations the network's neurons tell apart in T steps: T·β + 1, of the site that has most."""
    betas = [getattr(neuron, "beta", 1) for neuron in snn.sites.values() if isinstance(neuron, Neuron)]
    return T * max(betas) + 1


def bits_of(levels: int) -> int:
    """Bits that hold so many levels."""
    return ceil(log2(levels))


def channel_groups(layer: nn.Module) -> int:
    """0 where dimension 0 of the weight counts outputs; else the groups of a transposed convolution."""
    return int(layer.groups) if isinstance(layer, TRANSPOSED) else 0


def quantised_weight(weight: Tensor, bits: int, groups: int = 0) -> Tensor:
    """The weight rounded to (2^bits − 1) values per output channel, symmetric, clip ratio of least squared error."""
    rows = by_output(weight.double(), groups)
    top = 2 ** (bits - 1) - 1
    largest = rows.abs().amax(1, keepdim=True)
    best, least = rows.clone(), torch.full_like(largest, torch.inf)
    for ratio in CLIP_RATIOS:
        step = largest * ratio / top
        rounded = (rows / step.where(step > 0, 1)).round_().clamp_(-top, top) * step
        error = (rounded - rows).square().sum(1, keepdim=True)
        best, least = torch.where(error < least, rounded, best), torch.minimum(error, least)
    return by_output(best, groups, weight.shape).to(weight.dtype)


def by_output(weight: Tensor, groups: int, shape: torch.Size | None = None) -> Tensor:
    """One row per output channel; with `shape`, back from such rows."""
    if shape is None:
        if not groups:
            return weight.flatten(1)
        split = weight.unflatten(0, (groups, -1)).transpose(1, 2)  # [groups, out/groups, in/groups, …]
        return split.flatten(0, 1).flatten(1)
    if not groups:
        return weight.view(shape)
    inputs, outputs, *kernel = shape
    split = weight.view(groups, outputs, inputs // groups, *kernel)
    return split.transpose(1, 2).reshape(shape)


def grid_inputs(network: fx.GraphModule, normalization: dict[str, Any] | None, bits: int) -> None:
    """Put the float inputs that have the normalisation's channels on their grid."""
    if normalization is None:
        return
    mean, std = (torch.tensor(normalization[key], dtype=torch.float64).reshape(-1) for key in ("mean", "std"))
    for node in [node for node in network.graph.nodes if node.op == "placeholder"]:
        value = value_of(node)
        if not isinstance(value, Tensor) or not value.is_floating_point() or value.dim() < 2:
            continue
        if mean.numel() not in (1, value.shape[1]):
            continue
        grid = insert_module_after(network, node, "input_grid", InputGrid(mean, std, bits))
        node.replace_all_uses_with(grid, delete_user_cb=lambda user, grid=grid: user is not grid)
