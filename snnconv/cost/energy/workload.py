"""What an energy model prices: the work of one place in a network, for one sample over the whole inference."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Precision:
    """Bits of a layer's weights, of the values it reads and of those it writes; whole numbers or floating point."""

    weights: int
    inputs: int
    outputs: int
    whole: bool = True


FLOAT = Precision(32, 32, 32, whole=False)


@dataclass(frozen=True)
class Workload:
    """The work of one layer, neuron site, pooling or residual add. Amounts are per sample, over all time steps.

    Attributes:
        macs: multiply-accumulates of values that are not spikes.
        acs: weights added to a potential, one for every spike and synapse.
        extra: operations that the counting convention adds to the products (biases, norms, …).
        bias_adds: bias additions that take place, whether the convention counts them or not.
        neuron_updates: potentials compared with their threshold. pool_updates: running sums of a pooling renewed.
        spikes: spikes fired here.
        reads: values read that are not spikes (one for each product where nothing is reused). writes: such written.
        weights: stored weights. inputs, outputs: stored values or potentials on either side; they set the memory size.
    """

    name: str
    macs: float = 0.0
    acs: float = 0.0
    extra: float = 0.0
    bias_adds: float = 0.0
    neuron_updates: float = 0.0
    pool_updates: float = 0.0
    spikes: float = 0.0
    reads: float = 0.0
    writes: float = 0.0
    weights: int = 0
    inputs: int = 0
    outputs: int = 0
    precision: Precision = FLOAT


@dataclass(frozen=True)
class Breakdown:
    """Energy of one sample by cause, in pJ.

    Attributes:
        macs, acs: operations. biases: what the convention counts besides. neurons: updates of neurons and poolings.
        weights: reading weights and biases. potentials: reading and writing membrane potentials and running sums.
        activations: reading and writing values and spikes.
    """

    macs: float = 0.0
    acs: float = 0.0
    biases: float = 0.0
    neurons: float = 0.0
    weights: float = 0.0
    potentials: float = 0.0
    activations: float = 0.0

    @property
    def total(self) -> float:
        return sum(self.by_cause.values())

    @property
    def by_cause(self) -> dict[str, float]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __add__(self, other: Breakdown) -> Breakdown:
        mine, theirs = self.by_cause, other.by_cause
        return Breakdown(**{cause: mine[cause] + theirs[cause] for cause in mine})
