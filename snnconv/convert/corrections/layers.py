"""A spiking network run one layer after the other, each for all time steps at once, with a stop at every neuron."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx

from ...neurons import Accumulate, Neuron
from ...neurons.kernels import Parts
from ...neurons.temporal import added
from ...progress import Bar


class NeuronCall(NamedTuple):
    """What a neuron is called with.

    Attributes:
        x: its input, [steps·B, …] where it varies in time, else [B, …].
        before: the state before, None.
    """

    x: Tensor
    before: None
    steps: int
    varying: bool


Stop = Callable[
    [str, Neuron, NeuronCall], NeuronCall
]  # at a site: correct the neuron, and say what drives it from now on


class Layers(fx.Interpreter):
    """Runs `body`, what runs at every step, and stops at each neuron before it fires.

    Args:
        bar: goes on by one at each neuron.
    """

    def __init__(self, body: fx.GraphModule, stop: Stop, bar: Bar) -> None:
        super().__init__(body)
        self.stop, self.bar = stop, bar

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        neuron = self.fetch_attr(target)
        if isinstance(neuron, Neuron):
            x, before, steps, varying, *_ = args
            if isinstance(x, Parts):
                x, varying = added(x, steps)
            args = tuple(self.stop(str(target), neuron, NeuronCall(x, before, steps, varying)))
            self.bar.advance()
        return super().call_module(target, args, kwargs)


def decoded_output(neuron: Neuron, drive: NeuronCall) -> Tensor:
    """What the neuron sends at every step, in the unit of the activation: [steps, B, …]."""
    spikes = neuron(*drive)[0]
    if neuron.differential:
        spikes = Accumulate()(spikes, None, drive.steps)[0]
    return (spikes * neuron.per_unit(spikes)).unflatten(0, (drive.steps, -1))


def per_channel(value: Tensor) -> Tensor:
    """One sample's values [C, …] → their means over positions [C]."""
    return value.flatten(1).mean(1) if value.dim() > 1 else value


def activations(ann: fx.GraphModule, leaves: tuple[Tensor, ...], names: set[str]) -> Iterator[tuple[str, Tensor]]:
    """(site, its activations [B, …]) in execution order; the ANN runs only as far as they are asked for."""
    runner = fx.Interpreter(ann)
    runner.args_iter = iter(leaves)
    for node in ann.graph.nodes:
        with torch.no_grad():
            runner.env[node] = runner.run_node(node)
        if node.op == "call_module" and node.target in names:
            yield str(node.target), runner.env[node]
        for read in runner.user_to_last_uses.get(node, []):
            del runner.env[read]


def on_cpu(value: Tensor | None) -> Tensor | None:
    return None if value is None else value.detach().cpu()
