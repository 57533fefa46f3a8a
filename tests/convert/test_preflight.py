"""The pre-flight: everything that has no spiking form is told at once, with its line; batch mixing is refused."""

from __future__ import annotations

import inspect as python_inspect
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv import UnsupportedModelError

from ..networks import SmallCNN

Function = Callable[[Tensor], Tensor]


class Around(nn.Module):
    """A function of [B, 5] that varies in time."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 5), nn.Linear(5, 3)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.function(F.relu(self.a(x))))


def batch_norm(x: Tensor) -> Tensor:
    return F.batch_norm(x, None, None, training=True)


COUNTED, SEEN, STATISTICS, RANDOM = (
    "its place in the batch",
    "see each other",
    "without running statistics",
    "draws random numbers",
)
MIXERS: dict[str, tuple[Function, str]] = {
    "x - x.mean(0)": (lambda x: x - x.mean(0), SEEN),
    "x - x.mean(0, keepdim)": (lambda x: x - x.mean(0, keepdim=True), SEEN),
    "cumsum over samples": (lambda x: x.cumsum(0), SEEN),
    "flip of samples": (lambda x: x.flip(0), SEEN),
    "roll of samples": (lambda x: x.roll(1, 0), SEEN),
    "batch statistics": (batch_norm, STATISTICS),
    "random noise": (lambda x: x + torch.randn_like(x), RANDOM),
    "dropout in training": (lambda x: F.dropout(x, training=True), RANDOM),
    "softmax over samples": (lambda x: x.softmax(0), SEEN),
    "largest of all samples": (lambda x: x - x.amax(0, keepdim=True), SEEN),
    "x / len(x)": (lambda x: x / x.shape[0], COUNTED),
    "numbered samples": (lambda x: x + torch.arange(x.shape[0])[:, None], COUNTED),
    "norm over samples": (lambda x: x / (x.norm(dim=0, keepdim=True) + 1), SEEN),
}


@pytest.mark.parametrize("name", MIXERS)
def test_batch_mixing_is_refused(name: str) -> None:
    function, reason = MIXERS[name]
    with pytest.raises(UnsupportedModelError, match=reason):
        snnconv.convert(Around(function), data=[torch.randn(8, 4)])


def test_what_kernels_round_by_the_number_of_samples_is_no_dependence() -> None:
    """In float32 the large number swallows digits, more of them with more samples; in double precision it does not."""
    snnconv.convert(Around(lambda x: (x + 3e4 * x.shape[0]) - 3e4 * x.shape[0]), data=[torch.randn(8, 4)])


class Before(nn.Module):
    """The same before the first neuron, where everything that is computed once would be allowed."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 5), nn.Linear(5, 3)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.b(F.relu(self.function(self.a(x))))


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: x.softmax(0), SEEN),
        (lambda x: x - x.mean(0), SEEN),
        (batch_norm, STATISTICS),
        (lambda x: x + torch.rand_like(x), RANDOM),
    ],
)
def test_batch_mixing_before_the_first_neuron_is_refused(function: Function, reason: str) -> None:
    with pytest.raises(UnsupportedModelError, match=reason):
        snnconv.convert(Before(function), data=[torch.randn(8, 4)])


def test_what_is_computed_once_may_be_anything() -> None:
    snn = snnconv.convert(Before(lambda x: x.softmax(1) * x.exp()), data=[torch.randn(8, 4)])
    assert len(snn.sites) == 1


def test_a_state_needs_the_batch_in_dimension_0() -> None:
    with pytest.raises(UnsupportedModelError, match=r"amax[\s\S]*dimension 0"):
        snnconv.convert(Around(lambda x: x.t().amax(0, keepdim=True).t() + x), data=[torch.randn(8, 4)])


def test_what_has_no_state_may_have_the_batch_anywhere() -> None:
    """[B, 5] → [5, B] → [5·B] and back, with a constant of that layout added."""
    model = Around(lambda x: ((x.t() + x.new_ones(5, 1)).reshape(-1) * 2).view(5, -1).t())
    snn, x = snnconv.convert(model, 64, data=[torch.randn(16, 4)], threshold="max"), torch.randn(16, 4)
    with torch.no_grad():
        torch.testing.assert_close(snn(x), model(x), rtol=0.02, atol=0.05)


JUMPING: dict[str, Function] = {
    "floor division": lambda x: torch.div(x - 0.03, 0.1, rounding_mode="floor"),
    "x > 0": lambda x: (x > 0.1).float(),
    "sign": lambda x: (x - 0.1).sign(),
    "rounding": lambda x: (4 * x).round(),
    "rounding to integers": lambda x: (x * 4).long().float(),
    "where": lambda x: torch.where(x > 0.5, x, -x),
}


