"""The pass that makes a network whole: weights, biases, factors and thresholds rounded in the units of their groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor
from typing import Any

import torch
from torch import Tensor, fx, nn

from ...errors import UnsupportedModelError
from ...graph.graphs import free_name, graph_pass, insert_module_after, own_module, put_module, value_of
from ...neurons import Levels, Neuron, Requantise, Scale
from ...neurons.temporal import per_unit
from ...neurons.whole import WHOLE_NORMS, whole_layer
from .units import CONSTANT, LEVELS, NORMS, OF_SCALES, Source, Unit, Units, cap_of
from .values import Flow, Group

PARTS = 4  # of a level of an image: what the mean leaves over is at most an eighth of one
REACH = 512  # levels of other inputs
SLACK = 1.01  # what pixels may be beyond 0 … 1
EXACT = 1e-12  # of θ: what float64 rounds


@graph_pass
def round_inputs(
    graph_module: fx.GraphModule, normalization: Mapping[str, Any] | None, reach: Sequence[float]
) -> fx.GraphModule:
    """Whole numbers from the inputs on, and the step that they are in as a quantum.

    A step is a quarter of a level of an 8-bit image where the normalisation says what that is, so that every level has
    a whole number of its own; else 1/512 of the largest value that the conversion saw, for values up to twice that.

    Args:
        reach: the largest absolute value of each input of real numbers.
    """
    for node, largest in zip(real_inputs(graph_module), reach, strict=True):
        levels = levels_of_input(value_of(node).shape[1:], normalization, largest)
        rounded = insert_module_after(graph_module, node, f"{node.name}_levels", levels)
        scaled = insert_module_after(graph_module, rounded, f"{node.name}_step", Scale(levels.step.float()))
        node.replace_all_uses_with(scaled, delete_user_cb=lambda user, own=rounded: user is not own)
    return graph_module


def real_inputs(graph_module: fx.GraphModule) -> list[fx.Node]:
    values = {node: value_of(node) for node in graph_module.graph.find_nodes(op="placeholder")}
    return [n for n, value in values.items() if isinstance(value, Tensor) and value.is_floating_point() and value.dim()]


def levels_of_input(shape: Sequence[Any], normalization: Mapping[str, Any] | None, largest: float) -> Levels:
    if normalization is not None and len(shape) > 1 and len(normalization["std"]) == shape[0]:
        mean, std = (torch.tensor(normalization[name], dtype=torch.float64) for name in ("mean", "std"))
        step = 1 / (255 * std) / PARTS
        ends = -mean / std, (1 - mean) / std
        if largest <= SLACK * float(max(end.abs().max() for end in ends)):  # pixels from 0 to 1, as it says
            low, high = float((ends[0] / step).min()), float((ends[1] / step).max())
            return Levels(step.view(-1, *[1] * (len(shape) - 1)), floor(low), ceil(high))
    return Levels(torch.tensor((largest or 1.0) / REACH, dtype=torch.float64), -2 * REACH, 2 * REACH)


def levels_in(network: fx.GraphModule, bits: int) -> dict[str, tuple[Tensor, Tensor]]:
    """{site: (k, θ as a multiple of the unit)} of every neuron that can be whole, shaped as θ."""
    flow = Flow(network)
    units = Units(flow, bits)
    found: dict[str, tuple[Tensor, Tensor]] = {}
    for node, neuron in neurons_in(flow):
        theta = neuron.theta.double()
        group = flow.group_of(node.all_input_nodes[0])
        if group is None:
            levels = torch.full_like(theta, min(LEVELS, cap_of(neuron)))
            found[str(node.target)] = levels, theta
            continue
        unit = units.of(group)
        levels, unit_of = counted(neuron, unit, node)
        is_exact = bool(((levels * unit_of - theta).abs() <= EXACT * theta).all())
        found[str(node.target)] = levels, theta if is_exact else levels * unit_of
    return found


def counted(neuron: Neuron, unit: Unit, node: fx.Node) -> tuple[Tensor, Tensor]:
    """k and the unit, both shaped as the neuron's θ; as one per channel where units differ and θ does not."""
    theta, shaped = neuron.theta.double(), unit.shaped(node)
    value = per_unit(theta, value_of(node))
    whole = (value / shaped).round().clamp(1, cap_of(neuron))
    spread = shaped.expand_as(whole)
    if value.shape == whole.shape:
        return whole.reshape(theta.shape), spread.reshape(theta.shape)
    is_by_channel = unit.group.axis == 0
    return (whole.flatten(), spread.flatten()) if is_by_channel else (whole, spread)


def neurons_in(flow: Flow) -> list[tuple[fx.Node, Neuron]]:
    """Those whose currents are whole, or the same at every step, so that they are rounded once."""
    found: list[tuple[fx.Node, Neuron]] = []
    for node in flow.network.graph.nodes:
        module = flow.module(node)
        if isinstance(module, Neuron) and module.can_be_whole:
            read = node.all_input_nodes[0]
            if flow.of(read).kind == "current" or read not in flow.varying:
                found.append((node, module))
    return found


