"""The arithmetic of SVFormer's and ReSpike's papers, on the networks themselves: with their rates and with ours."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from snnconv.cost.energy import energy_model, run_loads
from snnconv.cost.energy.accountings import ACCOUNTINGS, PaperEnergy, bills_of
from snnconv.cost.energy.accountings.svformer import table_of
from snnconv.cost.synops.running import LayerRun, NetworkRun, Recorder
from snnconv.models import respike, svformer
from snnconv.models._svformer import SVFormer
from snnconv.papers import respike as paper_of_respike
from snnconv.papers import svformer as paper_of_svformer

G = 1e9
PER_STAGE = {1: "stages.0.0", 2: "stages.1.0"}
BLOCKS = {"3.0": "stages.2.0", "3.1": "stages.2.1", "3.2": "stages.2.2", "4.0": "stages.3.0"}


def sized(model: nn.Module, clip: tuple[int, ...]) -> NetworkRun:
    """A run on the meta device: every layer, and no spikes."""
    recorder = Recorder(model.eval())
    with torch.device("meta"), torch.no_grad(), recorder:
        model(torch.rand(1, *clip))
    return recorder.run


@pytest.fixture(scope="module")
def base() -> tuple[nn.Module, NetworkRun]:
    """SVFormer for 16 frames of 224², as published."""
    with torch.device("meta"):
        model = svformer()
    return model, sized(model, (3, 16, 224, 224))


def published_rates() -> dict[str, tuple[float, ...]]:
    """{layer that reads spikes: published firing rates, in %, of its factors that are spikes}."""
    rates: dict[str, tuple[float, ...]] = {}
    for stage, (mixing, first, second) in paper_of_svformer.LOCAL_RATES.items():
        block = PER_STAGE[stage]
        rates |= {f"{block}.mix.1": (mixing,), f"{block}.mlp.1": (first,), f"{block}.mlp.4": (second,)}
    for name, (before, q, k, v, projection, first, second) in paper_of_svformer.GLOBAL_RATES.items():
        block = BLOCKS[name]
        rates |= {f"{block}.qkv.1": (before,), f"{block}.matmul": (k, v), f"{block}.matmul#2": (q,)}
        rates |= {f"{block}.out.1": (projection,), f"{block}.mlp.1": (first,), f"{block}.mlp.4": (second,)}
    rates |= {f"patches.{stage - 1}.1": (rate,) for stage, rate in paper_of_svformer.EMBEDDING_RATES.items()}
    return {**rates, "path.1": (paper_of_svformer.LOCAL_PATHWAY_RATE,), "pool": (paper_of_svformer.HEAD_RATE,)}


def at_published_rates(run: NetworkRun) -> NetworkRun:
    rates = published_rates()
    assert set(rates) == {layer.name for layer in run.layers if layer.reads == "spikes"}

    def at(layer: LayerRun) -> LayerRun:
        return replace(layer, rates=tuple(rate / 100 for rate in rates.get(layer.name, ())))

    return replace(run, layers=[at(layer) for layer in run.layers])


def totals(bill: PaperEnergy) -> tuple[float, float, float]:
    """G operations of the ANN, multiply-accumulates of the SNN, its spike operations."""
    ann, macs, acs = (sum(layers.values()) / G for layers in (bill.ann, bill.macs, bill.acs))
    return ann, macs, acs


def test_sizes_of_the_base_model(base: tuple[nn.Module, NetworkRun]) -> None:
    run = base[1]
    assert sum(layer.macs for layer in run.layers) == 38_189_558_784
    first = run.layers[0]
    assert first.macs + first.bias == 700_055_552
    assert (first.reads, first.at_input) == ("constant", True)


def test_the_layer_table_is_the_papers(base: tuple[nn.Module, NetworkRun]) -> None:
    """As many operations and biases of each kind, layer by layer, though named and ordered otherwise."""
    model, run = base
    assert isinstance(model, SVFormer)
    ours = sorted((layer.kind, layer.macs, layer.biases) for layer in table_of(model, run))
    theirs = sorted((layer.kind, layer.macs, layer.biases) for layer in paper_of_svformer.layers())
    assert ours == theirs


def test_svformer_at_the_published_rates(base: tuple[nn.Module, NetworkRun]) -> None:
    model, run = base
    published, corrected = bills_of(model, at_published_rates(run))
    assert (published.name, published.right) == ("as published", False)
    assert (corrected.name, corrected.right) == ("corrected", True)
    ann, first, spikes = totals(published)
    assert ann == pytest.approx(229.163, abs=0.001)
    assert round(first, 5) == 0.70006
    assert spikes == pytest.approx(20.760, abs=0.001)
    ann, first, spikes = totals(corrected)
    assert round(ann * G) == 38_189_558_784
    assert round(first, 5) == 0.70006
    assert spikes == pytest.approx(4.107, abs=0.002)


def test_svformer_energies_at_the_published_rates(base: tuple[nn.Module, NetworkRun]) -> None:
    """21.904 mJ as published; 175.7 and 6.92 mJ, every layer once; 16.0 where only spikes are accumulations."""
    model, run = base
    at_rates = at_published_rates(run)
    published, corrected = (totals(bill) for bill in bills_of(model, at_rates))
    assert round(4.6 * published[0], 2) == 1054.15
    assert round(4.6 * published[1] + 0.9 * published[2], 3) == 21.904
    assert round(4.6 * corrected[0], 1) == 175.7
    assert round(4.6 * corrected[1] + 0.9 * corrected[2], 2) == 6.92
    own = energy_model("45nm").total(run_loads(at_rates, rate=True))
    floats = {layer.name: layer.macs for layer in run.layers if layer.reads == "float"}
    assert floats == {
        "stages.0.0.mix.2": 16 * 56**2 * 128 * 25, "stages.0.0.mix.3": 16 * 56**2 * 128 * 128,
        "stages.1.0.mix.2": 16 * 28**2 * 256 * 25, "stages.1.0.mix.3": 16 * 28**2 * 256 * 256,
        "path.2": 16 * 7**2 * 384 * 512, "head": 1024 * 101,
    }  # fmt: skip
    first = 16 * 56**2 * 128 * 3 * 36
    assert own.macs / G == pytest.approx(4.6 * (first + sum(floats.values())) / G)
    assert own.total / G == pytest.approx(16.005, abs=0.001)


def test_respike() -> None:
    """7.2542 G of keys, 8.7270 G of attention, rates × 20.5 G; the stem, shortcuts and classifier are left out."""
    with torch.device("meta"):
        model = respike()
    run = sized(model, (3, 16, 224, 224))
    (bill,) = bills_of(model, replace(run, layers=[at_rate(layer, 0.1) for layer in run.layers]))
    assert not bill.right
    assert not bill.ann
    keys = sum(macs for name, macs in bill.macs.items() if name.startswith("ann."))
    attention = sum(macs for name, macs in bill.macs.items() if name.startswith("fusions."))
    assert (keys, attention) == (7_254_245_376, 8_727_011_328)
    sizes = ((56, 64, 64), (28, 128, 64), (14, 256, 128), (7, 512, 256))
    shortcuts = 12 * sum(side**2 * width * before for side, width, before in sizes)
    stages = 20_500_709_376
    spikes = sum(bill.acs.values())
    assert spikes == pytest.approx(0.1 * (stages - shortcuts))
    left_out = 346_816_512 * 12 / 16 + shortcuts + 4 * 1024 * 51
    assert f"{left_out / G:.4g} G multiply-accumulates less" in bill.why
    priced = 4.6 * (keys + attention) / G + 0.9 * spikes / G
    assert paper_of_respike.hybrid_mj(keys / G, attention / G, spikes / G) == pytest.approx(priced)


def test_respike_keys_of_resnet50() -> None:
    with torch.device("meta"):
        model = respike("resnet50")
    (bill,) = bills_of(model, sized(model, (3, 16, 224, 224)))
    assert sum(macs for name, macs in bill.macs.items() if name.startswith("ann.")) == 16_348_545_024


def at_rate(layer: LayerRun, rate: float) -> LayerRun:
    return replace(layer, rates=tuple(rate for _ in layer.rates))


def test_other_networks_have_no_paper() -> None:
    assert set(ACCOUNTINGS) == {"respike", "svformer"}
    assert bills_of(nn.Linear(2, 2), NetworkRun([], {})) == []
