"""Operation counts: closed forms for single layers, every convention, and what is not counted."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snnconv import InputError
from snnconv.cost.dense import CONVENTIONS, count


def convolved(macs: int) -> dict[str, int]:
    return {"mac": macs, "conv_mac": macs}


LAYERS: dict[str, tuple[nn.Module, tuple[int, ...], dict[str, int]]] = {
    "conv": (
        nn.Conv2d(4, 6, 3, padding=1),
        (4, 5, 5),
        {"mac": 6 * 25 * 4 * 9, "conv_mac": 6 * 25 * 4 * 9, "conv_bias": 6 * 25},
    ),
    "strided": (nn.Conv2d(4, 6, 3, stride=2, bias=False), (4, 7, 7), convolved(6 * 9 * 4 * 9)),
    "grouped": (nn.Conv2d(4, 6, 3, groups=2, bias=False), (4, 5, 5), convolved(6 * 9 * 2 * 9)),
    "3d": (nn.Conv3d(2, 3, (1, 3, 3), bias=False), (2, 4, 5, 5), convolved(3 * 4 * 9 * 2 * 9)),
    "transposed": (nn.ConvTranspose2d(4, 6, 2, stride=2, bias=False), (4, 3, 3), convolved(4 * 9 * 6 * 4)),
    "linear": (nn.Linear(7, 3), (7,), {"mac": 21, "linear_bias": 3}),
    "tokens": (nn.Linear(7, 3, bias=False), (5, 7), {"mac": 5 * 21}),
    "norm": (nn.BatchNorm2d(4), (4, 3, 3), {"norm": 36}),
    "relu": (nn.ReLU(inplace=True), (4, 3, 3), {"relu": 36}),
    "max pool": (nn.MaxPool2d(2), (4, 6, 6), {"pool_input": 144}),
    "adaptive": (nn.AdaptiveAvgPool2d(1), (4, 6, 6), {"adaptive_pool_input": 144}),
}


@pytest.mark.parametrize("name", LAYERS)
def test_closed_forms(name: str) -> None:
    layer, shape, wanted = LAYERS[name]
    model = nn.Sequential(layer, nn.Identity())
    assert count(model, shape).quantities == wanted


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_convention_weighs_the_quantities(convention: str) -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2)
    )
    result = count(model, (1, 5, 5), convention=convention)
    weights = CONVENTIONS[convention].weights
    assert result.ops == sum(weights.get(name, 0) * amount for name, amount in result.quantities.items())
    assert result.ops == sum(result.by_layer.values())


class Attention(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(x, x, x) @ x.transpose(-1, -2)


def test_matrix_products_and_attention() -> None:
    heads, tokens, width = 2, 5, 3
    result = count(Attention(), (heads, tokens, width))
    assert result.quantities["mac"] == 3 * heads * tokens * tokens * width


class Summed(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        scores = torch.einsum("bhqd,bhkd->bhqk", x, x)
        return torch.einsum("b h q k, b h k d -> b q d", scores, x)


def test_einsum() -> None:
    """The products of each are the sizes of all its indices multiplied."""
    assert count(Summed(), (2, 5, 3)).quantities["mac"] == 2 * 2 * 5 * 5 * 3


class Spectrum(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.rfft(torch.erfinv(x / 10)).abs()


def test_what_no_rule_knows_is_listed() -> None:
    result = count(Spectrum(), (8,))
    assert result.ops == 0
    assert {"fft_rfft", "erfinv"} <= set(result.unsupported)
    assert result.unsupported_ops() == sorted(result.unsupported)  # each once


def test_the_most_frequent_gap_comes_first() -> None:
    class Gaps(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.erfinv(torch.special.i0(torch.special.i0(x)) / 10)

    assert count(Gaps(), (4,)).unsupported_ops() == ["special_i0", "erfinv"]
    assert count(nn.ReLU(), (4,)).unsupported_ops() == []


def test_shared_layers_count_at_every_call() -> None:
    conv = nn.Conv2d(2, 2, 3, padding=1, bias=False)
    result = count(nn.Sequential(conv, conv), (2, 4, 4))
    assert result.ops == 2 * 16 * 2 * 2 * 9
    assert result.parameters == 36


def test_an_unknown_convention_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'fvcore-eval'"):
        count(nn.ReLU(), (3,), convention="fvcore-evl")
