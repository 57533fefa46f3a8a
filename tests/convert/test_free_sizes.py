"""Every size that a network takes itself: converted at one, run at others; what is fixed says why, also from a file."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.export import Dim
from torch.nn import functional as F

import snnconv
from snnconv import InputError, SpikingNetwork
from snnconv.convert.free_sizes import capture_free, recapture_free
from snnconv.io.snn_file import load_network, save_network
from snnconv.plan import PLAN_FILE, Plan
from snnconv.sizes import Sizes

from ..networks import MLP, SmallCNN, SpikeRecorder, spread_norms

Shapes = list[tuple[int, ...]]


class Pooled(nn.Module):
    """Max pooling, a strided layer, global average pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 6, 3, 2, 1)
        self.fc = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.b(F.max_pool2d(F.relu(self.a(x)), 2)))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Window(Pooled):
    """A pooling window that is the whole map at the example's size, and smaller than the map at others."""

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.avg_pool2d(F.relu(self.b(F.relu(self.a(x)))), 4).mean((2, 3)))


class Joined(nn.Module):
    """Quanta per channel through a concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 5, 1), nn.Conv2d(9, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.c(torch.cat([F.relu(self.a(x)), F.relu(self.b(x))], 1))).mean((2, 3))


class UNet(nn.Module):
    """One level down and up again; `to_size` makes up for an odd size, `asking` does so where Python finds one."""

    def __init__(self, to_size: bool = False, asking: bool = False) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(8, 2, 1)
        self.to_size, self.asking = to_size, asking

    def forward(self, x: Tensor) -> Tensor:
        a = F.relu(self.a(x))
        b = F.relu(self.b(F.max_pool2d(a, 2)))
        up = F.interpolate(b, size=a.shape[2:]) if self.to_size else F.interpolate(b, scale_factor=2)
        if self.asking and up.shape[2:] != a.shape[2:]:
            up = F.interpolate(up, size=a.shape[2:])
        return self.c(torch.cat([a, up], 1))


class Tokens(nn.Module):
    """[B, L, C] through attention, with positions for at most 20."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.q, self.k, self.fc = nn.Linear(5, 8), nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 3)
        self.place = nn.Parameter(torch.randn(1, 20, 8))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.embed(x) + self.place[:, : x.shape[1]])
        return self.fc(F.relu((self.q(x) @ self.k(x).transpose(1, 2)).softmax(-1) @ x).mean(1))


class Clip(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.fc = nn.Conv3d(3, 4, 3, padding=1), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.a(x)).mean((2, 3, 4)))


class Frames(nn.Module):
    """[B, T, C, H, W]: frames folded into the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        maps = F.relu(self.a(x.flatten(0, 1))).mean((2, 3))
        return self.fc(maps.view(x.shape[0], x.shape[1], 4).mean(1))


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(2, 4, 3, padding=1), nn.Linear(8, 3)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.fc(torch.cat([F.relu(self.a(x)).mean((2, 3)), F.relu(self.b(y)).mean((2, 3))], 1))


class Sum(Pair):
    """Two inputs of one size."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.fc(torch.cat([F.relu(self.a(x) + self.b(y)).mean((2, 3))] * 2, 1))


class Viewed(nn.Module):
    """`view(-1, 64)` makes more rows of larger maps: that is no larger input, but a larger batch."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(64, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.max_pool2d(F.relu(self.a(x)), 2).view(-1, 64))


class Branching(Pooled):
    """Another function of large images."""

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.a(x))
        return self.fc(F.pad(x, (0, 0, 0, 0, 0, 2)).amax((2, 3)) if x.shape[2] > 20 else F.relu(self.b(x)).mean((2, 3)))


class Fractions(Pooled):
    """Python that asks for a fraction or a root of a size, or hands one on as a number."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.a(x))
        h, w = x.shape[2:]
        if self.how == "half":
            x = F.interpolate(x, size=(int(h * 0.5), w))
        elif h / w > 1.5 if self.how == "aspect" else (h * w) ** 0.5 > 12:
            x = -x
        return self.fc(F.relu(self.b(x)).mean((2, 3)))


