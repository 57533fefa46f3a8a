"""The engine: results that do not depend on the chunk, states that continue, and what is constant computed once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils import _pytree as pytree

import snnconv
from snnconv import SpikingNetwork
from snnconv.errors import InputError

from ..networks import SHAPES, ResidualNet, SmallCNN, SpikeRecorder, dyadic, dyadic_batch, power_of_two

T = 5


class ConstantBranch(nn.Module):
    """Something that no neuron precedes, at two places where things vary; sizes taken from the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.d = nn.Conv2d(2, 4, 3), nn.Linear(64, 5), nn.Linear(72, 5), nn.Linear(10, 3)

    def forward(self, x: Tensor) -> Tensor:
        constant = self.c(x.reshape(x.size(0), -1))
        y = F.relu(self.a(x))
        y = self.b(y.view(x.size(0), y.size(1) * y.size(2) * y.size(3))) + constant
        y = torch.cat([F.relu(y), constant.expand(x.shape[0], 5)], 1)
        return self.d(y) + torch.ones(x.size(0), 3)


class TwoInputs(nn.Module):
    """A list in, a dict out, one leaf of which no neuron precedes."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 6), nn.Linear(3, 6), nn.Linear(6, 2)

    def forward(self, x: list[Tensor]) -> dict[str, Any]:
        x[0], x[1] = F.relu(self.a(x[0])), F.relu(self.b(x[1]))
        return {"out": self.c(x[0] + x[1]), "more": [x[0]], "plain": self.b.bias.expand(x[0].shape[0], 6)}


class PlainLeaf(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.c = nn.Linear(4, 6), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.a(x)
        return self.c(F.relu(y)), y


NETS: dict[type[nn.Module], tuple[int, ...]] = {**SHAPES, ConstantBranch: (2, 6, 6), PlainLeaf: (4,)}
nets = pytest.mark.parametrize("net", list(NETS))


def on_dyadic(net: type[nn.Module], **options: Any) -> tuple[SpikingNetwork, Tensor]:
    x = dyadic_batch(NETS[net], 3)
    return snnconv.convert(dyadic(net()), T, data=[x], alpha=0.25, threshold=power_of_two, **options), x


def leaves(tree: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, Tensor)]


@nets
@pytest.mark.parametrize("per_channel", [False, True], ids=["layer", "channel"])
def test_chunks_do_not_change_the_result(net: type[nn.Module], per_channel: bool) -> None:
    snn, x = on_dyadic(net, per_channel=per_channel)
    seen = []
    for snn.chunk in (1, 2, 3, T, None):
        recorder = SpikeRecorder()
        run = snn.run(x, observers=[recorder])
        seen.append((leaves(run.logits), leaves(snn(x)), list(recorder.spikes.values()), list(run.spikes.values())))
        assert all(torch.equal(mean[-1], last) for mean, last in zip(seen[-1][0], seen[-1][1], strict=True))
    for other in seen[1:]:
        for ours, theirs in zip(seen[0], other, strict=True):
            assert all(map(torch.equal, ours, theirs))


@nets
def test_chunks_agree_on_random_weights(net: type[nn.Module]) -> None:
    """Kernels may round differently for another batch size; no potential is that close to its threshold here."""
    x = torch.randn(3, *NETS[net])
    snn = snnconv.convert(net().eval(), T, data=[x])
    snn.chunk = 1
    expected = leaves(snn(x))
    for snn.chunk in (2, 3, T):
        for ours, theirs in zip(leaves(snn(x)), expected, strict=True):
            assert float((ours - theirs).abs().max()) <= 1e-5 * float(theirs.abs().max())


def recorded(snn: SpikingNetwork, batches: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Logits [B, …] and all spikes, of all batches."""
    logits, spikes = [], []
    for batch in batches:
        recorder = SpikeRecorder()
        logits.append(snn.run(batch, observers=[recorder]).logits[-1])
        spikes.append(torch.cat([train.flatten(2) for train in recorder.spikes.values()], 2))
    return torch.cat(logits), torch.cat(spikes, 1)