@graph_pass
def make_whole(network: fx.GraphModule, bits: int) -> fx.GraphModule:
    """Round every layer, residual factor and threshold whose input is whole; the neurons know their levels.

    What stays analog is handed currents times their unit; what is not affine stays as it was.

    Raises:
        UnsupportedModelError: currents that do not fit 24 bits, or nothing that could be made whole.
    """
    flow = Flow(network)
    units = Units(flow, bits)
    whole = {node for node, neuron in neurons_in(flow) if neuron.levels is not None}
    if not whole:
        raise UnsupportedModelError(
            "no neuron reads whole numbers", got="analog values before every neuron", remedy="leave weight_bits out"
        )
    floats = {node: floats_of(flow, node, whole) for node in list(network.graph.nodes)}
    for node in list(network.graph.nodes):
        group = flow.group_of(node)
        if group is not None and node in flow.root(group).sources:
            put_source(flow, node, units.of(group), bits)
    for group in {flow.root(g) for node in flow.values if (g := flow.group_of(node)) is not None}:
        for constant in dict.fromkeys(group.constants):
            round_constant(flow, constant, group, units.of(group))
    for node in whole:
        read = node.all_input_nodes[0]
        if flow.of(read).kind == "other":
            neuron = units.neuron(node)
            assert neuron.levels is not None
            step = per_unit(neuron.theta.double() / neuron.levels, value_of(node))
            rounded = insert_module_after(network, read, f"{node.target}_levels", Levels(step, -CONSTANT, CONSTANT))
            node.replace_input_with(read, rounded)
    for node, users in floats.items():
        group = flow.group_of(node)
        if users and group is not None:
            factor = units.of(group).shaped(node).float()
            scaled = insert_module_after(network, node, f"{node.name}_unit", Scale(factor))
            for user in users:
                user.replace_input_with(node, scaled)
    return network


def floats_of(flow: Flow, node: fx.Node, whole: set[fx.Node]) -> list[fx.Node]:
    """The users of a current that take it in the unit of the activation."""
    if flow.of(node).kind != "current":
        return []
    return [
        user
        for user in node.users
        if user.op == "output"
        or (isinstance(flow.module(user), Neuron) and user not in whole)
        or (flow.of(user).kind == "other" and user in flow.values)
    ]


def put_source(flow: Flow, node: fx.Node, unit: Unit, bits: int) -> None:
    """The rounded layer in place of the network's own."""
    source = next(source for source in unit.sources if source.node is node)
    value, network = unit.value, flow.network
    most = OF_SCALES if isinstance(source.layer, Scale) else 2 ** (bits - 1) - 1
    weight = source.whole(value, unit.group.axis).clamp(-most, most)
    if source.shift:
        put_shift(flow, node, source)
    if isinstance(source.layer, Scale):
        own_module(network, node, Scale(weight.float()))
        return
    if isinstance(source.layer, NORMS):
        assert source.bias is not None
        own_module(network, node, whole_norm(source.layer, weight, (source.bias / value).round()))
        return
    bias = None if source.bias is None else (source.bias / value).round()
    extent = (int(source.extent[0]), int(source.extent[1]))
    layer = whole_layer(source.layer, weight, bias, extent, bits)
    assert layer is not None
    own_module(network, node, layer)


def put_shift(flow: Flow, node: fx.Node, source: Source) -> None:
    network, read = flow.network, node.all_input_nodes[0]
    if read in flow.varying:
        shift: nn.Module = Requantise(source.shift)
    else:
        shift = Levels(torch.tensor(2.0**source.shift), -(2**24), 2**24)
    node.replace_input_with(read, insert_module_after(network, read, f"{node.target}_shift", shift))


def whole_norm(layer: Any, slope: Tensor, shift: Tensor) -> nn.Module:
    kind = next(whole for source, whole in WHOLE_NORMS.items() if isinstance(layer, source))
    norm = kind(len(slope), eps=0.0)
    norm.weight, norm.bias = (nn.Parameter(value.float(), requires_grad=False) for value in (slope, shift))
    return norm.eval()


def round_constant(flow: Flow, constant: fx.Node, group: Group, unit: Unit) -> None:
    """What is added to a group without being in its unit is rounded, for those that add it."""
    network = flow.network
    users = [user for user in constant.users if flow.group_of(user) is group]
    step = unit.shaped(users[0])
    path = free_name(network, f"{constant.name}_levels")
    put_module(network, path, Levels(step, -CONSTANT, CONSTANT))
    with network.graph.inserting_after(constant):
        rounded = network.graph.call_module(path, (constant,))
    rounded.meta = dict(constant.meta)
    for user in users:
        user.replace_input_with(constant, rounded)
