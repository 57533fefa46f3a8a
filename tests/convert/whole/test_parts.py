"""The parts: rounding whose errors cancel, integer kernels at their largest numbers, sums for averages, lost bits."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import snnconv
from snnconv.convert.whole.averages import sum_averages
from snnconv.convert.whole.rounding import rounded
from snnconv.neurons import Levels, Requantise
from snnconv.neurons.kernels import int8
from snnconv.neurons.kernels.int8 import as_bytes
from snnconv.neurons.whole import SumPool1d, SumPool2d, SumPool3d, whole_layer

from .networks import Clips, trained_like


@pytest.mark.parametrize("shape", [(6, 5), (4, 7, 3, 3), (4, 3, 2, 3, 3), (3, 1)])
def test_errors_cancel(shape: tuple[int, ...]) -> None:
    exact = 40 * torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    whole = rounded(exact)
    error = whole - exact
    assert torch.equal(whole, whole.round())
    assert float(error.abs().max()) < 1 + 1e-9
    assert float(error.flatten(1).sum(1).abs().max()) <= 0.5 + 1e-9
    if len(shape) > 2:  # the rows' share moves one in a kernel at most here and there
        nearest = exact.round() - exact
        assert float(error.flatten(2).sum(2).abs().mean()) < float(nearest.flatten(2).sum(2).abs().mean())


EXTENTS = [(0, 255), (-128, 127), (-1, 255), (-255, 255), (-700, 900), (-40_000, 40_000)]


@pytest.mark.parametrize("extent", EXTENTS)
@pytest.mark.parametrize(
    "layer",
    [
        nn.Linear(33, 7),
        nn.Conv2d(16, 8, 3, padding=1),
        nn.Conv2d(16, 16, 3, padding=1, groups=16, stride=2),
        nn.Conv2d(6, 4, (1, 3), padding=(0, 2), dilation=(1, 2), bias=False),
        nn.Conv3d(4, 4, 3, padding=1, groups=2),
        nn.Conv1d(4, 4, 3),
        nn.ConvTranspose2d(4, 6, 2, 2),
    ],
    ids=lambda layer: str(layer).split("(")[0],
)
def test_layers_are_exact(layer: nn.Module, extent: tuple[int, int]) -> None:
    draw = torch.Generator().manual_seed(1)
    weight: torch.Tensor = layer.weight  # type: ignore[assignment]
    most = 127 if max(map(abs, extent)) < 1000 else 3  # sums stay below 2^24
    whole = torch.randint(-most, most + 1, weight.shape, generator=draw)
    bias = None if layer.bias is None else torch.randint(-(2**20), 2**20, layer.bias.shape, generator=draw)  # type: ignore[union-attr]
    made = whole_layer(layer, whole, bias, extent, 8)
    assert made is not None
    dims = weight.dim() - 2
    channels = getattr(layer, "in_channels", 33)
    shape = (3, 33) if dims == 0 else (3, channels, *[7] * dims)
    x = torch.randint(extent[0], extent[1] + 1, shape, generator=draw)
    x.view(-1)[:2] = torch.tensor(extent)
    reference = whole_layer(layer, whole, bias, extent, 8)
    assert reference is not None
    wanted = nn.Module.double(reference)
    for kind in (torch.float32, torch.int32, torch.int16 if max(extent) < 2**15 else torch.int32):
        given = x.to(kind)
        result = made(given)
        exact = wanted.in_floats(x.double())  # type: ignore[operator]
        assert float(exact.abs().max()) < 2**24
        assert torch.equal(result.double(), exact)


@pytest.mark.skipif(not int8.is_exact(), reason="this processor has no exact 8-bit kernels")
def test_bytes_of_either_sign() -> None:
    weight = torch.randint(-127, 128, (4, 3, 3, 3))
    for kind, extent in ((torch.uint8, (0, 255)), (torch.int8, (-128, 127))):
        layer = whole_layer(nn.Conv2d(3, 4, 3, padding=1), weight, None, extent, 8)
        assert layer is not None
        layer.bias = None
        x = torch.randint(0, 256, (2, 3, 5, 5), dtype=torch.uint8).view(kind)
        assert torch.equal(layer(x), F.conv2d(x.float(), layer.weight, padding=1))  # type: ignore[arg-type]


@pytest.mark.parametrize("most", [255, 127])
@pytest.mark.parametrize("extent", [(0, 1), (0, 128), (-1, 2), (-64, 63), (-128, 127), (-300, 70_000), (0, 2**23)])
def test_whole_numbers_in_parts(extent: tuple[int, int], most: int) -> None:
    """As many as needed, of bytes that the kernels of this or of an older processor take."""
    x = torch.cat([torch.tensor(extent), torch.randint(extent[0], extent[1] + 1, (500,))])
    small = [
        kind
        for kind in (torch.uint8, torch.int8)
        if torch.iinfo(kind).min <= extent[0] <= extent[1] <= torch.iinfo(kind).max
    ]
    for kind in (torch.float32, torch.int32, *small):
        parts = as_bytes(x.to(kind), *extent, most)
        assert torch.equal(sum(factor * (part.long() - zero) for part, zero, factor in parts), x)
        assert all(part.dtype == torch.uint8 and int(part.max()) <= most for part, _, _ in parts)
        assert len(parts) == 1 or extent[1] - extent[0] > most


def test_weights_that_change_are_packed_again() -> None:
    layer = whole_layer(nn.Linear(4, 3), torch.ones(3, 4), None, (0, 255), 8)
    assert layer is not None
    x = torch.ones(2, 4, dtype=torch.uint8)
    assert layer(x).unique().tolist() == [4.0]
    with torch.no_grad():
        layer.weight.mul_(2)  # type: ignore[operator]
    assert layer(x).unique().tolist() == [8.0]


def test_what_is_cut_off_is_made_up_for() -> None:
    x = torch.randint(-1000, 1000, (12, 2, 3), generator=torch.Generator().manual_seed(2)).float()
    module = Requantise(4)
    sent, _ = module(x.flatten(0, 1), None, 12)
    total = sent.unflatten(0, (12, 2)).cumsum(0)
    assert torch.equal(sent, sent.round())
    assert float((16 * total - x.cumsum(0)).abs().max()) <= 8


def test_inputs_are_rounded_to_levels() -> None:
    levels = Levels(torch.tensor([[0.5]]), -3, 4)
    assert levels(torch.tensor([[[-9.0, 0.3, 0.74, 9.0]]])).flatten().tolist() == [-3, 1, 1, 4]


def test_sums_and_shares_are_averages() -> None:
    model = trained_like(Clips)
    x = torch.randn(2, 2, 4, 8, 8)
    canonical = snnconv.convert(model, 4, data=[x]).ann
    with torch.no_grad():
        torch.testing.assert_close(sum_averages(canonical)(x), model(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize("pool", [SumPool1d, SumPool2d, SumPool3d])
def test_sums_as_other_formats_take_them(pool: Any, ceil: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is exported is the same, by means: no format has a divisor of its own, and exporters drop it silently."""
    dims = (SumPool1d, SumPool2d, SumPool3d).index(pool) + 1
    for kernel, stride, padding, size in product((1, 2, 3, 4), (1, 2, 3), (0, 1, 2), (4, 5, 7, 8)):
        if padding > kernel // 2:
            continue
        module = pool(kernel, stride, padding, ceil_mode=ceil)
        x = torch.randint(-(2**18), 2**18, (2, 3, *[size] * dims)).float()
        wanted = module(x)
        with monkeypatch.context() as patch:
            patch.setattr(torch.compiler, "is_exporting", lambda: True)
            assert torch.equal(module(x), wanted)
