"""A spiking network cut in two: what is constant in time, computed once, and what runs at every step."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx

from ..graph.codegen import graph_module_of, new_graph
from ..graph.graphs import value_of
from ..graph.names import name_of
from ..graph.time_varying import batch_dims, batch_symbols, varies_in_time
from ..neurons import Neuron, RunningMean, Scale, Temporal
from ..neurons.kernels.dispatch import Parts
from ..neurons.kernels.layout import Layout

VIEWS = {torch.ops.aten.view.default, torch.ops.aten._unsafe_view.default}


@dataclass(frozen=True)
class TimeProgram:
    """Two functions over the modules of one network.

    prefix(*inputs) → the values that do not vary in time and that the body needs.
    body(state, steps, keep, *values) → (output leaves, {site: new state}), time folded into the batch; states that are
        not kept may be None.
    """

    prefix: Callable[..., Any]
    body: Callable[..., Any]

    def compiled(self, **options: Any) -> TimeProgram:
        """The same program, both parts through torch.compile."""
        prefix, body = torch.compile(self.prefix, **options), torch.compile(self.body, **options)
        return replace(self, prefix=prefix, body=body)


def split_time(network: fx.GraphModule) -> TimeProgram:
    """Split at the first neurons. The network itself is left as it is; both parts share its modules."""
    splitter = _Splitter(network)
    return TimeProgram(*splitter.parts())


def repeat_in_time(x: Tensor, steps: int, dim: int = 0) -> Tensor:
    """[B, …] → [steps·B, …], time-major; `dim` is where the batch is."""
    return Layout.of(x).laid(torch.cat([x] * steps, dim) if steps > 1 else x)


def of_any_layout(node: fx.Node) -> fx.Node:
    """A view takes one layout of memory, a reshape takes all."""
    if node.target in VIEWS:
        node.target = torch.ops.aten.reshape.default
    return node


def parts_of(current: Tensor, varies: bool, spikes: Tensor, spikes_vary: bool, factor: Tensor) -> Parts:
    """A residual add as a neuron takes it, which adds it up itself."""
    return Parts(current, varies, spikes, spikes_vary, factor)


def times(size: int, steps: int) -> int:
    """A size that counts samples, once time is folded into the batch."""
    return size * steps


def sample_numbers(graph: fx.Graph, symbols: set[object]) -> set[fx.Node]:
    """Whole numbers made of the numbers of the samples, as arange(B) in x[arange(B), i]: indices into the batch, which
    is larger where time is folded into it."""
    found: set[fx.Node] = set()
    for node in graph.nodes:
        value = value_of(node)
        is_whole = isinstance(value, Tensor) and not value.is_floating_point()
        counts = name_of(node) == "arange" and bool(batch_dims(node, symbols))
        if is_whole and (counts or any(source in found for source in node.all_input_nodes)):
            found.add(node)
    return found


@dataclass
class _Splitter:
    network: fx.GraphModule

    def __post_init__(self) -> None:
        nodes = self.network.graph
        self.varying = varies_in_time(nodes, self.is_temporal)
        self.symbols = batch_symbols(nodes)
        self.prefix, self.body = new_graph(), new_graph()
        self.state = self.body.placeholder("state")
        self.steps, self.keep = self.body.placeholder("steps"), self.body.placeholder("keep")
        self.passed: dict[fx.Node, fx.Node] = {}  # constant node → its placeholder in the body
        self.repeated: dict[fx.Node, fx.Node] = {}
        self.copies: dict[fx.Node, fx.Node] = {}  # node → its copy in the body
        self.states: dict[str, fx.Node] = {}
        self.numbers = sample_numbers(nodes, self.symbols)
        self.recounted: set[fx.Node] = set()  # those that the body reads: it counts its own samples

    def is_temporal(self, node: fx.Node) -> bool:
        return node.op == "call_module" and isinstance(self.network.get_submodule(str(node.target)), Temporal)

    def parts(self) -> tuple[fx.GraphModule, fx.GraphModule]:
        in_prefix: dict[fx.Node, fx.Node] = {}
        for node in self.network.graph.nodes:
            from_body = any(source not in in_prefix for source in node.all_input_nodes)  # the size of a varying tensor
            if node.op != "output" and node not in self.varying and not from_body:
                in_prefix[node] = of_any_layout(self.prefix.node_copy(node, in_prefix.__getitem__))
        for node in reversed(in_prefix):
            if node in self.numbers and any(user not in in_prefix or user in self.recounted for user in node.users):
                self.recounted.add(node)
        last_placeholder = self.keep
        for node in in_prefix:
            if node.op == "get_attr" or node in self.recounted:
                continue
            if any(user not in in_prefix or user in self.recounted for user in node.users):
                with self.body.inserting_after(last_placeholder):
                    self.passed[node] = last_placeholder = self.body.placeholder(f"value_{len(self.passed)}")
        self.prefix.output(tuple(in_prefix[node] for node in self.passed))
        leaves: tuple[Any, ...] = ()
        for node in self.network.graph.nodes:
            if node.op == "output":
                leaves = tuple(node.args[0])
            elif node not in in_prefix and not self.is_in_parts(node):
                self.copies[node] = self.copy(node)
        outputs = [self.read(leaf) if isinstance(leaf, fx.Node) else leaf for leaf in leaves]
        self.body.output((outputs, self.states))
        return self.share(self.prefix), self.share(self.body)

    def copy(self, node: fx.Node) -> fx.Node:
        if not self.is_temporal(node):
            return of_any_layout(self.body.node_copy(node, self.read))
        site = str(node.target)
        sources = [source for source in node.args if isinstance(source, fx.Node)]
        values = tuple(self.unrepeated(source) for source in sources if not self.is_in_parts(source))
        varying = tuple(map(self.is_folded, sources))
        is_mean = isinstance(self.network.get_submodule(site), RunningMean)  # the only one of several inputs
        if self.is_in_parts(sources[0]):
            value, varies = self.residual(sources[0]), True
        else:
            value, varies = (values, varying) if is_mean else (values[0], varying[0])
        before = self.body.call_method("get", (self.state, site))
        result = self.body.call_module(site, (value, before, self.steps, varies, self.keep))
        output = self.body.call_function(operator.getitem, (result, 0))
        self.states[site] = self.body.call_function(operator.getitem, (result, 1))
        return output

    def is_in_parts(self, node: fx.Node) -> bool:
        """Whether it is a residual add that one neuron reads, and nothing else."""
        user = next(iter(node.users), None)
        if user is None or len(node.users) > 1 or len(node.args) < 2 or {node.op, user.op} != {"call_module"}:
            return False
        modules = (self.network.get_submodule(str(call.target)) for call in (node, user))
        return all(isinstance(module, kind) for module, kind in zip(modules, (Scale, Neuron)))

    def residual(self, node: fx.Node) -> fx.Node:
        spikes, current = (source for source in node.args if isinstance(source, fx.Node))
        factor = self.body.get_attr(f"{node.target}.factor")
        terms = [part for source in (current, spikes) for part in (self.unrepeated(source), self.is_folded(source))]
        return self.body.call_function(parts_of, (*terms, factor))

    def unrepeated(self, node: fx.Node) -> fx.Node:
        """The body's version of a value as a module with a state takes it: constants as they are."""
        return self.passed[node] if node in self.passed else self.read(node)

    def is_folded(self, node: fx.Node) -> bool:
        """Whether that version has time folded in: it varies, or is made in the body in the shape of what varies."""
        made = node in self.copies and node.op != "get_attr"
        return node in self.varying or (made and bool(batch_dims(node, self.symbols)))

    def read(self, node: fx.Node) -> fx.Node:
        """The body's version of a value: its own, a parameter, or a constant repeated over the chunk's steps."""
        if node in self.copies:
            return self.copies[node]
        if node.op == "get_attr":
            return self.copies.setdefault(node, self.body.node_copy(node))
        if node in self.recounted:
            self.copies[node] = self.body.node_copy(node, self.read)
            return self.copies[node]
        value = value_of(node)
        if isinstance(value, torch.SymInt) and value.node.expr.free_symbols & self.symbols:
            return self.repeated.setdefault(node, self.body.call_function(times, (self.passed[node], self.steps)))
        if isinstance(value, Tensor) and (dims := batch_dims(node, self.symbols)):
            if node not in self.repeated:
                arguments = (self.passed[node], self.steps, dims[0])
                self.repeated[node] = self.body.call_function(repeat_in_time, arguments)
            return self.repeated[node]
        return self.passed[node]

    def share(self, graph: fx.Graph) -> fx.GraphModule:
        """A module that runs `graph` on the network's own modules and tensors: the same dicts, so that moving or
        loading the network moves and loads these too."""
        part = graph_module_of(self.network, graph)
        for name in ("_modules", "_parameters", "_buffers"):
            part.__dict__[name] = self.network.__dict__[name]
        part.graph.lint()
        return part
