"""Functions that torch.export takes a size for a number in: spelled out they compute the same, and sizes stay free."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snnconv.capture import grids, whole_maps
from snnconv.convert.preflight import preflight

from .size_cases import Case, converted, inputs_of, reloaded

THETA = torch.tensor([[[0.9, 0.1, 0.0], [-0.1, 1.1, 0.1]]])
IMAGE, SIGNAL, CLIP = (3, 8, 8), (3, 8), (3, 4, 8, 8)


class Through(nn.Module):
    """A form of writing something, between a convolution and a mean over all places."""

    def __init__(self, form: Callable[[Tensor], Tensor], dims: int, channels: int) -> None:
        super().__init__()
        self.form = form
        self.a = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims](3, 4, 3, padding=1)
        self.fc = nn.Linear(channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.form(F.relu(self.a(x)))).flatten(2).mean(2))


def warped(x: Tensor) -> Tensor:
    """Twice, by grids of both kinds."""
    for align in (False, True):
        grid = F.affine_grid(THETA.expand(x.shape[0], 2, 3), list(x.shape), align_corners=align)
        x = F.grid_sample(x, grid, align_corners=align)
    return x


def cropped(x: Tensor) -> Tensor:
    """The exporter leaves out `contiguous` where it does nothing at the example's size."""
    up = F.interpolate(F.max_pool2d(x, 2, ceil_mode=True), scale_factor=2)[:, :, : x.shape[2], : x.shape[3]]
    return up.contiguous().view(*x.shape[:2], -1) + x.flatten(2)


def cropped_to_the_smaller(x: Tensor) -> Tensor:
    up = F.interpolate(F.max_pool2d(x, 2, ceil_mode=True), scale_factor=2)
    h, w = min(x.shape[2], up.shape[2]), min(x.shape[3], up.shape[3])
    return torch.cat([x[:, :, :h, :w], up[:, :, :h, :w]], 1)


@dataclass(frozen=True)
class Form:
    """How something is written, the shape of one example, others that the network takes, and channels of the result."""

    form: Callable[[Tensor], Tensor]
    shape: tuple[int, ...]
    others: list[tuple[int, ...]]
    channels: int = 4


FORMS = {
    "average of all": Form(lambda x: F.avg_pool2d(x, x.shape[2:]), IMAGE, [(3, 12, 9), (3, 1, 5)]),
    "average by one side": Form(lambda x: F.avg_pool2d(x, x.size()[3]), IMAGE, [(3, 12, 12), (3, 1, 1)]),
    "average of rows": Form(lambda x: x - F.avg_pool2d(x, (x.shape[2], 1)), IMAGE, [(3, 12, 9)]),
    "largest of all": Form(lambda x: F.max_pool2d(x, kernel_size=x.size()[2:]), IMAGE, [(3, 12, 9), (3, 5, 1)]),
    "average of a signal": Form(lambda x: F.avg_pool1d(x, x.shape[2]), SIGNAL, [(3, 13), (3, 1)]),
    "largest of a signal": Form(lambda x: F.max_pool1d(x, x.size(2)), SIGNAL, [(3, 13)]),
    "average of a clip": Form(lambda x: F.avg_pool3d(x, (x.shape[2], 1, 1)), CLIP, [(3, 6, 9, 5), (3, 1, 4, 4)]),
    "positions": Form(lambda x: x + torch.linspace(-1, 1, x.shape[3], device=x.device), IMAGE, [(3, 9, 13)]),
    "warped": Form(warped, IMAGE, [(3, 9, 13)]),
    "tiles": Form(lambda x: F.pixel_unshuffle(x, 2), IMAGE, [(3, 10, 14)], channels=16),
    "cropped": Form(cropped, IMAGE, [(3, 9, 13), (3, 12, 7)]),
    "cropped to the smaller": Form(cropped_to_the_smaller, IMAGE, [(3, 9, 13)], channels=8),
}


@pytest.mark.parametrize("name", FORMS)
def test_sizes_stay_free(name: str) -> None:
    form = FORMS[name]
    network = Through(form.form, len(form.shape) - 1, form.channels)
    snn = converted(Case(network, [form.shape], [], []))
    for found in (snn, reloaded(snn)):
        for shape in (form.shape, *form.others):
            x = inputs_of([shape], 3)
            with torch.no_grad():
                torch.testing.assert_close(found.ann(*x), network(*x), rtol=1e-5, atol=1e-6)
            assert found.run(x, T=1).logits.isfinite().all()


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("kind", ["avg", "max"])
def test_pooling_over_the_map_is_pooling(kind: str, dims: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows and strides of every kind, as long as the map or not."""
    monkeypatch.setattr(whole_maps, "SymInt", int)  # as if each size were free
    pool: Any = getattr(F, f"{kind}_pool{dims}d")
    spelled_out = whole_maps.PLAIN[pool]
    x = torch.randn(2, 3, *(5, 4, 6)[-dims:])
    for window in itertools.product(*((size, 2) for size in x.shape[2:])):
        for options in ({}, {"stride": 1}, {"stride": [2] * dims, "ceil_mode": True}, {"padding": 1}):
            torch.testing.assert_close(spelled_out(x, window, **options), pool(x, window, **options))
    if kind == "max":
        indices = spelled_out(x, x.shape[2:], return_indices=True)[1]
        assert torch.equal(indices, pool(x, x.shape[2:], return_indices=True)[1])
    elif dims > 1:
        assert torch.equal(spelled_out(x, x.shape[2:], divisor_override=2), pool(x, x.shape[2:], divisor_override=2))


@pytest.mark.filterwarnings("ignore:Since version 1.3.0")  # of torch, about grids of a single place
@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("shape", [(2, 3, 5, 8), (2, 3, 4, 5, 1)])
def test_grids_are_those_of_torch(align: bool, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grids, "SymInt", int)
    theta = torch.randn(2, len(shape) - 2, len(shape) - 1)
    torch.testing.assert_close(grids.affine_grid(theta, shape, align), F.affine_grid(theta, list(shape), align))
    for steps in (1, 2, 7):
        torch.testing.assert_close(grids.linspace(-1, 3.5, steps), torch.linspace(-1, 3.5, steps))


def test_lines_of_spelled_out_operations_are_those_of_the_network() -> None:
    snn = converted(Case(Through(warped, 2, 4), [IMAGE], [], []))
    sources = [entry.source for entry in preflight(snn.ann).entries]
    assert any(":" in source for source in sources)
    assert not any("grids.py" in source for source in sources)
