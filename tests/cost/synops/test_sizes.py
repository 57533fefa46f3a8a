"""Operations at every size that a network takes: those of a network that was converted for that size."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv.convert.build import build
from snnconv.cost.energy import dense_count
from snnconv.cost.synops import BySize, Connectivity, Counts, SynapticOperations, wiring, work_of
from snnconv.errors import InputError
from snnconv.io.snn_file import load_network, save_network
from snnconv.network import SpikingNetwork

from ...networks import SpikeRecorder
from . import naive

Size = tuple[int, ...]


class Net(nn.Module):
    """Layers for pictures, and a function that puts them together."""

    def __init__(self, forward: Callable[[Net, Tensor], Tensor]) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, 2, 1), nn.ConvTranspose2d(4, 4, 2, 2)
        self.u, self.fc, self.norm, self.gate = nn.Linear(4, 8), nn.Linear(8, 3), nn.LayerNorm(8), nn.Conv2d(4, 4, 1)
        self.place = nn.Parameter(torch.randn(4, 1, 1))
        self.function = forward

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def pooled(net: Net, x: Tensor) -> Tensor:
    x = F.relu(net.b(F.max_pool2d(F.relu(net.a(x)), 2)))
    return net.fc(F.relu(net.u(F.adaptive_avg_pool2d(x, 1).flatten(1))))


def kept(net: Net, x: Tensor) -> Tensor:
    """A pooling that keeps the height, and a constant added."""
    return F.relu(net.b(F.adaptive_avg_pool2d(F.relu(net.a(x)), (None, 3)) + net.place)).mean((2, 3))


def up_again(net: Net, x: Tensor) -> Tensor:
    x = F.relu(net.a(x))
    up = F.interpolate(F.relu(net.c(F.relu(net.b(x)))), size=x.shape[2:])
    return F.relu(net.b(torch.cat([x, up], 2))).mean((2, 3))


def residual(net: Net, x: Tensor) -> Tensor:
    x = F.relu(net.a(x))
    return F.relu(net.gate(x) + F.relu(net.gate(x))).sum((2, 3))


def gated(net: Net, x: Tensor) -> Tensor:
    """Gates, the attention of all places, LayerNorm: multiply-accumulates at every step."""
    x = F.silu(net.a(x))
    places = net.u((x * net.gate(x).sigmoid()).flatten(2).transpose(1, 2))
    return net.fc(net.norm(F.scaled_dot_product_attention(places, places, places))).mean(1)


def of_pairs(net: Net, x: Tensor) -> Tensor:
    places = F.relu(net.a(x)).flatten(2)
    return net.u((torch.einsum("bci,bcj->bij", places, places).softmax(-1) @ places.transpose(1, 2)).mean(1))


class Frames(nn.Module):
    """[B, T, C, H, W]: frames folded into the batch, so that a sample is several rows."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        maps = F.relu(self.a(F.relu(x.flatten(0, 1)))).mean((2, 3))
        return self.fc(maps.view(x.shape[0], x.shape[1], 4).mean(1))


@dataclass(frozen=True)
class Case:
    model: Callable[[], nn.Module]
    here: Size
    there: Size


FORMS = (pooled, kept, up_again, residual, gated, of_pairs)
CASES = {
    **{form.__name__: Case(lambda form=form: Net(form), (3, 8, 8), (3, 12, 10)) for form in FORMS},
    "as many": Case(lambda: Net(pooled), (3, 8, 8), (3, 4, 16)),  # neurons, and other fan-outs
    "clip": Case(lambda: nn.Sequential(nn.Conv3d(3, 4, 3), nn.ReLU(), nn.Conv3d(4, 3, 2)), (3, 5, 6, 6), (3, 7, 5, 8)),
    "line": Case(lambda: nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU(), nn.Conv1d(4, 3, 2, 2)), (3, 9), (3, 14)),
    "frames": Case(Frames, (2, 3, 4, 4), (3, 3, 6, 5)),
}


def converted(model: nn.Module, size: Size) -> SpikingNetwork:
    data = [torch.randn(4, *size)]
    return snnconv.convert(model, 4, data=data, method="sdm", threshold="max", per_channel=True, maxpool="exact")


def reloaded(snn: SpikingNetwork) -> SpikingNetwork:
    buffer = io.BytesIO()
    save_network(snn, buffer)
    buffer.seek(0)
    return load_network(buffer)


def counted(snn: SpikingNetwork, x: Tensor) -> tuple[Counts, Connectivity]:
    operations = SynapticOperations(snn)
    with operations:
        snn.run(x, T=4)
    return operations.counts, operations.wiring


