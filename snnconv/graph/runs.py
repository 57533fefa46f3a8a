"""Runs of operations that are one activation together: which of them, and what site they make."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import fx, nn

from .activations import constant, match_activation
from .composed import Composed, compose, is_composed
from .elementwise import CANDIDATES, Elementwise
from .graphs import value_of
from .names import name_of
from .op import analog_kind
from .operations import is_affine
from .recognise import recognised, with_levels
from .regions import Regions

LONGEST = 40  # values that an activation goes through
# Of these alone, functions of powers: they stay products of means.
POWERS = {
    "mul",
    "pow",
    "square",
    "add",
    "sub",
    "rsub",
    "neg",
    "div",
    "to",
    "_to_copy",
    "clone",
    "detach",
    "sqrt",
    "rsqrt",
}
# What gives a function steps.
STEPS = {
    "round", "floor", "ceil", "trunc", "fix", "floor_divide", "to", "_to_copy", "gt", "lt", "ge", "le", "div", "sign",
    "heaviside", "remainder", "fmod", "frac",
}  # fmt: skip
COPIES = {"clone", "contiguous", "detach", "alias", "lift_fresh_copy", "to", "_to_copy", "type_as"}


@dataclass(frozen=True)
class Run:
    """Operations that become one site.

    Attributes:
        source: what the site reads. module: the site. hidden: operations that nothing else reads.
        path: of the site, where the program of a saved network says it.
    """

    source: fx.Node
    module: nn.Module
    hidden: frozenset[fx.Node]
    path: str | None = None

    @property
    def name(self) -> str:
        """`silu`, `relu`, `clip`, `levels` or, of a function without a name, `composed`."""
        if isinstance(self.module, Elementwise):
            return self.module.name
        if isinstance(self.module, Composed):
            return "composed" if self.module.levels is None else "levels"
        return "relu" if getattr(self.module, "ceiling", None) is None else "clip"


def find_runs(graph_module: fx.GraphModule) -> dict[fx.Node, Run]:
    """{last operation: its run}: the longest that are a known activation, or levels; where there is none, those that
    no neuron could follow part by part, as x·σ(1.7x) or x rounded to whole numbers."""
    runs = saved_runs(graph_module)
    inside = {node for run in runs.values() for node in run.hidden} | set(runs)
    regions = Regions(graph_module)
    for last in reversed(list(regions.parent)):
        if last in inside or not is_real(last):
            continue
        run = run_to(regions, last)
        if run is not None:
            runs[last] = run
            inside |= run.hidden | {last}
    return runs


def run_to(regions: Regions, last: fx.Node) -> Run | None:
    """The run that ends at an operation, or None if it is not an activation, or is one operation: a site itself."""
    chain = regions.above(last, LONGEST + 1)
    sources = [node for after, node in pairwise(chain) if is_real(node) and not is_same(after)]
    spans = [(source, regions.between(source, last)) for source in reversed(sources)]
    if is_same(last) or not spans:
        return None
    if are_sites(regions, spans[0][1], last):  # then those inside are, too: a long chain is looked at once
        return unfollowed(regions, last, *spans[-1])
    second: Run | None = None
    for source, nodes in spans:
        if not any(map(regions.is_bent, nodes)) or are_sites(regions, nodes, last):
            continue
        function = compose(regions.graph_module, source, nodes)
        if function is None:
            continue
        known = recognised(function)
        if known is not None:
            return made(source, last, nodes, known)
        if any(name_of(node) in STEPS for node in nodes) and with_levels(function):
            if not function.tracked:
                return made(source, last, nodes, function)
            second = second or made(source, last, nodes, function)
    return second or unfollowed(regions, last, *spans[-1])


def unfollowed(regions: Regions, last: fx.Node, source: fx.Node, nodes: Sequence[fx.Node]) -> Run | None:
    """The run from the nearest value that everything passes, unless it is a sum of functions that can be followed.

    A product or a choice of several functions of one value would be analog; powers stay so. Where something else reads
    one of these functions it is a site of its own, and the product stays what it is.
    """
    graph_module = regions.graph_module
    varying = {source, *(node for node in nodes if node in regions.parent)}
    parts = [node for node in nodes if node in regions.parent]
    if all(name_of(node) in POWERS for node in parts) or all(can_be_followed(graph_module, n, varying) for n in parts):
        return None
    read = any(is_real(node) and node is not last and set(node.users) - set(nodes) for node in parts)
    joint_is_analog = all(
        can_be_followed(graph_module, n, varying) or analog_kind(name_of(n)) is not None for n in parts
    )
    if read and joint_is_analog:
        return None
    function = compose(graph_module, source, nodes)
    if function is None:
        return None
    with_levels(function)
    return made(source, last, nodes, function)


def can_be_followed(graph_module: fx.GraphModule, node: fx.Node, varying: set[fx.Node]) -> bool:
    """Whether it is affine, a site, or a function of one value that has an analog form."""
    is_one = sum(source in varying for source in node.all_input_nodes) == 1
    if node.op == "call_module" or is_site(graph_module, node) or is_affine(graph_module, node, varying):
        return True
    return is_real(node) and is_one and analog_kind(name_of(node)) is not None and not twice(node, varying)


def twice(node: fx.Node, varying: Container[fx.Node]) -> bool:
    """x·x counts x twice."""
    return sum(argument in varying for argument in node.args if isinstance(argument, fx.Node)) > 1


def is_site(graph_module: fx.GraphModule, node: fx.Node) -> bool:
    if match_activation(graph_module, node) is not None:
        return True
    bounds = [*node.args[1:], *node.kwargs.values()] if name_of(node) == "clamp" else []
    is_bounded = not any(isinstance(constant(graph_module, bound), fx.Node) for bound in bounds)
    return name_of(node) in CANDIDATES and name_of(node) != "div" and is_bounded


def are_sites(regions: Regions, nodes: Sequence[fx.Node], last: fx.Node) -> bool:
    """One operation after the other, the last a site as it stands: relu(x), or relu6(relu(x))."""
    parts = [node for node in nodes if node in regions.parent]
    is_chain = all(len(regions.varying(node)) == 1 and not twice(node, regions.parent) for node in parts)
    ends_in_site = last.op == "call_module" or is_site(regions.graph_module, last)
    varying = set(nodes)
    return ends_in_site and is_chain and all(can_be_followed(regions.graph_module, n, varying) for n in parts)


def is_same(node: fx.Node) -> bool:
    """Whether it hands on the same numbers."""
    return name_of(node) in COPIES and is_real(node) and all(map(is_real, node.all_input_nodes[:1]))


def is_real(node: fx.Node) -> bool:
    value = value_of(node)
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def made(source: fx.Node, last: fx.Node, nodes: Iterable[fx.Node], module: nn.Module) -> Run:
    hidden = {node for node in nodes if node is not last}
    while read := {node for node in hidden if set(node.users) - hidden - {last}}:
        hidden -= read
    return Run(source, module, frozenset(hidden))


def saved_runs(graph_module: fx.GraphModule) -> dict[fx.Node, Run]:
    """The composed sites of a canonical network that was saved: which operations, its program says."""
    groups: dict[str, list[fx.Node]] = {}
    for node in graph_module.graph.nodes:
        if node.op == "call_function" and (path := is_composed(node)) is not None:
            groups.setdefault(path, []).append(node)
    runs: dict[fx.Node, Run] = {}
    for path, nodes in groups.items():
        members, last = set(nodes), nodes[-1]
        read = {s for node in nodes for s in node.all_input_nodes if s.op != "get_attr"} - members
        source = next(iter(read)) if len(read) == 1 else None
        function = None if source is None else compose(graph_module, source, nodes)
        if source is not None and function is not None:
            with_levels(function)
            runs[last] = Run(source, function, frozenset(members - {last}), path)
    return runs
