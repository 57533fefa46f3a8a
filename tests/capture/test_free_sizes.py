"""Every size that a network takes itself: converted at one, run at others; what is fixed says why, also from a file."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.export import Dim

import snnconv
from snnconv import InputError
from snnconv.calib import synthetic
from snnconv.capture.free_sizes import capture_free, recapture_free
from snnconv.convert.build import build

from ..networks import SpikeRecorder, spread_norms
from .size_cases import CASES, Pooled, converted, inputs_of, reloaded


@pytest.mark.parametrize("name", CASES)
def test_every_size_that_the_network_takes_and_no_other(name: str) -> None:
    """As converted and from the file: the ANN is the model, spikes tend to it, and are those of the same thresholds at
    a conversion for that size."""
    case = CASES[name]
    snn = converted(case, threshold="max", per_channel=True)
    both = (snn, reloaded(snn))
    assert both[1].plan.sizes == snn.plan.sizes
    for shapes in case.takes:
        there = converted(replace(case, shapes=shapes), threshold="max", per_channel=True)
        same = build(there.ann, replace(there.plan, sites=snn.plan.sites))
        for batch in (1, 3):
            x = inputs_of(shapes, batch)
            with torch.no_grad():
                wanted = case.model(*x)
                torch.testing.assert_close(snn.ann(*x), wanted)
            spikes = [SpikeRecorder() for _ in range(3)]
            runs = [network.run(x, T=4, observers=[seen]) for network, seen in zip((*both, same), spikes, strict=True)]
            for run, seen in zip(runs[1:], spikes[1:], strict=True):
                assert run.neurons == runs[0].neurons
                assert all(torch.equal(value, seen.spikes[site]) for site, value in spikes[0].spikes.items())
                torch.testing.assert_close(run.logits, runs[0].logits)
    for shapes, words in case.refuses:
        for network in both:
            with pytest.raises(InputError, match=rf"another shape[\s\S]*{words}[\s\S]*remedy") as caught:
                network.run(inputs_of(shapes, 2))
            assert "B ≥ 1" in str(caught.value)


@pytest.mark.parametrize(
    ("method", "options", "why"),
    [
        ("snm", {}, "snm has a threshold for every neuron"),
        ("sdm", {"corrections": ("potential",)}, "site relu has a threshold or current of its own for every position"),
    ],
)
def test_values_for_single_neurons_fix_the_size(method: str, options: dict[str, Any], why: str) -> None:
    snn = converted(CASES["pooled"], method, **options)
    for network in (snn, reloaded(snn)):
        with pytest.raises(InputError, match=f"fixed at 16: {why}"):
            network(torch.randn(2, 3, 8, 8))


def test_an_exported_program_takes_what_it_was_exported_for() -> None:
    x = torch.randn(2, 3, 16, 16)
    fixed = torch.export.export(Pooled().eval(), (x,))
    assert recapture_free(fixed).sizes.free == []
    with pytest.raises(InputError, match="exported for this size; export it with dynamic_shapes"):
        snnconv.convert(fixed, data=[x])(torch.randn(2, 3, 8, 8))
    dims = {0: Dim("b", min=2), 2: Dim("h", min=8, max=40), 3: Dim.AUTO}
    free = torch.export.export(Pooled().eval(), (x,), dynamic_shapes=(dims,))
    snn = snnconv.convert(free, data=[x])
    assert snn(torch.randn(1, 3, 40, 12)).shape == (1, 3)
    with pytest.raises(InputError, match="at most 40"):
        snn(torch.randn(1, 3, 41, 12))


def test_an_exported_program_for_multiples_of_a_size_takes_those() -> None:
    """As the exporter itself proposes to write it where a network needs even sizes. Also from its file, and on."""
    x = torch.randn(2, 3, 8, 8)
    model = CASES["even"].model.eval()
    shapes = {0: Dim("b", min=2), 2: 2 * Dim("half", min=2, max=20), 3: Dim.AUTO}
    file = io.BytesIO()
    torch.export.save(torch.export.export(model, (x,), dynamic_shapes=(shapes,)), file)
    file.seek(0)
    snn = snnconv.convert(torch.export.load(file), data=[x])
    again = reloaded(snn)
    assert again.plan.sizes == snn.plan.sizes
    for network in (snn, again):
        y = torch.randn(3, 3, 12, 10)
        with torch.no_grad():
            torch.testing.assert_close(network.ann(y), model(y))
        for height, words in ((9, r"needs \(2\*\(d2 // 2\)\) == d2"), (42, "at most 40")):
            with pytest.raises(InputError, match=words):
                network.run(torch.randn(2, 3, height, 8))


def test_a_clipped_network_keeps_its_sizes() -> None:
    clipped = snnconv.clip(CASES["even"].model, data=[torch.randn(4, 3, 8, 8)], maxpool="exact")
    snn = snnconv.convert(clipped, data=[torch.randn(4, 3, 8, 8)])
    assert snn(torch.randn(1, 3, 10, 6)).shape == (1, 2, 10, 6)
    with pytest.raises(InputError, match="the network needs"):
        snn(torch.randn(1, 3, 9, 6))


def test_memory_is_that_of_the_run() -> None:
    snn = converted(CASES["pooled"])
    assert snn.largest_layer([(3, 16, 16)]) == 4 * 16 * 16 + max(3 * 16 * 16, 4 * 16 * 16)
    assert snn.largest_layer([(3, 32, 16)]) == 2 * snn.largest_layer([(3, 16, 16)])


def test_inspect_says_which_dimensions_are_free() -> None:
    report = snnconv.inspect(CASES["even"].model, input_shape=(3, 8, 8))
    assert report.sizes is not None
    assert report.sizes.described() == [
        "input 1: [B, 3, d2 ≥ 2, d3 ≥ 2]", "where (2*(d2 // 2)) == d2", "where (2*(d3 // 2)) == d3"
    ]  # fmt: skip
    assert report.to_dict()["sizes"]["inputs"] == [[3, "d2", "d3"]]


@pytest.mark.parametrize(
    ("name", "smallest"), [("squeezenet1_1", 17), ("shufflenet_v2_x0_5", 1)], ids=lambda value: str(value)
)
def test_small_networks_of_torchvision(name: str, smallest: int) -> None:
    model = spread_norms(getattr(torchvision.models, name)(weights=None, num_classes=3))
    program, sizes = capture_free(model, (torch.randn(2, 3, 64, 64),))
    assert sizes.ranges == {"d2": (smallest, None), "d3": (smallest, None)}
    x = torch.randn(3, 3, 96, 70)
    with torch.no_grad():
        assert torch.equal(program.module(check_guards=False)(x), model(x))


LARGE = [
    "resnet18", "vgg11_bn", "mobilenet_v2", "squeezenet1_0", "densenet121", "efficientnet_b0", "convnext_tiny",
    "googlenet", "shufflenet_v2_x1_0", "mnasnet1_0", "regnet_y_400mf", "resnext50_32x4d", "inception_v3",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_bare_conversions_of_torchvision_run_at_every_size(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Synthetic calibration, cut short: 60 steps take most of the minutes, and change thresholds alone."""
    monkeypatch.setattr(synthetic, "STEPS", 3)
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    model = spread_norms(getattr(torchvision.models, name)(weights=None, **options))
    snn = snnconv.convert(model, 4)
    for size in (96 if name == "inception_v3" else 64, 160, 224, 320):
        for batch in (1, 3):
            x = torch.randn(batch, 3, size, size)
            with torch.no_grad():
                wanted, found = model(x), snn.ann(x)
            assert float((found - wanted).norm() / wanted.norm()) <= 1e-5
    there = snnconv.convert(model, 4, data=[torch.randn(2, 3, 160, 160)])
    same = build(there.ann, replace(there.plan, sites=snn.plan.sites))
    x = torch.randn(1, 3, 160, 160)
    first, second = snn.run(x), same.run(x)
    assert all(torch.equal(first.spikes[site], second.spikes[site]) for site in snn.sites)


class Joined(nn.Module):
    """The sizes of two inputs sum up to what the layer takes: one of them is what the other leaves over."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(14, 10), nn.Linear(10, 2)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.last(torch.relu(self.first(torch.cat([x, y], 1))))


def test_sizes_that_sum_up_to_a_fixed_one() -> None:
    model, inputs = Joined().eval(), (torch.randn(5, 6), torch.randn(5, 8))
    snn = snnconv.convert(model, 64, data=[inputs], method="sdm-zero")
    torch.testing.assert_close(snn(*inputs), model(*inputs), atol=0.1, rtol=0.1)
    assert snn.plan.input_shapes == [(6,), (8,)]
    with pytest.raises(snnconv.InputError, match="another shape"):
        snn(torch.randn(2, 4), torch.randn(2, 10))
