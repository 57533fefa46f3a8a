"""What flows where in a network whose quanta are folded: spikes, currents, or anything else.

Currents that are added, pooled or moved without being weighed have one unit between them: they are a group.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, fx, nn

from ...errors import UnsupportedModelError
from ...graph.graphs import value_of
from ...graph.names import argument_of, name_of
from ...graph.op import names
from ...graph.operands import operands
from ...graph.sites import MAX_POOL_MODULES
from ...graph.time_varying import size_at, varies_in_time
from ...neurons import LateralInhibition, Levels, Neuron, RunningSum, Scale, Temporal
from ...neurons.whole import SUM_POOLS, WHOLE, sizes
from ..passes.scale_rules import pads_with_zero

LAYERS = tuple(WHOLE)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
IN_PLACE = {"clone", "contiguous", "detach", "alias", "lift_fresh_copy", "positive"}  # every element stays where it is
MOVES = names("moves", "joins", "parts") | {"getitem"}
Extent = tuple[int, int]


@dataclass(eq=False)
class Group:
    """Values of one unit: one for each channel, or one for all (`uniform`) where something moves elements about.

    Attributes:
        sources: layers and scales whose output it is. neurons: those that read it. constants: what is added to it.
        channels: how many. axis: where they are, among the dimensions of one sample.
        times: how many of its values a sum pool adds up at most.
    """

    sources: list[fx.Node] = field(default_factory=list)
    neurons: list[fx.Node] = field(default_factory=list)
    constants: list[fx.Node] = field(default_factory=list)
    channels: int = 1
    axis: int = 0
    uniform: bool = False
    times: int = 1


@dataclass(frozen=True)
class Value:
    """Attributes:
    kind: "spikes", whole numbers within `extent`; "current", whole in the unit of its group; "other".
    """

    kind: Literal["spikes", "current", "other"]
    extent: Extent = (0, 0)
    group: Group | None = None


OTHER = Value("other")


class Flow:
    """The values of a network, found in one walk."""

    def __init__(self, network: fx.GraphModule) -> None:
        self.network = network
        self.values: dict[fx.Node, Value] = {}
        self.merged: dict[Group, Group] = {}
        self.varying = varies_in_time(network.graph, self.is_temporal)
        for node in network.graph.nodes:
            if node.op != "output" and isinstance(value_of(node), (Tensor, list, tuple)):
                self.values[node] = self.value(node)

    def of(self, node: fx.Node) -> Value:
        return self.values.get(node, OTHER)

    def group_of(self, node: fx.Node) -> Group | None:
        group = self.of(node).group
        return None if group is None else self.root(group)

    def root(self, group: Group) -> Group:
        while group in self.merged:
            group = self.merged[group]
        return group

    def module(self, node: fx.Node) -> nn.Module | None:
        return self.network.get_submodule(str(node.target)) if node.op == "call_module" else None

    def is_temporal(self, node: fx.Node) -> bool:
        return isinstance(self.module(node), Temporal)

    def value(self, node: fx.Node) -> Value:
        module = self.module(node)
        sources = [source for source in node.all_input_nodes if isinstance(value_of(source), Tensor)]
        first = self.of(sources[0]) if sources else OTHER
        if isinstance(module, Levels):
            return Value("spikes", (module.low, module.high))
        if isinstance(module, Neuron):
            if first.kind == "current" and module.can_be_whole:
                assert first.group is not None
                self.root(first.group).neurons.append(node)
            if module.differential:
                raise UnsupportedModelError(
                    "differences are decoded to means, which are not whole numbers", where=str(node.target),
                    remedy="convert with another method, such as auto or sdm, or leave weight_bits out",
                )  # fmt: skip
            return Value("spikes", module.extent)
        if isinstance(module, Scale) and len(sources) == 1:
            return self.source(node) if first.kind != "other" else OTHER
        if isinstance(module, Scale):
            return self.sum_of(node, sources[1:], self.source(node) if first.kind != "other" else OTHER)
        if isinstance(module, (*LAYERS, *NORMS)):
            return self.source(node) if first.kind != "other" and is_weighed(module) else OTHER
        if isinstance(module, LateralInhibition):
            return self.inhibited(module, node, first)
        if isinstance(module, (RunningSum, *MAX_POOL_MODULES)):
            return first
        if isinstance(module, SUM_POOLS) or name_of(node) == "sum":
            return self.summed(node, module, first)
        if module is not None:
            return OTHER
        return self.of_function(node, sources)

    def source(self, node: fx.Node) -> Value:
        """A group of its own, from a layer or a scale on."""
        module = self.module(node)
        rank = value_of(node).dim() - 1
        axis = rank - 1 if isinstance(module, nn.Linear) else 0
        channels = value_of(node).shape[axis + 1] if rank else 1
        is_known = rank > 0 and isinstance(channels, int)
        return Value("current", group=Group([node], [], [], channels if is_known else 1, axis, not is_known))

    def inhibited(self, module: LateralInhibition, node: fx.Node, first: Value) -> Value:
        pool = module.function
        window, stride = (sizes(getattr(pool, name)) for name in ("kernel_size", "stride"))
        if window != stride or first.kind != "spikes":
            raise UnsupportedModelError(
                "lateral inhibition over windows that overlap has no largest output", where=str(node.target),
                remedy="maxpool='exact', or leave weight_bits out",
            )  # fmt: skip
        return first

    def summed(self, node: fx.Node, module: nn.Module | None, first: Value) -> Value:
        if first.kind == "other":
            return OTHER
        source = node.all_input_nodes[0]
        if module is None:
            count = elements(source) // max(1, elements(node))
        else:
            count = torch.Size(sizes(module.kernel_size)).numel()  # type: ignore[arg-type]
        if first.kind == "spikes":
            return Value("spikes", (first.extent[0] * count, first.extent[1] * count))
        assert first.group is not None
        self.root(first.group).times *= count
        return self.moved(first) if module is None else first

    def moved(self, value: Value) -> Value:
        if value.group is not None:
            self.root(value.group).uniform = True
        return value

    def of_function(self, node: fx.Node, sources: list[fx.Node]) -> Value:
        name = name_of(node)
        if name in names("pads") and pads_with_zero(node):
            return self.of(sources[0])
        if name in {"add", "sub"} and argument_of(node, "alpha") in (None, 1) and len(node.args) == 2:
            terms = [term for term in node.args if isinstance(term, fx.Node)]
            if len(terms) == 2 and value_of(terms[0]).shape == value_of(terms[1]).shape:
                return self.sum_of(node, terms)
            return OTHER
        if name == "neg":
            value = self.of(sources[0])
            return value if value.kind == "current" else OTHER
        if name in MOVES and sources:
            data = [self.of(operand.node) for operand in operands(node) if operand.role == "data"]
            return self.joined(data, name)
        return OTHER

    def joined(self, data: list[Value], name: str) -> Value:
        kinds = {value.kind for value in data}
        if kinds == {"spikes"}:
            return Value("spikes", (min(v.extent[0] for v in data), max(v.extent[1] for v in data)))
        if kinds != {"current"}:
            return OTHER
        for value in data[1:]:
            self.join(data[0], value)
        return data[0] if name in IN_PLACE else self.moved(data[0])

    def sum_of(self, node: fx.Node, terms: list[fx.Node], own: Value | None = None) -> Value:
        """A sum is whole if its terms are currents, or constant in time: these are rounded once."""
        values = {term: self.of(term) for term in terms}
        currents = [value for value in (*([own] if own else []), *values.values()) if value.kind == "current"]
        constants = [term for term, value in values.items() if value.kind == "other" and term not in self.varying]
        if not currents or len(currents) + len(constants) < len(terms) + (own is not None):
            return OTHER
        for value in currents[1:]:
            self.join(currents[0], value)
        assert currents[0].group is not None
        self.root(currents[0].group).constants += constants
        return currents[0]

    def join(self, one: Value, other: Value) -> None:
        assert one.group is not None
        assert other.group is not None
        first, second = self.root(one.group), self.root(other.group)
        if first is second:
            return
        first.sources += second.sources
        first.neurons += second.neurons
        first.constants += second.constants
        first.uniform |= second.uniform or (first.channels, first.axis) != (second.channels, second.axis)
        first.times = max(first.times, second.times)
        self.merged[second] = first


def is_weighed(module: nn.Module) -> bool:
    """Whether its borders are zeros, and its statistics fixed."""
    if isinstance(module, NORMS):
        return module.running_mean is not None
    return getattr(module, "padding_mode", "zeros") == "zeros"


def elements(node: fx.Node) -> int:
    return torch.Size(size_at(size, 1) for size in value_of(node).shape).numel()