def same_wiring(found: Connectivity, wanted: Connectivity) -> None:
    assert replace(found, synapses=[]) == replace(wanted, synapses=[])
    for ours, theirs in zip(found.synapses, wanted.synapses, strict=True):
        assert (ours.source, ours.layer, ours.share) == (theirs.source, theirs.layer, theirs.share)
        assert torch.equal(ours.fan_out, theirs.fan_out)


def same_counts(found: Counts, wanted: Counts) -> None:
    assert found.to_dict() == wanted.to_dict()


@pytest.mark.parametrize("name", CASES)
def test_at_another_size_as_a_conversion_for_it(name: str) -> None:
    """Connectivity, dense operations and counts, of the network and of its file."""
    case = CASES[name]
    model = case.model().eval()
    snn, there = converted(model, case.here), converted(model, case.there)
    same = build(there.ann, replace(there.plan, sites=snn.plan.sites))
    x = torch.randn(3, *case.there)
    counts, wanted = counted(same, x)
    assert sum(int(steps.sum()) for steps in counts.events.values()) > 0
    for network in (snn, reloaded(snn)):
        before = wiring(network)
        found, wired = counted(network, x)
        same_wiring(wired, wanted)
        same_counts(found, counts)
        same_wiring(wiring(network), before)  # that of the conversion is what it was
    assert dense_count(snn, size=(case.there,)).ops == dense_count(same).ops


@pytest.mark.parametrize("size", [(3, 16, 16), (3, 15, 9), (3, 10, 17)])
def test_against_enumeration(size: Size) -> None:
    """One conversion, three sizes: every product that a spike takes part in, place by place."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 5, 3, 2, 1), nn.ReLU(),
                        nn.AvgPool2d(2), nn.Conv2d(5, 2, 2))  # fmt: skip
    snn, x = converted(net.eval(), (3, 16, 16)), torch.randn(2, *size)
    recorder, operations = SpikeRecorder(), SynapticOperations(snn)
    with operations:
        snn.run(x, T=3, observers=[recorder])
    first, second = (recorder.spikes[site].flatten(0, 1).abs().double().numpy() for site in ("1", "3"))
    wanted = {"2": naive.conv(first, (5, 4, 3, 3), 2, 1), "5": naive.conv(naive.average(second, 2), (2, 5, 2, 2))}
    for (source, layer), steps in operations.counts.operations.items():
        assert steps.tolist() == wanted[layer].reshape(3, -1).sum(1).tolist(), (source, layer)
    height, width = size[1:]
    layers = operations.wiring.layers
    assert layers["0"].macs == 4 * 27 * height * width
    assert layers["2"].macs == 5 * 36 * -(-height // 2) * -(-width // 2)
    assert operations.wiring.neurons["1"] == 4 * height * width


def test_several_sizes_are_the_sum_over_each() -> None:
    """Whatever the order; per sample it is the mean over all samples."""
    torch.manual_seed(0)
    snn = converted(Net(gated).eval(), (3, 8, 8))
    batches = [torch.randn(n, 3, *size) for n, size in ((3, (4, 6)), (2, (8, 8)), (1, (4, 6)), (2, (9, 5)))]
    mixed, apart = BySize(), [BySize() for _ in batches]
    operations = SynapticOperations(snn)
    for x, alone in zip(batches, apart, strict=True):
        with operations:
            snn.run(x, T=4)
        mixed.take(operations, len(x))
        alone.take(operations, len(x))
    assert [portion.samples for portion in mixed.portions] == [4, 2, 2]
    assert [portion.size for portion in mixed.portions] == [((3, 4, 6),), ((3, 8, 8),), ((3, 9, 5),)]
    whole = mixed.mean([work_of(p.wiring, p.counts, p.samples) for p in mixed.portions])
    parts = [(p, work_of(p.wiring, p.counts, p.samples)) for alone in apart for p in alone.portions]
    for name in ("acs", "macs", "analog_macs", "encoder_macs", "norm_macs", "neuron_updates", "bias_adds", "spikes"):
        total = sum(getattr(work, name) * portion.samples for portion, work in parts)
        assert getattr(whole, name) == pytest.approx(total / 8), name
    assert whole.steps == 4
    assert sum(mixed.neurons.values()) * 8 == sum(
        sum(p.wiring.neurons.values()) * p.samples for p in mixed.portions
    )  # fmt: skip


def test_a_block_holds_inputs_of_one_size() -> None:
    """Not even where there are as many neurons: 8·8 = 4·16."""
    snn = converted(Net(residual).eval(), (3, 8, 8))
    operations = SynapticOperations(snn)
    with operations:
        snn.run(torch.randn(2, 3, 8, 8))
        with pytest.raises(InputError, match=r"holds one run[\s\S]*4, 16[\s\S]*remedy"):
            snn.run(torch.randn(2, 3, 4, 16))
