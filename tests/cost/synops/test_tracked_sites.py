"""What tracked activations and analog operators cost: events times fan-out, and multiply-accumulates at every step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

import snnconv
from snnconv.cost.synops import SynapticOperations, wiring, work_of
from snnconv.neurons.codes import CODES

from ...networks import SpikeRecorder


class Gated(nn.Module):
    """Two layers that spikes reach, a gate, a norm, attention, and layers behind these."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.act, self.b, self.gate = nn.Linear(6, 8), nn.SiLU(), nn.Linear(8, 8), nn.Sigmoid()
        self.c, self.norm, self.d, self.e = nn.Linear(8, 8), nn.LayerNorm(8), nn.Linear(8, 8), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.a(x))
        x = self.c(x * self.gate(self.b(x)))
        x = self.d(self.norm(x)).view(-1, 2, 4)
        return self.e(nn.functional.scaled_dot_product_attention(x, x, x).softmax(-1).sum(1))


def test_events_times_fan_out() -> None:
    """Of spikes of either sign, in the code of the method."""
    x = torch.randn(5, 6)
    for method in ("sdm-zero", "mt", "mt-signed"):
        snn = snnconv.convert(nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)), data=[x], method=method)
        recorder, ops = SpikeRecorder(), SynapticOperations(snn)
        with ops:
            snn.run(x, T=6, observers=[recorder])
        spikes, neuron = recorder.spikes["1"], snn.sites["1"]
        assert (spikes < 0).any()
        events = CODES[neuron.code](spikes).flatten(1).sum(1).long()
        assert torch.equal(ops.counts.events["1"], events)
        assert torch.equal(ops.counts.operations["1", "2"], 3 * events)


def test_analog_operators_are_counted_or_listed() -> None:
    x = torch.randn(5, 6)
    snn = snnconv.convert(Gated().eval(), data=[x], method="sdm-zero")
    found = wiring(snn)
    reads = {name: layer.reads for name, layer in found.layers.items()}
    attention = "scaled_dot_product_attention"
    assert reads == {"a": "constant", "b": "spikes", "c": "float", "d": "float", attention: "float", "e": "float"}
    assert found.layers[attention].macs == 2 * 2 * (4 + 4)
    assert found.residual["mul"] == 8
    assert found.norms == {"norm.layer_norm": 8}
    assert found.pools == {"mul": 16, "norm.layer_norm": 8, attention: 8, "softmax": 8}
    assert found.unsupported_ops == {"softmax": 1}
    assert found.notices == [
        "c, d, e are counted as multiplying at every step: what they read comes from analog operators"
    ]
    ops = SynapticOperations(snn)
    with ops:
        snn.run(x, T=4)
    work = work_of(found, ops.counts, 5)
    assert work.analog_macs == 4 * (64 + 64 + 12 + 32)
    assert work.norm_macs == 4 * 8
    assert work.unsupported == {"softmax": 1}


def test_attention_before_the_first_neuron_is_done_once() -> None:
    class Early(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.act, self.b = nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.b(self.act(self.a(nn.functional.scaled_dot_product_attention(x, x, x)))).mean(1)

    build: Callable[[], nn.Module] = Early
    found = wiring(snnconv.convert(build().eval(), data=[torch.randn(5, 6, 4)]))
    assert found.encoder == {"scaled_dot_product_attention": 6 * 6 * 8, "a": 6 * 16}
    assert not found.unsupported_ops
