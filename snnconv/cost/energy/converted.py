"""The work of a spiking network, and of its ANN, as the loads that an energy model prices."""

from __future__ import annotations

from collections.abc import Mapping

from torch import fx

from ...convert.passes.batchnorm import LAYERS, NORMS
from ...graph.activations import Activation
from ...neurons import Temporal
from ..dense import CONVENTIONS, Count
from ..synops import Connectivity, Layer, OperationTotals
from .workload import FLOAT, Precision, Workload

INPUT_BITS = 8  # pictures are stored so
FACTOR_BITS = 16  # of whole factors at residual adds
OTHERS = "counted besides the layers"


def spiking_loads(
    wiring: Connectivity,
    work: OperationTotals,
    *,
    convention: str = "mac",
    rate: bool = False,
    weight_bits: int | None = None,
    modules: Mapping[str, bool] | None = None,
    whole: bool = False,
) -> list[Workload]:
    """What the spiking network does: layers, explicit quanta, norms that stayed, neurons, poolings.

    Args:
        rate: the work was counted by rates, whose operations hold the convention's biases already.
        weight_bits, modules: as for `dense_loads`.
        whole: the network is one of whole numbers: every layer that reads no analog value has weights of so many bits,
            and what multiplies spikes at residual adds has 16.
    """
    weights = CONVENTIONS[convention].weights
    loads = []
    for done in work.layers:
        layer = wiring.layers[done.name]
        passes = done.macs / layer.macs if layer.macs else 0.0
        again = work.steps * layer.outputs if layer.reads == "constant" and passes == 1 else 0  # at each step
        loads.append(
            Workload(
                done.name,
                macs=done.macs,
                acs=done.acs,
                extra=0.0 if rate and layer.reads == "spikes" else bias_weight(layer, weights) * done.bias_adds,
                bias_adds=done.bias_adds,
                reads=done.macs + again,
                writes=passes * layer.outputs,
                weights=layer.weights,
                inputs=layer.inputs,
                outputs=layer.outputs,
                precision=whole_precision(layer, weight_bits)
                if whole
                else precision(done.name, layer, weight_bits, 32, modules or {}),
            )
        )
    t = work.steps
    factors = Precision(FACTOR_BITS, INPUT_BITS, 32) if whole else FLOAT
    for name, n in (*wiring.residual.items(), *wiring.norms.items()):
        work_of_factors = {"macs": t * n, "reads": t * n, "writes": t * n}
        loads.append(Workload(name, **work_of_factors, weights=1, inputs=n, outputs=n, precision=factors))
    for name, n in wiring.added.items():
        loads.append(Workload(name, bias_adds=t * n, weights=n, outputs=n))
    for name, n in wiring.neurons.items():
        loads.append(Workload(name, neuron_updates=t * n, spikes=work.events[name], outputs=n))
    for name, n in wiring.pools.items():
        loads.append(Workload(name, pool_updates=t * n, spikes=work.events.get(name, 0.0), outputs=n))
    return loads


def bias_weight(layer: Layer, weights: Mapping[str, float]) -> float:
    """What the convention counts for one bias addition of the layer."""
    return (layer.dense(weights) - weights.get("mac", 0) * layer.macs) / layer.bias if layer.bias else 0.0


def dense_loads(
    wiring: Connectivity,
    counted: Count,
    *,
    weight_bits: int | None = None,
    activation_bits: int = 32,
    modules: Mapping[str, bool] | None = None,
) -> list[Workload]:
    """What the ANN does for one sample: its layers, and what else the convention counts.

    Args:
        counted: the dense operations by the convention.
        weight_bits: None: FP32 throughout.
        activation_bits: of the activations that are quantised.
        modules: `layer_modules(snn.network)`: only their weights are rounded.
    """
    weights = CONVENTIONS[counted.convention].weights
    loads = []
    for name, layer in wiring.layers.items():
        loads.append(
            Workload(
                name,
                macs=layer.macs,
                extra=bias_weight(layer, weights) * layer.bias,
                bias_adds=layer.bias,
                reads=layer.macs,
                writes=layer.outputs,
                weights=layer.weights,
                inputs=layer.inputs,
                outputs=layer.outputs,
                precision=precision(name, layer, weight_bits, activation_bits, modules or {}),
            )
        )
    rest = counted.ops - sum(load.macs + load.extra for load in loads)
    whole = FLOAT if weight_bits is None else Precision(weight_bits, activation_bits, activation_bits)
    return [*loads, Workload(OTHERS, macs=rest, precision=whole)] if rest else loads


def precision(
    name: str, layer: Layer, weight_bits: int | None, activation_bits: int, modules: Mapping[str, bool]
) -> Precision:
    """Whole numbers where a rounded layer reads spikes, quantised activations or the network's input; else FP32."""
    path = name if name in modules else name.rpartition("#")[0]  # a second call of the same module
    at_input = modules.get(path)
    if weight_bits is None or at_input is None or not (at_input or layer.reads == "spikes"):
        return FLOAT
    return Precision(weight_bits, INPUT_BITS if at_input else activation_bits, activation_bits)


def whole_precision(layer: Layer, weight_bits: int | None) -> Precision:
    """That of a layer in a network of whole numbers: analog values stay FP32."""
    if weight_bits is None or layer.reads == "float":
        return FLOAT
    return Precision(weight_bits, INPUT_BITS, 32)


def layer_modules(network: fx.GraphModule) -> dict[str, bool]:
    """{layer: whether it reads the network's input itself, which has 8 bits: through no other layer or activation}."""
    found: dict[str, bool] = {}
    raw: set[fx.Node] = set()
    for node in network.graph.nodes:
        module = network.get_submodule(str(node.target)) if node.op == "call_module" else None
        sources = [source for source in node.all_input_nodes if source.op != "get_attr"]
        reads_input = node.op == "placeholder" or (bool(sources) and all(source in raw for source in sources))
        if isinstance(module, LAYERS):
            found[str(node.target)] = reads_input
        elif reads_input and not isinstance(module, (Activation, Temporal, *NORMS)):
            raw.add(node)
    return found