@pytest.mark.parametrize("method", ["auto", "sdm", "dcgs"])
@pytest.mark.parametrize("net", list(SHAPES))
def test_neither_chunk_nor_batch_size_nor_layout_shows_on_random_weights(
    net: type[nn.Module], method: str, record_property: Callable[[str, object], None]
) -> None:
    """To the last bit from sixteen rows on; single samples flip a few spikes at most."""
    torch.manual_seed(11)
    x = torch.randn(48, *SHAPES[net])
    snn = snnconv.convert(net().eval(), 4, data=[x], method=method)
    snn.chunk = 4
    logits, spikes = recorded(snn, (x,))
    layouts = [x.to(memory_format=torch.channels_last)] if x.dim() == 4 else [x.t().contiguous().t()]
    for batches in (x.split(16), x.split(24), layouts):
        for snn.chunk in (1, 2, 4):
            found = recorded(snn, tuple(batches))
            assert torch.equal(found[0], logits)
            assert torch.equal(found[1], spikes)
    snn.chunk = 1
    alone = recorded(snn, x.split(1))
    flipped = int((alone[1] != spikes).sum())
    record_property("flipped spikes of single samples", f"{flipped} of {spikes.numel()}")
    assert flipped <= 1e-3 * spikes.numel()
    if not flipped:
        torch.testing.assert_close(alone[0], logits, rtol=1e-4, atol=1e-5)


@nets
@pytest.mark.parametrize("gate", ["memory", "input"])
def test_a_run_can_be_continued(net: type[nn.Module], gate: str) -> None:
    snn, x = on_dyadic(net, gate=gate)
    whole, first = snn.run(x, T=5), snn.run(x, T=2)
    second = snn.run(x, T=3, state=first.state)
    for site, spikes in whole.spikes.items():
        assert torch.equal(torch.cat([first.spikes[site], second.spikes[site]]), spikes)
    for mean, a, b in zip(leaves(whole.logits), leaves(first.logits), leaves(second.logits), strict=True):
        torch.testing.assert_close(mean[-1], (2 * a[-1] + 3 * b[-1]) / 5)
    assert all(map(torch.equal, leaves(whole.state), leaves(second.state)))
    again = snn.run(x, T=3, state=first.state)
    assert all(map(torch.equal, leaves(again.logits), leaves(second.logits)))  # the state was not used up


def test_every_call_starts_afresh() -> None:
    snn, x = on_dyadic(SmallCNN)
    first = snn(x)
    snn.run(x, T=3)
    assert torch.equal(snn(x), first)


def test_what_no_neuron_precedes_is_computed_once() -> None:
    snn, x = on_dyadic(ConstantBranch)
    calls: dict[str, list[int]] = {}
    for name in ("a", "b", "c", "d"):
        module = snn.network.get_submodule(name)
        module.register_forward_hook(lambda _, args, __, name=name: calls.setdefault(name, []).append(len(args[0])))
    snn.chunk = 2
    snn(x)
    assert calls["a"] == calls["c"] == [3]
    assert calls["b"] == calls["d"] == [6, 6, 3]


