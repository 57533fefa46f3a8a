"""A spiking network run once on means over time, in place of step by step: what it tends to, in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, fx, nn

from ..graph.activations import Activation
from ..graph.graphs import clone
from ..graph.preceding_layer import preceding_layers, put_weights
from ..network import SpikingNetwork
from ..neurons import Accumulate, LateralInhibition, Neuron, RunningMean, RunningSum, Tracking
from ..neurons.temporal import per_unit

# (site, module, mean input) → mean output, in quanta where the module is a neuron
AtSite = Callable[[str, nn.Module, Tensor], Tensor]


class Means(nn.Module):
    """Runs `network` on means over time.

    Every operation between neurons is affine, or a function of running means, so that its mean output is that of its
    mean input. What neurons (and max pooling by lateral inhibition) make of their mean input, `at` says; the activation
    sites of an ANN go the same way.

    Args:
        functions: further modules that `at` calls, so that they are cast and moved with the network.
    """

    def __init__(self, network: fx.GraphModule, at: AtSite, functions: Iterable[nn.Module] = ()) -> None:
        super().__init__()
        self.network, self.at = network, at
        self.functions = nn.ModuleList(functions)

    def forward(self, *arguments: Any) -> Any:
        return Runner(self.network, self.at).run(*arguments)


class Runner(fx.Interpreter):
    def __init__(self, network: fx.GraphModule, at: AtSite) -> None:
        super().__init__(network)
        self.at = at

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        module = self.fetch_attr(str(target))
        if isinstance(module, (Activation, LateralInhibition, Neuron)):
            return self.at(str(target), module, args[0])
        if isinstance(module, (RunningSum, RunningMean)):
            return module.function(*args)
        return args[0] if isinstance(module, Accumulate) else super().call_module(target, args, kwargs)


def in_quanta(neuron: Neuron, value: Tensor) -> Tensor:
    return value / neuron.per_unit(value).to(value.dtype)


def with_offset(x: Tensor, offset: Tensor | None, steps: int | None = None) -> Tensor:
    """The mean input of a neuron with its offset in it.

    Args:
        steps: over which the mean is taken, of an offset that changes from step to step; None: in the long run.
    """
    if offset is None:
        return x
    if offset.dim() == x.dim():  # it stays at its last row
        rows = torch.arange(steps or len(offset), device=offset.device).clamp(max=len(offset) - 1)
        offset = offset[-1] if steps is None else offset[rows].mean(0)
    return x + per_unit(offset, x).to(x)


def activations_of(snn: SpikingNetwork) -> dict[str, nn.Module]:
    """{neuron: the activation that it stands for}: what a tracking neuron follows, else the ANN's."""
    neurons = {name: module for name, module in snn.network.named_modules() if isinstance(module, Neuron)}
    return {
        name: neuron.function if isinstance(neuron, Tracking) else snn.ann.get_submodule(name)
        for name, neuron in neurons.items()
    }


def unrounded(snn: SpikingNetwork) -> Means:
    """The spiking network with neurons that emit the activation of their mean input exactly, in quanta."""
    functions = activations_of(snn)

    def at(site: str, module: nn.Module, x: Tensor) -> Tensor:
        if not isinstance(module, Neuron):
            return function_of(module)(x)
        return in_quanta(module, functions[site](with_offset(x, module.offset)))

    return Means(snn.network, at, functions.values())


def ideal(snn: SpikingNetwork, T: int, noise: torch.Generator | None = None) -> Means:
    """The spiking network with neurons that emit what they tend to in T steps: the activation within their range.

    Args:
        noise: with it, what rounding the T steps' spikes to a whole number costs: up to half a spike, either way. Who
            is silent stays so, and no sign changes: neither would by rounding.
    """

    def at(site: str, module: nn.Module, x: Tensor) -> Tensor:
        if not isinstance(module, Neuron):
            return function_of(module)(x)
        spikes = in_quanta(module, module.ideal(with_offset(x, module.offset), T))
        if noise is None:
            return spikes
        drawn = (torch.rand(spikes.shape, generator=noise) - 0.5).to(spikes)
        return spikes + drawn * (2 * T * spikes.abs()).clamp(max=1) / T

    return Means(snn.network, at)


def function_of(module: nn.Module) -> nn.Module:
    return module.function if isinstance(module, LateralInhibition) else module


def corrected_ann(snn: SpikingNetwork) -> Means:
    """The canonical ANN with the corrections of the plan, weights and currents: what the spiking network stands for."""
    ann, plan = snn.ann, snn.plan
    weights = {name: site for name, site in plan.sites.items() if site.weight is not None}
    if weights:
        layers = preceding_layers(ann, plan.sites)
        calls = {name: layers[name].name for name in weights}
        ann = clone(ann)
        nodes = {node.name: node for node in ann.graph.nodes}
        for name, site in weights.items():
            assert site.weight is not None
            put_weights(ann, nodes[calls[name]], site.weight, site.bias)
        ann.recompile()

    def at(site: str, module: nn.Module, x: Tensor) -> Tensor:
        stored = plan.sites.get(site)
        return module(with_offset(x, None if stored is None or stored.neuron is None else stored.offset))

    return Means(ann, at)
