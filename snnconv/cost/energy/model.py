"""The contract of energy models, and the one formula that models given by constants share."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta

from ...registry import Registry
from .workload import Breakdown, Workload

LARGEST = 1e18  # pJ or bytes: more is a slip
Name = Annotated[str, Meta(min_length=1, max_length=1000)]
Cost = Annotated[float, Meta(ge=0, le=LARGEST)]
Width = Annotated[int, Meta(ge=1, le=1024)]
WORD = 64  # bits of one memory access in Horowitz's table


class EnergyModel(Protocol):
    """Prices the work of a network, spiking or not."""

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str:
        """Where the constants come from."""
        ...

    def price(self, load: Workload) -> Breakdown:
        """The energy of one place in the network, in pJ."""
        ...

    def total(self, loads: Iterable[Workload]) -> Breakdown:
        """The energy of all of them, in pJ."""
        ...


ENERGY_MODELS: Registry[EnergyModel] = Registry("energy model")


@dataclass(frozen=True)
class Constants:
    """An energy model given by the energies of single operations, in pJ.

        operations:   macs·E_mac + extra·E_mac (dense layers) or extra·E_ac (spiking layers) + acs·E_ac
        neurons:      neuron_updates·E_n + spikes·E_reset + pool_updates·E_p
        weights:      (macs + acs)·A(b_w, weights) + bias_adds·A(32, weights)
        potentials:   2·(acs + neuron_updates + pool_updates)·A(b_v, outputs)          read and written back
        activations:  reads·A(b_in, inputs) + writes·A(b_out, outputs) + 2·spikes·b_s/64·E_mem(0)

    where A(b, n) = b/64·E_mem(n·b/8) is one access to a b-bit value in a memory of n of them: values lie packed in
    64-bit words. E_mem(bytes) is linear between the sizes given, constant below the smallest, and goes on as the last
    stretch does above the largest, at most `dram`. Without sizes memory costs nothing.

    A b_w × b_a-bit integer multiplication costs int8_multiply·b_w·b_a/64 (the area of an array multiplier), its
    addition int8_add·b_a/8, the addition of a b_w-bit weight int8_add·b_w/8: an assumption of ours that gives the
    published 8-bit figures. As in those, that a sum has more bits than what is added to it is not priced, for neither
    kind of network.

    Attributes:
        float_mac, float_ac: FP32. int8_multiply, int8_add: 8 bit.
        neuron_update: one threshold comparison. reset: θ taken off after one spike. pool_update: one running sum.
        memory: (bytes, pJ per 64-bit access), sizes increasing. dram: the most that an access costs.
        potential_bits, spike_bits: of a membrane potential, and of a spike under way (its address).
    """

    name: Name
    source: Name
    float_mac: Cost
    float_ac: Cost
    int8_multiply: Cost
    int8_add: Cost
    neuron_update: Cost = 0.0
    reset: Cost = 0.0
    pool_update: Cost = 0.0
    memory: tuple[tuple[Cost, Cost], ...] = ()
    dram: Cost = 0.0
    potential_bits: Width = 32
    spike_bits: Width = 32

    def price(self, load: Workload) -> Breakdown:
        bits = load.precision
        mac = self.mac(bits.weights, bits.inputs) if bits.whole else self.float_mac
        ac = self.int8_add * bits.weights / 8 if bits.whole else self.float_ac
        weight = self.access(bits.weights, load.weights)
        potential = self.access(self.potential_bits, load.outputs)
        kept = load.acs + load.neuron_updates + load.pool_updates
        values = load.reads * self.access(bits.inputs, load.inputs) + load.writes * self.access(
            bits.outputs, load.outputs
        )
        return Breakdown(
            macs=load.macs * mac,
            acs=load.acs * ac,
            biases=load.extra * (mac if load.macs else ac),
            neurons=load.neuron_updates * self.neuron_update
            + load.spikes * self.reset
            + load.pool_updates * self.pool_update,
            weights=(load.macs + load.acs) * weight + load.bias_adds * self.access(32, load.weights),
            potentials=2 * kept * potential,
            activations=values + 2 * load.spikes * self.access(self.spike_bits, 0),
        )

    def total(self, loads: Iterable[Workload]) -> Breakdown:
        return sum(map(self.price, loads), Breakdown())

    def mac(self, weight_bits: int, input_bits: int) -> float:
        """One integer multiply-accumulate, in pJ."""
        return self.int8_multiply * weight_bits * input_bits / 64 + self.int8_add * input_bits / 8

    def access(self, bits: int, count: int) -> float:
        """Reading or writing one of `count` values of so many bits, in pJ."""
        return bits / WORD * self.word(count * bits / 8)

    def word(self, size: float) -> float:
        """One 64-bit access to a memory of `size` bytes, in pJ."""
        if not self.memory:
            return 0.0
        sizes = [bytes_ for bytes_, _ in self.memory]
        if size <= sizes[0] or len(sizes) == 1:
            return self.memory[0][1]
        upper = min(bisect_left(sizes, size), len(sizes) - 1)
        (low, cheap), (high, dear) = self.memory[upper - 1], self.memory[upper]
        return min(cheap + (size - low) / (high - low) * (dear - cheap), self.dram)