@pytest.mark.parametrize("name", JUMPING)
def test_what_jumps_is_followed_and_said_to_jump(name: str) -> None:
    """Right wherever the ANN is not at a jump, as here."""
    model, x = Around(JUMPING[name]), torch.randn(8, 4, generator=torch.Generator().manual_seed(1))
    report = snnconv.inspect(model, data=[x])
    assert {entry.verdict for entry in report.entries if entry.operation != "ReLU"} <= {"approximate", "exact"}
    snn = snnconv.convert(model, 256, data=[x], threshold="max")
    with torch.no_grad():
        torch.testing.assert_close(snn(x), model(x), rtol=0.02, atol=0.02)


REFUSED: dict[str, tuple[Function, str]] = {
    "order": (lambda x: x.argsort(1).float(), "argsort|sort"),
    "indices of the largest": (lambda x: x.max(1, keepdim=True).indices + x, "max"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_hands_on_whole_numbers_is_refused(name: str) -> None:
    function, operation = REFUSED[name]
    with pytest.raises(UnsupportedModelError, match=rf"cannot be converted:[\s\S]*\(({operation})\)"):
        snnconv.convert(Around(function), data=[torch.randn(8, 4)])


AFFINE: dict[str, Function] = {
    "constant factor": lambda x: x * 0.5 + 1,
    "division": lambda x: x / 3,
    "1 - x": lambda x: 1 - x,
    "negation": lambda x: -x,
    "mean removed": lambda x: x - x.mean(1, keepdim=True),
    "slices": lambda x: torch.cat([x[:, 1:], x[:, :1]], 1),
    "chunks": lambda x: torch.cat(x.chunk(2, 1)[::-1], 1),
    "unsqueezed": lambda x: x[:, None].squeeze(1),
    "padded": lambda x: F.pad(x, (1, 0))[:, :5],
    "padded with 1": lambda x: F.pad(x, (1, 0), value=1.0)[:, :5],
    "cumsum": lambda x: x.cumsum(1),
    "upsampled": lambda x: F.interpolate(x[:, None], scale_factor=2)[:, 0, ::2],
    "matmul": lambda x: x @ torch.eye(5).flip(0),
    "stacked": lambda x: torch.stack([x, 2 * x], 1).sum(1),
}


@pytest.mark.parametrize("name", AFFINE)
@pytest.mark.parametrize("per_channel", [False, True], ids=["layer", "channel"])
def test_what_is_affine_converts(name: str, per_channel: bool) -> None:
    """And to the right thing: at large T the spiking network is the ANN."""
    model, x = Around(AFFINE[name]), torch.randn(16, 4)
    snn = snnconv.convert(model, 256, data=[x], threshold="max", per_channel=per_channel)
    with torch.no_grad():
        torch.testing.assert_close(snn(x), model(x), rtol=0.01, atol=0.01)


class Many(nn.Module):
    """Three different obstacles, and what is none."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm, self.b = nn.Linear(4, 5), nn.LayerNorm(5), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.a(x))
        x = self.norm(x)
        x = F.silu(x)
        x = x + x.argsort(1)
        x = x * (x > x.mean(1, keepdim=True))
        return self.b(x + x.max(1, keepdim=True).indices)


def test_all_obstacles_are_told_at_once_with_their_lines() -> None:
    with pytest.raises(UnsupportedModelError) as caught:
        snnconv.convert(Many(), data=[torch.randn(8, 4)])
    text = str(caught.value)
    assert text.startswith("4 operations between neurons cannot be converted")  # the comparison, and what reads it
    assert text.count("remedy") == 4
    lines, start = python_inspect.getsourcelines(Many.forward)
    for offset, line in enumerate(lines):
        if any(part in line for part in ("x.argsort(1)", "x > x.mean", "x.max(1")):
            assert f"{Path(__file__).name}:{start + offset}: {line.strip()}" in text


def test_inspect_reports_without_raising() -> None:
    report = snnconv.inspect(Many(), input_shape=(4,))
    assert len(report.unsupported) == 4
    assert [(entry.site, entry.kind, entry.macs) for entry in report.analog] == [("norm.layer_norm", "norm", 5)]
    assert report.activations == (2, 2)
    assert report.to_dict()["activations"] == 2


def test_report_of_a_whole_network() -> None:
    model = torchvision.models.resnet18(weights=None)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    report = snnconv.inspect(model, input_shape=(3, 32, 32))
    assert report.activations == (17, 17)
    assert not report.unsupported
    kinds = [entry.kind for entry in report.entries]
    assert (kinds.count("norm"), kinds.count("pooling"), kinds.count("merge")) == (20, 2, 8)
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_kept_sites_are_reported_and_stay_analog() -> None:
    x = torch.randn(8, 2, 6, 6)
    snn = snnconv.convert(SmallCNN(), data=[x], keep="relu2")
    assert list(snn.sites) == ["relu1"]
    assert list(snn.plan.sites) == ["relu1", "relu2"]
