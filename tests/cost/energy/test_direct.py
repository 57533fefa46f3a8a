"""Energy of networks that spike by themselves: closed forms of one whose spikes are known, and SVFormer and ReSpike."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from snnconv import InputError
from snnconv.bench import Energy, energy
from snnconv.cost.energy import EnergyRow
from snnconv.cost.synops.running import Recorder
from snnconv.models import respike, svformer
from snnconv.models._respike import ReSpike
from snnconv.models.spiking_layer import SpikingLayer
from snnconv.reports.sections.energy import energy_section

from ..synops import naive
from ..synops.running.networks import spikes_of

PJ = 1e-9  # mJ
FOLDER = os.environ.get("SNNCONV_DATA")


class Known(nn.Module):
    """Two inputs at each of two steps, three neurons that forget at once (θ = 1), a layer on spikes, one on its result.

    For the steps (1, ½), (1, 1): the neurons' inputs are (1, ½, 0), then (1, 1, 0): 1 spike, then 2.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first, self.fires = nn.Linear(2, 3, bias=False), SpikingLayer(2, "lif", tau=1.0)
        self.last, self.head = nn.Linear(3, 4), nn.Linear(4, 2, bias=False)
        with torch.no_grad():
            self.first.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.last(self.fires(self.first(x.flatten(0, 1))))).unflatten(0, (-1, 2)).mean(1)


