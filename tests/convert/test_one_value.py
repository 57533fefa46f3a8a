"""One value per sample: activations and outputs of shape [B] are those of shape [B, 1], for every method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv import METHODS, InputError, SpikingNetwork
from snnconv.bench import diagnose, energy, latency, robustness, sweep
from snnconv.methods.corrections import CORRECTIONS
from snnconv.training.score import scores
from snnconv.verification import verify

SAMPLES = torch.randn(16, 8, generator=torch.Generator().manual_seed(0))
T = 16


class Gated(nn.Module):
    """A yes-or-no score between layers, a gate, a regressor: as [B] where `flat`, else as [B, 1]."""

    def __init__(self, flat: bool = True) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.flat = flat
        self.first, self.score, self.gate = nn.Linear(8, 16), nn.Linear(16, 1), nn.Linear(16, 1)
        self.up, self.last = nn.Linear(1, 6), nn.Linear(6, 1)

    def forward(self, x: Tensor) -> dict[str, Any]:
        x = F.relu(self.first(x))
        score = F.relu(self.shaped(self.score(x)) + 0.5)
        gate = torch.sigmoid(self.shaped(self.gate(x)))
        x = F.relu(self.up(score.unsqueeze(1) if self.flat else score))
        return {"score": (score, gate), "value": self.shaped(self.last(x))}

    def shaped(self, x: Tensor) -> Tensor:
        return x.squeeze(1) if self.flat else x


class Regressor(nn.Module):
    def __init__(self, columns: bool = False) -> None:
        super().__init__()
        self.first, self.head, self.columns = nn.Linear(8, 16), nn.Linear(16, 1), columns

    def forward(self, x: Tensor) -> Tensor:
        x = torch.sigmoid(self.head(F.relu(self.first(x))))
        return x if self.columns else x.squeeze(1)


def assert_same(tmp_path: Path, **options: Any) -> None:
    """Converted with these options, the two forms send the same spikes and give the same numbers, saved and loaded."""
    flat, column = (snnconv.convert(Gated(form), T, data=[SAMPLES], **options) for form in (True, False))
    if "weights" in flat.plan.settings.get("corrections", ()):  # learns at `score` alone where nothing moves values
        assert bool(((flat(SAMPLES)["value"] - column(SAMPLES)["value"][:, 0]).abs() < 0.1).all())
        return
    ours, theirs = flat.run(SAMPLES), column.run(SAMPLES)
    assert ours.spikes.keys() == theirs.spikes.keys()
    assert all(torch.equal(ours.spikes[site], theirs.spikes[site]) for site in ours.spikes)
    assert ours.neurons == theirs.neurons
    found, wanted = flat(SAMPLES), column(SAMPLES)
    for a, b in zip([*found["score"], found["value"]], [*wanted["score"], wanted["value"]], strict=True):
        assert a.shape == (16,)
        assert torch.equal(a, b[:, 0])
    flat.save(tmp_path / "flat.pt2")
    again = snnconv.load(tmp_path / "flat.pt2")
    assert torch.equal(again(SAMPLES)["value"], found["value"])


@pytest.mark.parametrize("method", METHODS)
def test_methods(method: str, tmp_path: Path) -> None:
    assert_same(tmp_path, method=method)


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_corrections(correction: str, tmp_path: Path) -> None:
    assert_same(tmp_path, method="if", corrections=[*{"shift": 0, correction: 0}], per_channel=True)


def test_analog_sites(tmp_path: Path) -> None:
    assert_same(tmp_path, method="sdm", keep="sigmoid|relu#2")


@pytest.mark.parametrize("kind", ["clip", "qcfs", "rnl", "sd"])
def test_clips(kind: str) -> None:
    clipped = snnconv.clip(Gated(), data=[SAMPLES], activation=kind, per_channel=True).eval()
    assert clipped(SAMPLES)["value"].shape == (16,)
    assert snnconv.convert(clipped, T, data=[SAMPLES], method="sdm")(SAMPLES)["value"].shape == (16,)


@pytest.fixture(scope="module", params=[False, True], ids=["[B]", "[B, 1]"])
def network(request: pytest.FixtureRequest) -> Regressor:
    torch.manual_seed(0)
    return Regressor(request.param).eval()


@pytest.fixture(scope="module")
def snn(network: Regressor) -> SpikingNetwork:
    return snnconv.convert(network, T, data=[SAMPLES], method="sdm")


def test_what_needs_no_classes(network: Regressor, snn: SpikingNetwork) -> None:
    found = diagnose(snn, [SAMPLES])
    assert found.agreement is None
    assert found.output_error is not None
    assert found.output_error < 5
    assert verify(network, [SAMPLES], samples=8).held


@pytest.mark.parametrize(
    "measure",
    [
        lambda snn, data: sweep(snn, data, [1, 2]),
        lambda snn, data: latency(snn, data),
        lambda snn, data: energy(snn, data),
        lambda snn, data: robustness(snn, data),
        lambda snn, data: scores(snn.ann, snn.ann, ((data[0][0],), data[0][1]), "batch 0"),
    ],
    ids=["sweep", "latency", "energy", "robustness", "training"],
)
def test_accuracy_needs_classes(measure: Any, snn: SpikingNetwork) -> None:
    with pytest.raises(InputError, match="one value per sample: without classes") as error:
        measure(snn, [(SAMPLES, torch.zeros(16, dtype=torch.int64))])
    assert "torch.stack([-z, z], -1)" in str(error.value)


def test_several_outputs_are_told_apart() -> None:
    snn = snnconv.convert(Gated(), 2, data=[SAMPLES], method="sdm")
    with pytest.raises(InputError, match="not one score per class") as error:
        sweep(snn, [(SAMPLES, torch.zeros(16, dtype=torch.int64))], [1])
    assert "[16]" in str(error.value)
