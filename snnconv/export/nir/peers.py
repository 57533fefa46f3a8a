"""Other software that runs NIR, told what a file says and NIR does not: reset by subtraction, and v(0)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ...io.importing import import_quietly

Told = tuple[Tensor, dict[str, list[int]]]  # outputs of every step [T, B, …], and spikes of every IF node in each


class Peer(NamedTuple):
    """run: `(graph, x, steps)` to what `run_graph` gives. remedy: how to install it."""

    run: Callable[[Any, Tensor, int], Told]
    remedy: str


def in_sinabs(graph: Any, x: Tensor, steps: int) -> Told:
    """Its neurons subtract, but have a lower bound, send several spikes a step, and begin at 0."""
    sinabs: Any = import_quietly("sinabs.nir")
    layers: Any = import_quietly("sinabs.layers")
    single = import_quietly("sinabs.activation").SingleSpike
    network = sinabs.from_nir(graph, batch_size=len(x))
    neurons = {name: layer for name, layer in network.named_modules() if isinstance(layer, layers.IAFSqueeze)}
    for name, layer in neurons.items():
        start = start_of(graph, name, len(x))
        layer.min_v_mem, layer.spike_fn = None, single
        layer.init_state_with_shape(start.shape)
        layer.v_mem.data = start
    with counted(neurons) as spikes:
        found = [network(x) for _ in range(steps)]
    return torch.stack([value[0] if isinstance(value, tuple) else value for value in found]), spikes


def in_spikingjelly(graph: Any, x: Tensor, steps: int) -> Told:
    """Its importer has neurons reset to 0 and begin there."""
    exchange: Any = import_quietly("spikingjelly.activation_based.nir_exchange")
    fires = import_quietly("spikingjelly.activation_based.neuron").IFNode
    network = exchange.import_from_nir(graph)
    modules = dict(network.named_modules())
    nodes = {}  # what holds a neuron, and calls its steps
    for path, layer in modules.items():
        if isinstance(layer, fires):
            name = path.removesuffix(".module")
            layer.v_reset, layer.v = None, start_of(graph, name, len(x))
            nodes[name] = modules[name]
    state, outputs = None, []
    with counted(nodes) as spikes:
        for _ in range(steps):
            output, state = network(x, state)
            outputs.append(output)
    return torch.stack(outputs), spikes


PEERS = {
    "sinabs": Peer(in_sinabs, "pip install sinabs nirtorch"),
    "spikingjelly": Peer(in_spikingjelly, "pip install spikingjelly nirtorch"),
}


def start_of(graph: Any, name: str, batch: int) -> Tensor:
    v0 = torch.as_tensor(graph.nodes[name].metadata["v0"], dtype=torch.float32)
    return v0.expand(batch, *v0.shape).clone()


@contextmanager
def counted(neurons: dict[str, nn.Module]) -> Iterator[dict[str, list[int]]]:
    """{name: spikes in each step} of what runs during the block."""
    spikes: dict[str, list[int]] = {name: [] for name in neurons}

    def hook(name: str) -> Any:
        def count(module: Any, args: Any, result: Any) -> None:
            sent = result[0] if isinstance(result, tuple) else result
            spikes[name].append(int(sent.sum()))

        return count

    handles = [layer.register_forward_hook(hook(name)) for name, layer in neurons.items()]
    try:
        with torch.no_grad():
            yield spikes
    finally:
        for handle in handles:
            handle.remove()
