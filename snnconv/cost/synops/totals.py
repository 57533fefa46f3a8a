"""What one sample costs over T steps: spike operations, multiply-accumulates, and all that is listed beside them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from ...errors import InputError
from ..dense import CONVENTIONS
from .counter import Counts
from .parts import Connectivity, Reads, Synapse

Encoder = Literal["once", "per-step"]
CountMode = Literal["exact", "rate"]


@dataclass(frozen=True)
class LayerWork:
    """One layer, per sample over all steps.

    Attributes:
        reads: what it reads: "constant" (the encoder), "spikes" or "float".
        acs: accumulations caused by spikes.
        macs: multiply-accumulates, where it reads no spikes.
        bias_adds: additions of its bias.
        dense: multiply-accumulates of one dense pass (what the ANN does).
        spikes: events fired by all that it reads.
    """

    name: str
    reads: Reads
    acs: float
    macs: float
    bias_adds: float
    dense: float
    spikes: float


@dataclass(frozen=True)
class OperationTotals:
    """What one sample costs over `steps` steps.

    Attributes:
        layers: in execution order.
        by_site: {source: accumulations that its spikes cause}, max poolings on running sums included.
        events: {source: events fired}.
        spikes: events fired by neurons.
        residual_macs: multiply-accumulates of explicit quanta (residual adds) and other products by constants.
        norm_macs: elements of BatchNorms that stayed.
        bias_adds: additions of biases, of layers and of constants added elsewhere.
        neuron_updates: neurons × steps. pool_updates: elements of running sums × steps.
        unsupported: {operation: how often}, what no rule counts.
    """

    steps: int
    layers: list[LayerWork]
    by_site: dict[str, float]
    events: dict[str, float]
    spikes: float
    residual_macs: float
    norm_macs: float
    bias_adds: float
    neuron_updates: float
    pool_updates: float
    unsupported: dict[str, int]

    @property
    def acs(self) -> float:
        """Synaptic operations: accumulations caused by spikes."""
        return sum((layer.acs for layer in self.layers), 0.0)

    @property
    def encoder_macs(self) -> float:
        return sum((layer.macs for layer in self.layers if layer.reads == "constant"), 0.0)

    @property
    def analog_macs(self) -> float:
        return sum((layer.macs for layer in self.layers if layer.reads == "float"), 0.0)

    @property
    def macs(self) -> float:
        """All multiply-accumulates."""
        return self.encoder_macs + self.analog_macs + self.residual_macs + self.norm_macs

    @property
    def by_layer(self) -> dict[str, float]:
        """{layer: accumulations caused by spikes}."""
        return {layer.name: layer.acs for layer in self.layers if layer.reads == "spikes"}


def work_of(
    wiring: Connectivity,
    counts: Counts,
    samples: int,
    steps: int | None = None,
    *,
    encoder: Encoder = "once",
    count: CountMode = "exact",
    convention: str = "mac",
) -> OperationTotals:
    """Work per sample of the first `steps` steps.

    Args:
        counts: summed over all samples.
        samples: how many samples that is.
        steps: t ≤ T; None: all.
        encoder: what is constant in time is computed "once", as the engine does, or counted "per-step", as in papers.
        count: "exact": Σ events × fan-out; "rate": the papers' firing rate × dense operations × steps, where the rate
            is events per input element and step.
        convention: the dense operations of `rate`.

    Raises:
        InputError: no samples, or more steps than were counted.
    """
    counted = min((len(fired) for fired in counts.events.values()), default=0)
    t = counted if steps is None else steps
    if samples < 1 or not 1 <= t <= counted:
        raise InputError(
            "nothing to divide the counts by",
            expected=f"at least 1 sample and 1 to {counted} steps",
            got=f"{samples} samples, {t} steps",
        )
    fired = {source: int(per_step[:t].sum()) / samples for source, per_step in counts.events.items()}

    def exact(synapse: Synapse) -> float:
        return int(counts.operations[synapse.source, synapse.layer][:t].sum()) / samples

    def rate(synapse: Synapse) -> float:
        mean = fired[synapse.source] / wiring.sources[synapse.source].neurons
        return mean * synapse.share * wiring.layers[synapse.layer].dense(CONVENTIONS[convention].weights)

    by_layer, by_site, spikes = (defaultdict[str, float](float) for _ in range(3))
    for synapse in wiring.synapses:
        operations = exact(synapse) if count == "exact" else rate(synapse)
        by_layer[synapse.layer] += operations
        by_site[synapse.source] += operations
        spikes[synapse.layer] += fired[synapse.source]
    times = {"constant": t if encoder == "per-step" else 1, "spikes": t, "float": t}
    layers = [
        LayerWork(
            name=name,
            reads=layer.reads,
            acs=by_layer[name],
            macs=0.0 if layer.reads == "spikes" else float(layer.macs * times[layer.reads]),
            bias_adds=float(layer.bias * times[layer.reads]),
            dense=float(layer.macs),
            spikes=spikes[name],
        )
        for name, layer in wiring.layers.items()
    ]
    return OperationTotals(
        steps=t,
        layers=layers,
        by_site={source: by_site[source] for source in wiring.sources},
        events=fired,
        spikes=sum((fired[site] for site in wiring.neurons), 0.0),
        residual_macs=float(t * sum(wiring.residual.values())),
        norm_macs=float(t * sum(wiring.norms.values())),
        bias_adds=sum(layer.bias_adds for layer in layers) + float(t * sum(wiring.added.values())),
        neuron_updates=float(t * sum(wiring.neurons.values())),
        pool_updates=float(t * sum(wiring.pools.values())),
        unsupported=dict(wiring.unsupported_ops),
    )