class Places(nn.Module):
    """[B, L, C] with a table of positions, which is looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.place, self.fc = nn.Linear(5, 8), nn.Embedding(16, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.embed(x) + self.place(torch.arange(x.shape[1]))).mean(1))


@dataclass(frozen=True)
class Case:
    """A network, the shapes it is converted for, others that it takes, and others that it refuses with what words."""

    model: nn.Module
    shapes: Shapes
    takes: list[Shapes]
    refuses: list[tuple[Shapes, str]]


CASES = {
    "pooled": Case(Pooled(), [(3, 16, 16)], [[(3, 9, 21)], [(3, 4, 4)]], [([(2, 9, 9)], "dimension 1 is fixed at 3")]),
    "window": Case(Window(), [(3, 8, 8)], [[(3, 16, 24)]], [([(3, 4, 16)], "dimension 2 is 4; the network takes at")]),
    "joined": Case(Joined(), [(3, 8, 8)], [[(3, 9, 5)]], []),
    "even": Case(UNet(), [(3, 8, 8)], [[(3, 10, 16)]], [([(3, 9, 8)], r"the network needs \(2\*\(d2 // 2\)\) == d2")]),
    "any": Case(UNet(to_size=True), [(3, 8, 8)], [[(3, 9, 11)]], []),
    "asking": Case(UNet(asking=True), [(3, 8, 8)], [[(3, 6, 12)]], [([(3, 9, 8)], "the network needs")]),
    "branching": Case(Branching(), [(3, 8, 8)], [[(3, 20, 9)]], [([(3, 21, 9)], "dimension 2 is 21; .* at most 20")]),
    "tokens": Case(Tokens(), [(12, 5)], [[(3, 5)], [(20, 5)]], [([(21, 5)], "dimension 1 is 21; .* at most 20")]),
    "clip": Case(Clip(), [(3, 4, 8, 8)], [[(3, 6, 9, 5)]], []),
    "frames": Case(Frames(), [(4, 3, 8, 8)], [[(6, 3, 9, 5)]], []),
    "pair": Case(Pair(), [(3, 8, 8), (2, 8, 8)], [[(3, 9, 5), (2, 7, 6)]], [([(3, 8, 8), (1, 8, 8)], "of input 2")]),
    "sum": Case(Sum(), [(3, 8, 8), (2, 8, 8)], [[(3, 9, 5), (2, 9, 5)]], [([(3, 9, 5), (2, 9, 6)], "is 6, not d3")]),
    "viewed": Case(Viewed(), [(3, 8, 8)], [], [([(3, 16, 16)], "dimension 2 is fixed at 8: the network needs")]),
    "aspect": Case(Fractions("aspect"), [(3, 8, 8)], [[(3, 9, 6)]], [([(3, 10, 6)], r"needs \(d2 / d3\) <= 1\.5")]),
    "half": Case(Fractions("half"), [(3, 8, 8)], [[(3, 8, 5)]], [([(3, 9, 8)], r"needs trunc\(0\.5\*float")]),
    "root": Case(Fractions("root"), [(3, 8, 8)], [], [([(3, 13, 13)], "decides by a number computed from it")]),
    "places": Case(Places(), [(12, 5)], [[(16, 5)]], [([(17, 5)], "it does not run: index out of range")]),
    "flatten": Case(SmallCNN(), [(2, 6, 6)], [], [([(2, 12, 12)], "2 is fixed at 6: the network takes no other")]),
    "features": Case(MLP(), [(6,)], [], [([(7,)], "dimension 1 is fixed at 6")]),
}  # fmt: skip


def inputs_of(shapes: Shapes, batch: int) -> tuple[Any, ...]:
    return tuple(torch.randn(batch, *shape) for shape in shapes)


def converted(case: Case, method: str = "sdm", **options: Any) -> SpikingNetwork:
    batch = inputs_of(case.shapes, 4)
    data: list[Any] = [{"input": batch}] if len(batch) > 1 else list(batch)
    return snnconv.convert(case.model.eval(), 4, data=data, method=method, **options)


def reloaded(snn: SpikingNetwork) -> SpikingNetwork:
    buffer = io.BytesIO()
    save_network(snn, buffer)
    buffer.seek(0)
    return load_network(buffer)


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
        same = SpikingNetwork(there.ann, replace(there.plan, sites=snn.plan.sites))
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


def test_a_clipped_network_keeps_its_sizes() -> None:
    clipped = snnconv.clip(CASES["even"].model, data=[torch.randn(4, 3, 8, 8)], maxpool="exact")
    snn = snnconv.convert(clipped, data=[torch.randn(4, 3, 8, 8)])
    assert snn(torch.randn(1, 3, 10, 6)).shape == (1, 2, 10, 6)
    with pytest.raises(InputError, match="the network needs"):
        snn(torch.randn(1, 3, 9, 6))


def test_a_file_without_sizes_has_them_fixed() -> None:
    """As those before format 4, whose programs have fixed sizes too."""
    snn = converted(CASES["pooled"])
    plan = Plan.from_texts(without_sizes(snn.plan), "here")
    old = SpikingNetwork(snn.ann, plan)
    assert old(torch.randn(1, 3, 16, 16)).shape == (1, 3)
    with pytest.raises(InputError, match="fixed at 16"):
        old(torch.randn(1, 3, 8, 8))


def without_sizes(plan: Plan) -> dict[str, str]:
    texts = plan.to_texts()
    document = json.loads(texts[PLAN_FILE])
    del document["sizes"]
    return {**texts, PLAN_FILE: json.dumps({**document, "format": 3})}


@pytest.mark.parametrize(
    "change",
    [
        {"conditions": ["__import__('os')"]},
        {"conditions": ["d2.real"]},
        {"conditions": ["d9 > 1"]},
        {"conditions": ["(" * 3000]},
        {"conditions": [3]},
        {"conditions": ["1e999 > d2"]},
        {"conditions": ["trunc(1e300 * 1e300) > d2"]},
        {"inputs": [[3, "d2 ** d2", "d3"]]},
        {"inputs": [[3, 1.5, "d3"]]},
        {"ranges": {"d2": ["2", None]}},
        {"ranges": {"d2": [2]}},
    ],
)
def test_sizes_in_a_file_are_looked_through(change: dict[str, Any]) -> None:
    plan = Plan(4, {}, [(3, 8, 8)], sizes=Sizes(((3, "d2", "d3"),), {"d2": (2, None)}, ("d2 == d3",)))
    texts = plan.to_texts()
    assert Plan.from_texts(texts, "here").sizes == plan.sizes
    document = json.loads(texts[PLAN_FILE])
    document["sizes"].update(change)
    with pytest.raises(InputError, match="damaged"):
        Plan.from_texts({**texts, PLAN_FILE: json.dumps(document)}, "here")


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
    ("name", "smallest"), [("squeezenet1_1", 17), ("shufflenet_v2_x0_5", 2)], ids=lambda value: str(value)
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
def test_bare_conversions_of_torchvision_run_at_every_size(name: str) -> None:
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    model = spread_norms(getattr(torchvision.models, name)(weights=None, **options))
    snn = snnconv.convert(model, 4)
    for size in (96 if name == "inception_v3" else 64, 160, 224, 320):
        for batch in (1, 3):
            x = torch.randn(batch, 3, size, size)
            with torch.no_grad():
                wanted, found = model(x), snn.ann(x)
            assert float((found - wanted).norm() / wanted.norm()) <= 1e-5
    there = snnconv.convert(model, 4, input_shape=(3, 160, 160))
    same = SpikingNetwork(there.ann, replace(there.plan, sites=snn.plan.sites))
    x = torch.randn(1, 3, 160, 160)
    first, second = snn.run(x), same.run(x)
    assert all(torch.equal(first.spikes[site], second.spikes[site]) for site in snn.sites)