def known(**options: Any) -> Energy:
    x = torch.tensor([[[1.0, 0.5], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])
    return energy(Known().eval(), [(x[:1], torch.tensor([0])), (x[1:], torch.tensor([1]))], **options)


def row(result: Energy, name: str) -> EnergyRow:
    return next(row for row in result.rows if row.name.startswith(name))


def test_operations_of_known_spikes() -> None:
    """Per sample 2 steps · (6 + 12 + 8) products dense; 6 and 8 of them on numbers; 4 for each of 3/2 spikes."""
    result = known()
    ann, snn = row(result, "ANN FP32"), row(result, "SNN, ")
    assert [row.name for row in result.rows] == ["ANN FP32", "ANN W8A8", "SNN W8, T=2", "SNN, T=2"]
    assert (ann.macs, ann.acs, ann.accuracy) == (2 * 26, 0, None)
    assert (snn.macs, snn.acs) == (2 * 14, 4 * 1.5)
    assert snn.energy_mJ == pytest.approx((28 * 4.6 + 6 * 0.9) * PJ)
    assert snn.of_ann == pytest.approx((28 * 4.6 + 6 * 0.9) / (52 * 4.6))
    assert snn.accuracy in (0, 50, 100)
    assert result.apart == {
        "synops": 6, "encoder_macs": 12, "analog_macs": 16, "residual_macs": 0, "norm_macs": 0, "bias_adds": 8,
        "neuron_updates": 6, "pool_updates": 0, "spikes": 1.5,
    }  # fmt: skip
    assert result.by_site == {"fires": {"spikes": 1.5, "neurons": 3, "rate": 0.25}}
    assert result.by_layer["last"]["rate"] == 0.25
    assert (result.by_layer["last"]["dense_macs"], result.by_layer["last"]["acs"]) == (24, 6)
    assert "rate" not in result.by_layer["head"]
    assert (result.T, result.encoder, result.samples, result.accountings) == (2, "per-step", 2, [])


def test_rates_and_conventions_of_known_spikes() -> None:
    assert row(known(count="rate"), "SNN, ").acs == pytest.approx(0.25 * 24)
    assert row(known(count="rate", convention="mmcv"), "SNN, ").acs == pytest.approx(0.25 * (24 + 8))
    mmcv = known(convention="mmcv")
    assert row(mmcv, "SNN, ").acs == 6 + 8  # biases at each step
    assert row(mmcv, "ANN FP32").macs == 52 + 8 + 6  # and the ReLUs that spiking layers are in an ANN
    assert row(known(convention="conv"), "ANN FP32").macs == 0
    assert row(known(convention="fvcore-eval"), "ANN FP32").macs == 52


def test_quantised_rows_of_known_spikes() -> None:
    """Products with the 8-bit input and with spikes are whole numbers; what reads real numbers is FP32 in each row."""
    result = known()
    ann, snn = row(result, "ANN W8A8"), row(result, "SNN W8")
    assert (ann.int_macs, ann.macs) == (12 + 24, 16)
    assert ann.energy_mJ == pytest.approx((36 * 0.23 + 16 * 4.6) * PJ)
    assert (snn.int_macs, snn.macs, snn.acs) == (12, 16, 6)
    assert snn.energy_mJ == pytest.approx((12 * 0.23 + 16 * 4.6 + 6 * 0.03) * PJ)
    assert (ann.weight_bits, ann.levels, snn.weight_bits) == (8, 256, 8)


def test_memory_of_known_spikes() -> None:
    """All memories are of the smallest size: 10 pJ for 64 bits, 5 for 32."""
    causes = {cause: mj / PJ for cause, mj in row(known(energy_model="memory"), "SNN, ").mJ_by_cause.items() if mj}
    assert causes == pytest.approx({
        "macs": 28 * 4.6,
        "acs": 6 * 0.9,
        "neurons": 6 * 0.9 + 1.5 * 0.9,
        "weights": (28 + 6 + 8) * 5,  # of products, of spikes, biases at 2 steps
        "potentials": 2 * (6 + 6) * 5,  # read and written: for each synapse, and for each neuron and step
        "activations": (28 + 6 + 4) * 5 + 2 * 1.5 * 5,  # read and written by the first layer and the head; spikes
    })  # fmt: skip


def test_the_verdict_names_no_accuracy_of_an_ann_that_was_not_trained() -> None:
    result = known()
    assert "Least energy: SNN W8, T=2" in result.verdict
    assert result.verdict.endswith("no ANN of these layers was trained.")
    assert "ANN FP32 (" not in result.verdict
    assert any("No such ANN was trained" in notice for notice in result.notices)


def test_refuses() -> None:
    x, y = torch.rand(2, 2, 2), torch.zeros(2, dtype=torch.long)
    with pytest.raises(InputError, match="no spiking layers"):
        energy(nn.Linear(2, 2), [(x, y)])
    with pytest.raises(InputError, match="T = 2"):
        energy(Known(), [(x, y)], T=4)
    with pytest.raises(InputError, match="no labels"):
        energy(Known(), [x])
    with pytest.raises(InputError, match="empty"):
        energy(Known(), [])
    with pytest.raises(InputError, match="label is out of range"):
        energy(Known(), [(x, y + 7)])
    with pytest.raises(InputError, match=r"takes samples of one size[\s\S]*\(4, 2\)[\s\S]*batch 1[\s\S]*remedy"):
        energy(Known().eval(), [(x, y), (torch.rand(2, 4, 2), y)])


def test_the_model_stays() -> None:
    model = Known().eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    energy(model, [(torch.rand(2, 2, 2), torch.zeros(2, dtype=torch.long))])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def spiking(name: str) -> nn.Module:
    """A small network for clips of 4 or 8 frames of 32×40, with low thresholds: untrained ones would hardly fire."""
    torch.manual_seed(0)
    if name == "svformer":
        return svformer("3stg", 4, T=4, size=(32, 40), in_channels=1, threshold=0.1).eval()
    return respike(num_classes=4, in_channels=1, threshold=0.1).eval()


def clips(count: int, frames: int) -> Tensor:
    if FOLDER is None:
        return torch.rand(count, 1, frames, 32, 40)
    with np.load(Path(FOLDER) / "grid_s1_mouth.npz") as file:
        return torch.from_numpy(file["x"][:count, :frames]).float()[:, None] / 255


def enumerated(model: nn.Module, spikes: dict[str, naive.Array]) -> dict[str, float]:
    """{convolution behind a spiking layer in a row of layers: accumulations of all samples}."""
    found: dict[str, float] = {}
    for path, row_of_layers in model.named_modules():
        if not isinstance(row_of_layers, nn.Sequential):
            continue
        names = [f"{path}.{name}" for name, _ in row_of_layers.named_children()]
        for (before, after), name in zip(zip(row_of_layers, list(row_of_layers)[1:]), names[1:]):
            if isinstance(before, SpikingLayer) and isinstance(after, nn.Conv2d):
                fired = spikes[name.rpartition(".")[0] + "." + str(int(name.rpartition(".")[2]) - 1)]
                sizes = {"stride": after.stride, "padding": after.padding, "groups": after.groups}
                found[name] = float(naive.conv(fired, after.weight.shape, **sizes).sum())  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(("name", "frames"), [("svformer", 4), ("respike", 8)])
def test_every_convolution_behind_neurons(name: str, frames: int) -> None:
    """On real clips where they are there: each spike times its true fan-out, to the integer."""
    model, x = spiking(name), clips(2, frames)
    expected = enumerated(model, spikes_of(model, x))
    recorder = Recorder(model)
    with torch.no_grad(), recorder:
        model(x)
    found = {layer.name: 2 * layer.acs for layer in recorder.run.layers if layer.reads == "spikes"}
    assert {layer: found[layer] for layer in expected} == expected
    assert all(operations > 0 for operations in expected.values())
    others = found.keys() - expected
    products = {layer for layer in others if "matmul" in layer}
    assert others - products == ({"pool"} if name == "svformer" else set())
    assert len(products) == (6 if name == "svformer" else 0)


@pytest.mark.parametrize(
    ("name", "frames"),
    [("svformer", 4), pytest.param("respike", 8, marks=pytest.mark.slow)],  # 30 million weights to round
)
def test_files_the_picture_and_the_papers_arithmetic(name: str, frames: int, tmp_path: Path) -> None:
    model = spiking(name)
    result = energy(model, [(clips(2, frames), torch.tensor([0, 1]))], count="rate")
    result.save(tmp_path)
    assert Energy.load(tmp_path) == result
    json.loads((tmp_path / "energy.json").read_text(), parse_constant=lambda constant: pytest.fail(constant))
    names = [accounting.name for accounting in result.accountings]
    assert names == (["as published", "corrected"] if name == "svformer" else ["as published"])
    published = result.accountings[0]
    assert published.rows[-1].name == f"{result.snn.name}, as published"
    assert published.rows[-1].accuracy == result.snn.accuracy
    assert published.rows[-1].energy_mJ == pytest.approx(
        (4.6 * published.rows[-1].macs + 0.9 * published.rows[-1].acs) * PJ
    )
    if isinstance(model, ReSpike):
        assert [row.of_ann for row in published.rows] == [None]  # the paper has no ANN of the same layers
        assert published.rows[0].acs == pytest.approx(result.snn.acs)
    else:
        corrected = result.accountings[1]
        assert corrected.rows[0].macs == result.rows[0].macs
        assert published.rows[1].acs > corrected.rows[1].acs > result.snn.acs
    section = energy_section(result)
    assert any(published.why in paragraph for paragraph in section.paragraphs)
    (table,) = (table for table in section.tables if table.caption == "In the arithmetic of the paper")
    assert [cells[0].text for cells in table.rows] == [row.name for a in result.accountings for row in a.rows]
    with (tmp_path / "energy.csv").open() as file:
        assert len(file.readlines()) == 1 + 4 + sum(len(accounting.rows) for accounting in result.accountings)
