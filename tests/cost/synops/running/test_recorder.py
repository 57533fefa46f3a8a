"""What networks that spike by themselves do while they run, against enumeration of their spikes in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snnconv.cost.dense import count
from snnconv.cost.synops.running import LayerRun, NetworkRun, Recorder
from snnconv.models.spiking_layer import SpikingLayer

from .networks import Attends, Shapes, T, attends, shapes, spikes_of

CLIPS, TOKENS = (3, 2, T, 9, 8), (3, T, 6, 8)


def recorded(model: nn.Module, *batches: Tensor) -> NetworkRun:
    recorder = Recorder(model.eval())
    with torch.no_grad(), recorder:
        for x in batches:
            model(x)
    return recorder.run


def layers(run: NetworkRun) -> dict[str, LayerRun]:
    return {layer.name: layer for layer in run.layers}


@pytest.fixture(scope="module")
def clips() -> tuple[Shapes, Tensor]:
    torch.manual_seed(0)
    return Shapes().eval(), torch.rand(CLIPS)


@pytest.fixture(scope="module")
def tokens() -> tuple[Attends, Tensor]:
    torch.manual_seed(0)
    return Attends().eval(), torch.rand(TOKENS)


def test_every_layer_that_reads_spikes(clips: tuple[Shapes, Tensor]) -> None:
    model, x = clips
    expected = shapes(spikes_of(model, x), len(x))
    found = {layer.name: layer.acs * len(x) for layer in recorded(model, x).layers if layer.reads == "spikes"}
    assert found == expected
    assert all(operations > 0 for operations in expected.values())


def test_products_of_attention(tokens: tuple[Attends, Tensor]) -> None:
    """Where both factors are spikes, those where both fire; where one is, a row of the other for each spike."""
    model, x = tokens
    expected = attends(spikes_of(model, x))
    run = recorded(model, x)
    assert {layer.name: layer.acs * len(x) for layer in run.layers if layer.reads == "spikes"} == expected
    assert all(operations > 0 for operations in expected.values())
    first, second, third, fourth = (layers(run)[name] for name in ("matmul", "matmul#2", "matmul#3", "matmul#4"))
    rates = {name: site.rate for name, site in run.sites.items()}
    assert (first.rates, second.rates) == ((rates["k"], rates["v"]), (rates["q"],))
    assert (third.rates, fourth.rates) == ((rates["q"], rates["k"]), (rates["v"],))
    assert first.rate == min(rates["k"], rates["v"])


def test_dense_sizes_are_those_of_the_counter(clips: tuple[Shapes, Tensor], tokens: tuple[Attends, Tensor]) -> None:
    for model, x in (clips, tokens):
        run, counted = recorded(model, x), count(model, tuple(x.shape[1:]))
        assert sum(layer.macs for layer in run.layers) == counted.ops
        modules = {name for name, module in model.named_modules() if list(module.parameters(recurse=False))}
        own = {layer.name: layer.macs for layer in run.layers if layer.name in modules}
        assert own == {name: operations for name, operations in counted.by_layer.items() if name in own}


def test_what_reads_no_spikes(clips: tuple[Shapes, Tensor]) -> None:
    """Frames before any neuron; real numbers behind a convolution with no neuron between."""
    found = layers(recorded(*clips))
    kinds = {name: layer.reads for name, layer in found.items()}
    assert kinds == {
        "stem": "constant", "strided": "spikes", "dilated": "spikes", "depth": "spikes", "point": "float",
        "up": "spikes", "clip": "spikes", "fc": "float",
    }  # fmt: skip
    assert [name for name, layer in found.items() if layer.at_input] == ["stem"]
    assert all(layer.acs == 0 and layer.rate is None for layer in found.values() if layer.reads != "spikes")


def test_rates_and_sizes(clips: tuple[Shapes, Tensor]) -> None:
    """Of one step: a layer that time is folded into the batch of; of all of them where it is a dimension."""
    model, x = clips
    spikes, run = spikes_of(model, x), recorded(model, x)
    for name, site in run.sites.items():
        assert site.spikes == spikes[name].sum() / len(x)
        assert site.updates == spikes[name].size / len(x) == T * site.neurons
        assert site.rate == pytest.approx(spikes[name].mean())
    found = layers(run)
    assert found["dilated"].rate == pytest.approx(spikes["fires.1"].mean())
    assert (found["stem"].weights, found["stem"].inputs, found["stem"].outputs) == (72, 2 * 9 * 8, 4 * 9 * 8)
    assert found["stem"].writes == T * found["stem"].outputs
    assert found["clip"].inputs == spikes["fires.4"].size / len(x)


def test_biases_at_every_step_and_those_of_folded_norms(clips: tuple[Shapes, Tensor]) -> None:
    run = recorded(*clips)
    found = layers(run)
    assert found["strided"].bias == found["strided"].writes
    assert found["dilated"].bias == found["dilated"].writes  # of its BatchNorm
    assert run.norms == {}
    assert run.unsupported == {}


def test_batches_add_up_and_samples_do_not_see_each_other(clips: tuple[Shapes, Tensor]) -> None:
    model, x = clips
    whole, parts = recorded(model, x), recorded(model, x[:2], x[2:])
    assert [layer.name for layer in parts.layers] == [layer.name for layer in whole.layers]
    for one, other in zip(parts.layers, whole.layers):
        assert (one.macs, one.bias, one.weights, one.inputs) == (other.macs, other.bias, other.weights, other.inputs)
        assert one.acs == pytest.approx(other.acs)
    assert parts.sites.keys() == whole.sites.keys()


class Between(nn.Module):
    """Spikes, something, a convolution."""

    def __init__(self, something: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.fires, self.norm = SpikingLayer(T, "lif", threshold=0.1), nn.BatchNorm2d(2)
        self.layer, self.something = nn.LazyConv2d(3, 3, padding=1), something

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.something(self.fires(x.flatten(0, 1)))).mean((-2, -1)).unflatten(0, (-1, T)).mean(1)


def written_to(spikes: Tensor) -> Tensor:
    spikes[:, 0] += 0.5
    return spikes


def through_a_view(spikes: Tensor) -> Tensor:
    spikes.flatten(1).mul_(0.5)
    return spikes


HANDED_ON: dict[str, Callable[[Tensor], Tensor]] = {
    "joined": lambda s: torch.cat([s, s.flip(-1)], 1),
    "a part": lambda s: s.permute(0, 1, 3, 2)[:, :1],
    "enlarged": lambda s: F.interpolate(s, scale_factor=2),
    "summed": lambda s: s + s.roll(1, -1),
    "where both fire": lambda s: s * s.flip(-1),
    "the largest": lambda s: F.max_pool2d(s, 3, 1, 1),
    "in another type": lambda s: s.double().float(),
}
MADE_FLOAT: dict[str, Callable[[Tensor], Tensor]] = {
    "halved": lambda s: s * 0.5,
    "added to": lambda s: s + 1,
    "a weighted sum": lambda s: torch.add(s, s, alpha=2),
    "padded with ones": lambda s: F.pad(s, (1, 1, 1, 1), value=1.0),
    "joined with a constant": lambda s: torch.cat([s, torch.full_like(s, 0.5)], 1),
    "averaged": lambda s: F.avg_pool2d(s, 2),
    "written to": written_to,
    "written to through a view": through_a_view,
}


@pytest.mark.parametrize("name", [*HANDED_ON, *MADE_FLOAT])
def test_what_hands_spikes_on(name: str) -> None:
    model, x = Between({**HANDED_ON, **MADE_FLOAT}[name]), torch.rand(2, T, 2, 6, 6)
    model(x)  # the lazy layer
    assert recorded(model, x).layers[0].reads == ("spikes" if name in HANDED_ON else "float")


def test_a_sum_of_spikes_costs_both() -> None:
    model, x = Between(lambda s: s + s), torch.rand(2, T, 2, 6, 6)
    single = Between(lambda s: s)
    for net in (model, single):
        net(x)
    assert recorded(model, x).acs == 2 * recorded(single, x).acs > 0


def test_norms_gates_and_what_is_not_counted() -> None:
    """A BatchNorm behind no layer stays, as other norms do; a gate multiplies; one factor for all folds away."""
    model = Between(lambda s: s)
    model.something = lambda s: model.norm(F.gelu(F.group_norm(s, 2) * (s + 1) * 0.5))
    x = torch.rand(2, T, 2, 6, 6)
    model(x)
    run = recorded(model, x)
    assert run.norms == {"": T * 72, "norm": T * 72}
    assert run.residual == {"": T * 72}
    assert run.gates == 3 * T * 72
    assert run.macs == run.gates + sum(layer.macs for layer in run.layers)
    assert run.unsupported == {"gelu": 1}


def test_a_module_called_twice() -> None:
    model, x = Between(lambda s: s), torch.rand(2, T, 2, 6, 6)
    model(x)
    model.something = lambda s: model.fires(F.pad(model.layer(s), (0, 0)))[:, :2]
    run = recorded(model, x)
    assert [layer.name for layer in run.layers] == ["layer", "layer#2"]
    assert list(run.sites) == ["fires", "fires#2"]


def test_attention_with_a_softmax_is_dense(tokens: tuple[Attends, Tensor]) -> None:
    model = Between(lambda s: F.scaled_dot_product_attention(s, s, s))
    x = torch.rand(2, T, 2, 6, 6)
    model(x)
    first = recorded(model, x).layers[0]
    assert (first.name, first.reads, first.macs) == ("attention", "float", T * 2 * 6 * 6 * 12)


def test_hooks_are_gone_afterwards(clips: tuple[Shapes, Tensor]) -> None:
    model, x = clips
    recorder = Recorder(model)
    with torch.no_grad(), recorder:
        model(x)
    before = recorder.run
    with torch.no_grad():
        model(x)
    assert recorder.run == before
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_sizes_without_values() -> None:
    """On the meta device nothing is computed: the sizes are all there, nothing fires."""
    with torch.device("meta"):
        sized = recorded(Shapes(), torch.rand(CLIPS))
    run = recorded(Shapes(), torch.rand(CLIPS))
    assert [(layer.name, layer.macs, layer.bias) for layer in sized.layers] == [
        (layer.name, layer.macs, layer.bias) for layer in run.layers
    ]
    assert sized.acs == 0
