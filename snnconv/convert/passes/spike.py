"""Clips become spiking neurons; what stays analog follows the running sum of its input."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, fx

from ...errors import InputError
from ...graph.activations import Activation
from ...graph.graphs import (
    attribute,
    free_name,
    graph_pass,
    insert_module_after,
    is_inside,
    own_module,
    put_module,
    value_of,
)
from ...graph.preceding_layer import preceding_layers, put_weights
from ...graph.sites import MAX_POOL_MODULES, activation_sites
from ...graph.time_varying import captured_size, varies_in_time
from ...neurons import NEURONS, Accumulate, LateralInhibition, Neuron, RunningMean, RunningSum, Scale
from ...neurons.temporal import per_unit
from ...plan import SitePlan
from .running_means import follow_means


@graph_pass
def spike(graph_module: fx.GraphModule, sites: Mapping[str, SitePlan], maxpool: str = "exact") -> fx.GraphModule:
    """Put the planned neuron at each activation site, followed by an explicit `Scale` that holds its quantum θ.

    Max poolings become running sums where their input varies in time; sites planned without a neuron, and operations
    that are not affine in what varies, functions of running means. Where the input is constant they stay what they were
    and are computed once.

    Args:
        maxpool: "lipool" for max pooling by lateral inhibition in place of running sums.
    """
    layers = preceding_layers(graph_module, sites)
    neurons: set[fx.Node] = set()
    for name, node in activation_sites(graph_module).items():
        plan = sites[name]
        if plan.neuron is None:
            continue
        assert plan.threshold is not None
        for kind in ("threshold", "offset", "potential", "levels"):
            require_fits(kind, getattr(plan, kind), node)
        neuron = NEURONS[plan.neuron](plan.threshold, **plan.options)
        neuron.correct(offset=plan.offset, potential=plan.potential)
        activation = graph_module.get_submodule(name)
        assert isinstance(activation, Activation)
        if activation.ceiling is not None:
            neuron.saturate(activation.ceiling)
        neuron.follow(activation)
        if plan.levels is not None:
            neuron.make_whole(plan.levels)
        keep_shared(graph_module, name)
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
        if isinstance(module, MAX_POOL_MODULES):
            kind = LateralInhibition if maxpool == "lipool" else RunningSum
            own_module(graph_module, node, kind(module))
        elif isinstance(module, Activation):
            running = RunningSum(module) if is_relu(module) else RunningMean(module, kind="activation")
            own_module(graph_module, node, running)
    return follow_means(graph_module, varying)


def require_fits(kind: str, value: Tensor | None, node: fx.Node) -> None:
    """One value, one per channel or one per neuron, offsets also one per step.

    Raises:
        InputError: another shape; a file may hold any.
    """
    shape = [captured_size(size) for size in value_of(node).shape[1:]]
    x = torch.empty((1, *shape), device="meta")
    if value is None:
        return
    one = value[:1] if kind == "offset" and value.dim() == x.dim() else value
    try:
        fits = torch.broadcast_shapes(per_unit(one, x).shape, x.shape) == x.shape
    except RuntimeError:
        fits = False
    if not fits:
        raise InputError(
            f"the {kind} does not fit its site", where=str(node.target),
            expected=f"one value, one per channel or one per neuron of {shape}", got=str(list(value.shape)),
        )  # fmt: skip


def keep_shared(graph_module: fx.GraphModule, site: str) -> None:
    """Give tensors of a site that other operations read, as a step that is a parameter of both, a place of their own:
    the neuron that comes does not hold them."""
    for node in graph_module.graph.nodes:
        if node.op == "get_attr" and is_inside(str(node.target), site) and node.users:
            value, path = attribute(graph_module, str(node.target)), free_name(graph_module, f"{node.name}_shared")
            graph_module.register_buffer(path, value.detach())
            node.target = path


def is_relu(activation: Activation) -> bool:
    """Whether f(cx) = c·f(x) for c > 0, so that the sum will do for the mean."""
    return type(activation) is Activation and activation.ceiling is None


def quantum_of(neuron: Neuron, node: fx.Node) -> Tensor:
    """θ shaped for one sample of the site's output: [], [C, 1, …] or [C, H, W]."""
    theta = neuron.theta
    value = node.meta["val"]
    assert isinstance(value, torch.Tensor)
    return per_unit(theta, value)
