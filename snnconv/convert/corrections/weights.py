"""Weight calibration: the layer that feeds a neuron learns what the spikes before it are short of (SNN calibration)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch.func import functional_call

from ...graph.graphs import clone
from ...graph.preceding_layer import LAYERS, preceding_layers
from ...network import SpikingNetwork
from ...neurons import Neuron
from ...plan import SitePlan
from ...progress import Bar, progress
from ...simulate.split import split_time
from ..build import with_sites
from ..passes.spike import spike
from .layers import Layers, NeuronCall, Stop, activations, decoded_output, on_cpu
from .means import Samples, fitting
from .registry import correction
from .surrogate import learned, surrogate_of

ALIVE = 4  # a layer's input, its current, the change of that, and a residual


@correction("weights")
def weights(snn: SpikingNetwork, samples: Samples, T: int) -> SpikingNetwork:
    """Layer by layer: min over (W, b) of the mean over samples of Σ (a − Q(W·x̄ + b + r̄))², a the ANN's activation.

        Q(I) = clip(⌊(T·I + v(0))/θ⌋, 0, βT)·θ/T

    x̄ is the mean over the T steps of what the spikes before bring to the layer, r̄ that of all else the neuron gets: a
    residual, its offset. Q is what the neuron sends if its input is spread evenly over time; the order of spikes, which
    has no gradient, is left out. In the gradient the floor is the identity (straight-through) and the clip is itself:
    0 outside. Neurons with differential coding, whose mean is not a multiple of θ/T, keep the clip alone.

    Adam, 200 iterations a layer on 32 random samples each, its rate 0.01 of the mean |w|, falling along a cosine. A
    layer keeps its weights where those found do not lessen the error of the actual spikes: straight-through gradients
    of what is rounded only are noise. The authors' program learns W alone, in 5000 iterations at a rate of 1e-5, with
    a Q that has neither v(0) nor the offset: with them, what was corrected before is not corrected twice.

    The ANN keeps its weights; those found are kept in the plan of the site. A site that no convolution or linear layer
    feeds, or one whose layer feeds others too, keeps its weights.

    Source: Li et al., ICML 2021, "A free lunch from ANN: towards efficient, accurate spiking neural networks
    calibration", weight calibration of the advanced pipeline.
    """
    steps = snn.warm_up + T
    leaves = fitting(snn, samples, steps, ALIVE)
    network, layers = separate(snn)
    program = split_time(network)
    generator = torch.Generator().manual_seed(snn.plan.provenance.get("seed", 0))
    with torch.no_grad(), progress("weights", len(snn.sites)) as bar:
        learn = Learning(network, layers, activations(snn.ann, leaves, {*snn.plan.sites}), T, generator)
        seen = learn.inputs
        values = Watching(cast(fx.GraphModule, program.prefix), learn.stop, bar, layers, seen).run(*leaves)
        Watching(cast(fx.GraphModule, program.body), learn.stop, bar, layers, seen).run({}, steps, True, *values)
    found = {name: network.get_submodule(layers[name]) for name in learn.learned}
    return with_sites(snn, {name: with_layer(snn, name, layer) for name, layer in found.items()})


def separate(snn: SpikingNetwork) -> tuple[fx.GraphModule, dict[str, str]]:
    """The network with its quanta still explicit, so that weights are in the ANN's unit, and {site: its layer}."""
    calls = preceding_layers(snn.ann, snn.plan.sites)
    own = {
        name: with_layer(snn, name, snn.ann.get_submodule(str(call.target)))
        for name, call in calls.items()
        if name in snn.sites and snn.plan.sites[name].weight is None
    }
    network = spike(clone(snn.ann), {**snn.plan.sites, **own}, snn.plan.settings.get("maxpool", "exact")).eval()
    found = preceding_layers(network, snn.plan.sites)
    return network, {name: str(found[name].target) for name in snn.sites if name in found}


def with_layer(snn: SpikingNetwork, name: str, layer: nn.Module) -> SitePlan:
    weight, bias = (getattr(layer, kind) for kind in ("weight", "bias"))
    return replace(snn.plan.sites[name], weight=on_cpu(weight), bias=on_cpu(bias))


class Watching(Layers):
    """Keeps the input of every layer that feeds a neuron until that neuron's turn."""

    def __init__(
        self, body: fx.GraphModule, stop: Stop, bar: Bar, layers: dict[str, str], inputs: dict[str, Tensor]
    ) -> None:
        super().__init__(body, stop, bar)
        self.watched, self.inputs = {*layers.values()}, inputs

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if target in self.watched:
            self.inputs[target] = args[0]
        return super().call_module(target, args, kwargs)


class Learning:
    """At each neuron: new weights for the layer that feeds it, and the current that these give.

    Attributes:
        inputs: {layer: its input}, put there as the layers run. learned: sites whose layer has new weights.
    """

    def __init__(
        self,
        network: fx.GraphModule,
        layers: dict[str, str],
        wanted: Iterator[tuple[str, Tensor]],
        T: int,
        generator: torch.Generator,
    ) -> None:
        self.network, self.layers, self.wanted, self.T, self.generator = network, layers, wanted, T, generator
        self.inputs: dict[str, Tensor] = {}
        self.learned: list[str] = []

    def stop(self, site: str, neuron: Neuron, drive: NeuronCall) -> NeuronCall:
        wanted = next(value for name, value in self.wanted if name == site)
        if site not in self.layers or not neuron.integrates:
            return drive
        layer = self.network.get_submodule(self.layers[site])
        assert isinstance(layer, LAYERS)
        x = self.inputs.pop(self.layers[site])
        mean = self.mean(x, drive, len(wanted))
        current, _ = neuron.driven(drive.x, 0, drive.steps, drive.varying)
        rest = self.mean(current, drive, len(wanted)) - layer(mean)
        surrogate = surrogate_of(neuron, rest, self.T)
        before = {name: value.detach() for name, value in layer.named_parameters()}
        after = learned(layer, mean, rest, wanted, surrogate, self.generator)
        change = functional_call(layer, {name: after[name] - before[name] for name in after}, (x,))
        total = both(drive.x, change, drive.steps)
        new = drive._replace(x=total, varying=drive.varying or len(total) != len(wanted))
        if self.error(neuron, new, wanted) >= self.error(neuron, drive, wanted):
            return drive
        for name, value in after.items():
            setattr(layer, name, nn.Parameter(value, requires_grad=False))
        self.learned.append(site)
        return new

    def error(self, neuron: Neuron, drive: NeuronCall, wanted: Tensor) -> float:
        """Mean over samples and neurons of (a − θ·Σ s/T)², under the actual spikes."""
        return float((decoded_output(neuron, drive)[-self.T :].mean(0) - wanted).square().mean())

    def mean(self, x: Tensor, drive: NeuronCall, batch: int) -> Tensor:
        """The mean over the last T steps of a value, [B, …]."""
        return x if len(x) == batch else x.unflatten(0, (drive.steps, -1))[-self.T :].mean(0)


def both(a: Tensor, b: Tensor, steps: int) -> Tensor:
    """The sum of two values, of which one may be the same at all steps: [B, …] beside [steps·B, …]."""
    if len(a) == len(b):
        return a + b
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return (longer.unflatten(0, (steps, -1)) + shorter).flatten(0, 1)
