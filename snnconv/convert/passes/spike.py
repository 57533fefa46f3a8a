"""Clips become spiking neurons; what stays analog follows the running sum of its input."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, fx

from ...neurons import NEURONS, Accumulate, LateralInhibition, Neuron, RunningClip, RunningSum, Scale
from ...neurons.temporal import per_unit
from ...plan import SitePlan
from ..graphs import graph_pass, insert_module_after, own_module, put_module
from ..timing import varies_in_time
from .feeding import feeding_layers, put_weights
from .sites import MAX_POOL_MODULES, activation_sites


@graph_pass
def spike(graph_module: fx.GraphModule, sites: Mapping[str, SitePlan], maxpool: str = "exact") -> fx.GraphModule:
    """Put the planned neuron at each activation site, followed by an explicit `Scale` that holds its quantum θ.

    Sites planned without a neuron, and max poolings, become running sums where their input varies in time; where it is
    constant they stay what they were and are computed once.

    Args:
        maxpool: "lipool" for max pooling by lateral inhibition in place of running sums.
    """
    layers = feeding_layers(graph_module, sites)
    neurons: set[fx.Node] = set()
    for name, node in activation_sites(graph_module).items():
        plan = sites[name]
        if plan.neuron is None:
            continue
        assert plan.threshold is not None
        neuron = NEURONS[plan.neuron](plan.threshold, **plan.options)
        neuron.correct(offset=plan.offset, potential=plan.potential)
        if (ceiling := getattr(graph_module.get_submodule(name), "ceiling", None)) is not None:
            neuron.saturate(ceiling)
        put_module(graph_module, name, neuron)
        if plan.weight is not None:
            put_weights(graph_module, layers[name], plan.weight, plan.bias)
        neurons.add(node)
        sent = insert_module_after(graph_module, node, f"{name}_mean", Accumulate()) if neuron.differential else node
        scale = insert_module_after(graph_module, sent, f"{name}_quantum", Scale(quantum_of(neuron, node)))
        node.replace_all_uses_with(scale, delete_user_cb=lambda user, ours=(sent, scale): user not in ours)
    varying = varies_in_time(graph_module.graph, neurons.__contains__)
    for node in list(graph_module.graph.nodes):
        if node.op != "call_module" or node in neurons or node not in varying:
            continue
        module = graph_module.get_submodule(str(node.target))
        if isinstance(module, MAX_POOL_MODULES) or str(node.target) in sites:
            ceiling = getattr(module, "ceiling", None)
            kind = LateralInhibition if maxpool == "lipool" and isinstance(module, MAX_POOL_MODULES) else RunningSum
            own_module(graph_module, node, kind(module) if ceiling is None else RunningClip(ceiling))
    return graph_module


def quantum_of(neuron: Neuron, node: fx.Node) -> Tensor:
    """θ shaped for one sample of the site's output: [], [C, 1, …] or [C, H, W]."""
    theta = neuron.theta
    value = node.meta["val"]
    assert isinstance(value, torch.Tensor)
    return per_unit(theta, value)