def test_max_pooling_before_the_first_neuron_is_computed_once() -> None:
    """A max pooling on constant values stays what it was; one on spikes is on running sums."""

    class Pools(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.before, self.after = nn.Conv2d(2, 3, 3), nn.MaxPool2d(2, 1), nn.MaxPool2d(2, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.after(F.relu(self.before(self.conv(x))))

    x = dyadic_batch((2, 6, 6))
    model = dyadic(Pools())
    snn = snnconv.convert(model, T, data=[x], alpha=0.25, threshold=power_of_two)
    assert type(snn.network.get_submodule("before")) is nn.MaxPool2d
    recorder = SpikeRecorder()
    (site,) = snn.sites
    run = snn.run(x, observers=[recorder])
    rates = recorder.spikes[site].cumsum(0) / torch.arange(1, T + 1).view(-1, 1, 1, 1, 1)
    theta = snn.sites[site].per_unit(x)
    expected = torch.stack([F.max_pool2d(rate * theta, 2, 1) for rate in rates])
    torch.testing.assert_close(run.logits, expected)
    average = snnconv.convert(model, T, data=[x], maxpool="avg")
    assert type(average.network.get_submodule("after")) is nn.AvgPool2d


def test_trees_go_in_and_out() -> None:
    model = dyadic(TwoInputs())
    a, b = dyadic_batch((4,), 3), dyadic_batch((3,), 3)
    snn = snnconv.convert(model, 8, data=[(a, b)], alpha=0.25, beta=4, threshold="max")
    inputs = [a, b]
    out = snn(inputs)
    assert inputs[0] is a
    assert inputs[1] is b
    assert list(out) == ["out", "more", "plain"]
    assert isinstance(out["more"], list)
    with torch.no_grad():
        expected = model([a, b])
    torch.testing.assert_close(out["plain"], expected["plain"])
    assert float((out["out"] - expected["out"]).abs().max()) < 0.3
    run = snn.run(inputs, T=3)
    assert run.logits["out"].shape == (3, 3, 2)
    assert run.logits["more"][0].shape == (3, 3, 6)


def test_a_leaf_that_no_neuron_precedes_is_the_anns() -> None:
    snn, x = on_dyadic(PlainLeaf)
    _, plain = snn(x)
    assert torch.equal(plain, snn.ann.get_submodule("a")(x))


@nets
def test_counts_are_the_brute_force_sum(net: type[nn.Module]) -> None:
    snn, x = on_dyadic(net)
    recorder = SpikeRecorder()
    run = snn.run(x, T=4, observers=[recorder])
    assert list(run.spikes) == list(snn.sites) == list(run.neurons)
    total = 0
    for site, spikes in recorder.spikes.items():
        assert run.spikes[site].dtype == torch.int64
        assert run.spikes[site].tolist() == [sum(abs(int(s)) for s in step.flatten()) for step in spikes]
        assert run.neurons[site] == spikes[0, 0].numel()
        total += int(spikes.abs().sum())
    assert run.batch == 3
    assert float(run.spikes_per_neuron[-1]) == pytest.approx(total / 3 / sum(run.neurons.values()))


def test_counts_stay_exact_when_large() -> None:
    """2²⁴ + 1 spikes in a float32 sum would lose the last one."""
    from snnconv.neurons import ScalableDualThreshold
    from snnconv.simulate.observers import SpikeCounter

    neuron = ScalableDualThreshold(1.0, alpha=1.0, beta=2**13, v0=0.0)
    current = torch.full((1, 2**12), 2.0**12)
    current[0, 0] += 1
    counter = SpikeCounter()
    with counter.watching({"site": neuron}):
        neuron(current, None, 1)
    assert counter.spikes["site"].tolist() == [2**24 + 1]


def test_observers_are_told_where_they_are_and_go_again() -> None:
    snn, x = on_dyadic(ResidualNet)
    snn.chunk = 2
    recorder = SpikeRecorder()
    snn.run(x, observers=[recorder])
    assert all(starts == [0, 2, 4] for starts in recorder.starts.values())
    snn.run(x)
    assert all(len(starts) == 3 for starts in recorder.starts.values())


def test_a_call_of_the_network_is_no_gradient_graph() -> None:
    snn, x = on_dyadic(SmallCNN)
    assert not snn(x.requires_grad_()).requires_grad
    assert not any(parameter.requires_grad for parameter in snn.parameters())


def test_a_run_may_leave_spikes_uncounted() -> None:
    snn, x = on_dyadic(ResidualNet)
    run = snn.run(x, T=4, count=False)
    assert torch.equal(run.logits, snn.run(x, T=4).logits)
    assert run.spikes == run.neurons == {}
    with pytest.raises(InputError, match="counted no spikes"):
        _ = run.spikes_per_neuron
