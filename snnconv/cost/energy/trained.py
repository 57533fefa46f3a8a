"""The work of a network that was watched while it ran, and of the same layers in an ANN, as an energy model's loads."""

from __future__ import annotations

from collections.abc import Mapping

from ..dense import CONVENTIONS
from ..synops.running import LayerRun, NetworkRun
from .converted import INPUT_BITS, OTHERS
from .workload import FLOAT, Precision, Workload


def run_loads(
    run: NetworkRun, *, convention: str = "mac", rate: bool = False, weight_bits: int | None = None
) -> list[Workload]:
    """What the spiking network does: layers, norms, gates and neurons.

    Args:
        rate: spikes cause firing rate × dense operations of the convention; False: what was counted.
        weight_bits: of rounded weights; None: FP32.
    """
    weights = CONVENTIONS[convention].weights
    loads = []
    for layer in run.layers:
        spiking = layer.rate is not None
        macs = 0.0 if spiking else layer.macs
        loads.append(
            Workload(
                layer.name,
                macs=macs,
                acs=0.0 if layer.rate is None else layer.rate * layer.dense(weights) if rate else layer.acs,
                extra=0.0 if rate and spiking else biases(layer, weights),
                bias_adds=layer.bias,
                reads=macs,
                writes=0.0 if spiking else layer.writes,
                weights=layer.weights,
                inputs=layer.inputs,
                outputs=layer.outputs,
                precision=precision(layer, weight_bits, 32),
            )
        )
    for name, n in (*run.norms.items(), *run.residual.items()):
        loads.append(Workload(name, macs=n, reads=n, writes=n, weights=1, inputs=round(n), outputs=round(n)))
    for name, site in run.sites.items():
        loads.append(Workload(name, neuron_updates=site.updates, spikes=site.spikes, outputs=site.neurons))
    return loads


def dense_run_loads(run: NetworkRun, *, convention: str = "mac", bits: int | None = None) -> list[Workload]:
    """What an ANN of the same layers does, a ReLU in place of every spiking layer.

    Args:
        bits: of weights and activations, where the spiking network reads spikes or the input; None: FP32 throughout.
    """
    weights = CONVENTIONS[convention].weights
    loads = [
        Workload(
            layer.name,
            macs=layer.macs,
            extra=biases(layer, weights),
            bias_adds=layer.bias,
            reads=layer.macs,
            writes=layer.writes,
            weights=layer.weights,
            inputs=layer.inputs,
            outputs=layer.outputs,
            precision=precision(layer, bits, bits or 32),
        )
        for layer in run.layers
    ]
    everything = {
        **run.quantities,
        "mac": sum(layer.macs for layer in run.layers),
        "conv_mac": sum(layer.macs for layer in run.layers if layer.operation == "conv"),
    }
    rest = sum(weights.get(name, 0) * amount for name, amount in everything.items()) - everything["mac"]
    whole = FLOAT if bits is None else Precision(bits, bits, bits)
    return [*loads, Workload(OTHERS, macs=rest, precision=whole)] if rest else loads


def biases(layer: LayerRun, weights: Mapping[str, float]) -> float:
    """What the convention counts for the layer's biases."""
    return layer.dense(weights) - weights.get("mac", 0) * layer.macs


def precision(layer: LayerRun, weight_bits: int | None, activation_bits: int) -> Precision:
    """Whole numbers where rounded weights meet spikes (in the ANN quantised activations) or the network's input.

    What reads real numbers in the spiking network is FP32 in the ANN too: quantising it would help both alike.
    """
    if weight_bits is None or layer.operation == "product" or not (layer.rate is not None or layer.at_input):
        return FLOAT
    return Precision(weight_bits, INPUT_BITS if layer.at_input else activation_bits, activation_bits)
