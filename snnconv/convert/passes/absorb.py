"""Layers that can take a positive factor on their input into their own weights."""

from __future__ import annotations

import copy
from collections.abc import Callable

from torch import Tensor, nn


def absorb(layer: nn.Module, factor: Tensor) -> nn.Module | None:
    """A copy of `layer` with layer′(x) = layer(factor·x), or None where no such layer of its kind exists.

    Args:
        factor: broadcastable to one sample of the input: [] for one quantum, [C, 1, …] per channel.
    """
    for kinds, rule in RULES:
        if isinstance(layer, kinds):
            return rule(layer, factor)
    return None


def into_convolution(layer: nn.Module, factor: Tensor) -> nn.Module | None:
    assert isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Conv3d))
    if layer.padding_mode != "zeros" or not is_per_channel(factor):
        return None
    per_input = factor.reshape(-1).expand(layer.in_channels)
    rows = per_input.view(layer.groups, 1, -1).expand(-1, layer.out_channels // layer.groups, -1)
    return with_weight(layer, rows.reshape(layer.out_channels, -1, *spatial_ones(layer)))


def into_transposed(layer: nn.Module, factor: Tensor) -> nn.Module | None:
    assert isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d))
    if not is_per_channel(factor):
        return None
    return with_weight(layer, factor.reshape(-1).expand(layer.in_channels).view(-1, 1, *spatial_ones(layer)))


def into_linear(layer: nn.Module, factor: Tensor) -> nn.Module | None:
    if factor.dim() and factor.numel() != factor.shape[-1]:
        return None
    return with_weight(layer, factor.reshape(-1))


def into_batchnorm(layer: nn.Module, factor: Tensor) -> nn.Module | None:
    """γ(θx − μ)/σ + β = (γθ)(x − μ/θ)/σ + β."""
    assert isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d))
    if layer.weight is None or layer.running_mean is None or not is_per_channel(factor) or not bool((factor > 0).all()):
        return None
    scaled = with_weight(layer, factor.reshape(-1))
    scaled.running_mean = layer.running_mean / factor.reshape(-1)
    return scaled


def with_weight(layer: nn.Module, factor: Tensor) -> nn.Module:
    assert isinstance(layer.weight, Tensor)
    scaled = copy.deepcopy(layer)
    scaled.weight = nn.Parameter(layer.weight.detach() * factor.to(layer.weight), requires_grad=False)
    return scaled


def is_per_channel(factor: Tensor) -> bool:
    return not factor.dim() or factor.numel() == factor.shape[0]


def spatial_ones(layer: nn.Module) -> list[int]:
    assert isinstance(layer.weight, Tensor)
    return [1] * (layer.weight.dim() - 2)


Rule = Callable[[nn.Module, Tensor], nn.Module | None]
RULES: list[tuple[tuple[type[nn.Module], ...], Rule]] = [
    ((nn.Conv1d, nn.Conv2d, nn.Conv3d), into_convolution),
    ((nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d), into_transposed),
    ((nn.Linear,), into_linear),
    ((nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d), into_batchnorm),
]
