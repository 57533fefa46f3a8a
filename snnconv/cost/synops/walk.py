"""Finding out how a network is wired: one walk over its graph, the values of which are classified on the way.

CONSTANT  no neuron before it: computed once;
SPIKES    whole numbers fired by one or several sources, moved, joined or averaged, but not weighed by a layer;
FLOAT     anything else that varies in time: currents, scaled spikes.

The fan-out of a spike is a gradient: the events that reach a layer are run through the operations before it from
float64 leaves at the sources, and the layer's sum of products is differentiated with respect to these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from ...convert.passes.absorb import is_per_channel
from ...graph.analog import Operation, macs_at
from ...graph.graphs import attribute, value_of
from ...graph.op import names
from ...graph.places import site_of
from ...graph.quantities import rule_of
from ...graph.time_varying import at_shapes, batch_dims, batch_symbols, size_at, varies_in_time
from ...network import SpikingNetwork
from ...neurons import Accumulate, Neuron, Requantise, RunningMean, RunningSum, Scale, Temporal, WholeLayer
from ...neurons.codes import Code
from .calls import Call, call_of, elements, sizes
from .layers import BATCH, SUMS, factors, layer_of
from .parts import Connectivity, Layer, Source, Synapse
from .patterns import AVERAGES, PATTERNS, TERMS, keeps_spikes

NORMS = {"batch_norm", "batch_norm1d", "batch_norm2d", "batch_norm3d", "_native_batch_norm_legit_no_training"}
MULTIPLIES = names("gates", "quotients")
ANALOG_BEFORE = "what they read comes from analog operators"


def wiring(snn: SpikingNetwork, shapes: Sequence[tuple[int, ...]] | None = None) -> Connectivity:
    """Sources, synapses and all other work of a network, for one sample. Runs no neuron and changes nothing.

    Args:
        shapes: of one sample of every input; None: those that it was converted for.
    """
    with at_shapes(snn.network.graph, shapes):
        return wiring_of(snn.network)


def wiring_of(network: fx.GraphModule) -> Connectivity:
    with torch.inference_mode(False), torch.enable_grad():
        return FanOutAnalysis(network).wired()


@dataclass(frozen=True)
class Spikes:
    """A value of the class SPIKES.

    Attributes:
        value: events for `BATCH` samples, linear in the leaves of its sources; a list where the operation makes one.
        sources: names of its sources.
        whole: made of whole numbers, not of averages.
    """

    value: Any
    sources: tuple[str, ...]
    whole: bool = True


class FanOutAnalysis:
    """The walk's state: what has been found, and the events that flow."""

    def __init__(self, network: fx.GraphModule) -> None:
        self.network = network
        self.varying = varies_in_time(network.graph, lambda node: isinstance(self.module(node), Temporal))
        self.symbols = batch_symbols(network.graph)
        self.is_whole = any(isinstance(module, WholeLayer) for module in network.modules())
        self.found = Connectivity()
        self.unknown: Counter[str] = Counter()
        self.spikes: dict[fx.Node, Spikes] = {}
        self.leaves: dict[str, Tensor] = {}
        self.lost: dict[fx.Node, str] = {}  # why values are not spikes any more

    def wired(self) -> Connectivity:
        last_use = {source: node for node in self.network.graph.nodes for source in node.all_input_nodes}
        for node in self.network.graph.nodes:
            if node.op in {"call_function", "call_module"} and isinstance(value_of(node), (Tensor, list, tuple)):
                self.visit(node)
            for source in node.all_input_nodes:
                if last_use[source] is node:
                    self.spikes.pop(source, None)  # events of a large network do not fit into memory all at once
        self.found.unsupported_ops.update(self.unknown)
        return self.found

    def visit(self, node: fx.Node) -> None:
        call = call_of(self.network, node)
        varying = [operand for operand in call.operands if operand in self.varying]
        if node not in self.varying:
            self.constant(call)
        elif isinstance(module := self.module(node), Temporal):
            self.temporal(call, module)
        elif isinstance(module, Scale):
            self.scale(node, module)
        elif call.name in SUMS and len(varying) == 1 and varying[0] in factors(call):
            self.layer(call, varying[0])
        elif call.name in NORMS:
            self.found.norms[self.name(node)] = elements(node)
        elif call.name in MULTIPLIES and len(varying) == 1:
            self.found.residual[self.name(node)] = elements(node)
        elif call.name in PATTERNS:
            self.pattern(call, varying)
        else:
            self.unknown[call.name] += 1
        why = [self.lost[operand] for operand in varying if operand in self.lost]
        if why and not isinstance(self.module(node), Neuron) and call.name not in SUMS:
            self.lost[node] = why[0]

    def constant(self, call: Call) -> None:
        """Only what is computed for every sample counts, not what is made of weights alone."""
        if not batch_dims(call.node, self.symbols):
            return
        if call.name in SUMS:
            read = next(operand for operand in factors(call) if batch_dims(operand, self.symbols))
            self.found.layers[self.name(call.node)] = layer_of(call, "constant", read)
        elif (
            call.node.op == "call_function"
            and (rule := rule_of(call.name)) is not None
            and (macs := rule(call.node).get("mac"))
        ):
            read = sum(elements(operand) for operand in call.operands)
            self.found.layers[self.name(call.node)] = Layer(
                "constant", "product", macs, read, elements(call.node), 0, 0
            )

    def temporal(self, call: Call, module: Temporal) -> None:
        name, read = str(call.node.target), self.spikes.get(call.node.all_input_nodes[0])
        if isinstance(module, Neuron):
            self.fire(call.node, module.code)
            return
        if isinstance(module, Accumulate):
            if read is not None:  # differential spikes are what travels: each layer would sum them up behind itself
                self.spikes[call.node] = replace(read, whole=False)
            return
        self.found.pools[name] = sum(elements(source) for source in call.node.args if source in self.varying)
        if isinstance(module, RunningMean):
            self.analog(call, module)
        elif isinstance(module, RunningSum) and read is not None and read.whole:
            self.fire(call.node, self.common_code(read.sources), pool=True)
        elif isinstance(module, RunningSum) and read is not None:
            self.lost[call.node] = self.maximum_of(name, read)
        elif not isinstance(module, (RunningSum, Requantise)):
            self.unknown[type(module).__name__] += 1

    def analog(self, call: Call, module: RunningMean) -> None:
        """A function of running means multiplies at every step; what follows it reads real numbers."""
        if module.kind == "activation":  # one kept analog, whose sums are what is counted, as of a pooling
            return
        name, node = str(call.node.target), call.node
        work = self.found.norms if module.kind == "norm" else self.found.residual
        macs = macs_at(node, module.function, module.kind) if isinstance(module.function, Operation) else None
        if macs is None:
            self.unknown[module.name] += 1
        elif module.kind in {"attention", "product"}:
            inputs = self.found.pools[name]
            self.found.layers[name] = Layer("float", "product", macs, inputs, elements(node), 0, 0)
        else:
            work[name] = macs
        self.lost[node] = ANALOG_BEFORE

    def maximum_of(self, pool: str, read: Spikes) -> str:
        """Why max pooling of these hands on floats.

        Where spikes are differences, the pooling compares the means m that they add up to, Σ s(t)/t. Its output is the
        difference t·(max m(t) − max m(t−1)): the spike of the winner as long as the winner is the same, but a fraction
        whenever another one takes its place.
        """
        modules = [self.network.get_submodule(source) for source in read.sources]
        if any(isinstance(module, Neuron) and module.differential for module in modules):
            return f"{pool} takes the maximum of means, whose change is not a whole number where the winner changes"
        return f"{pool} takes the maximum of averaged or scaled spikes, which are not whole numbers"

    def scale(self, node: fx.Node, module: Scale) -> None:
        """A threshold of every neuron is a factor of every synapse, as if each had a weight of its own: spikes stay
        spikes. Other scales stand at residual adds, where they are multiplications. The units of whole sums at the
        output are not counted: they multiply once a sample, and those of a quantised ANN are not counted either."""
        if self.is_whole and all(user.op == "output" for user in node.users):
            return
        read = self.spikes.get(node.all_input_nodes[0])
        if read is None or len(node.args) > 1 or is_per_channel(module.factor):
            self.found.residual[str(node.target)] = elements(node)
        else:
            self.spikes[node] = replace(read, whole=False)

    def fire(self, node: fx.Node, code: Code, pool: bool = False) -> None:
        name, source = str(node.target), Source(elements(node), code, pool, sizes(node)[0])
        leaf = torch.zeros(sizes(node, BATCH), dtype=torch.float64, requires_grad=True)
        self.found.sources[name], self.leaves[name] = source, leaf
        self.spikes[node] = Spikes(leaf, (name,))

    def common_code(self, sources: Sequence[str]) -> Code:
        """What pooling hands on keeps its sources' code; of several codes the plain one."""
        codes: set[Code] = {self.found.sources[source].code for source in sources}
        return codes.pop() if len(codes) == 1 else "unary"

    def layer(self, call: Call, read: fx.Node) -> None:
        name = self.name(call.node)
        events = self.spikes.get(read)
        self.found.layers[name] = layer_of(call, "float" if events is None else "spikes", read)
        if events is None:
            if read in self.lost:
                self.found.floats[name] = self.lost[read]
            return
        total = SUMS[call.name][1](call, read, events.value)
        fan_outs = torch.autograd.grad(total, [self.leaves[source] for source in events.sources], retain_graph=True)
        for source, fan_out in zip(events.sources, fan_outs, strict=True):
            share = self.share(events, source)
            rows = self.found.sources[source].rows
            of_one = fan_out[:rows] if rows > 1 else fan_out[0]
            self.found.synapses.append(Synapse(source, name, of_one.round().long(), share))

    def share(self, events: Spikes, source: str) -> float:
        """The part of the elements that a source reaches.

        A gradient g(u) = Jᵀu is linear in u, so that its own gradient, of Σ g, is J·1: what one spike of every neuron
        of the source gives at each element.
        """
        if len(events.sources) == 1:
            return 1.0
        u = torch.zeros_like(events.value, requires_grad=True)
        (g,) = torch.autograd.grad(events.value, self.leaves[source], u, create_graph=True)
        (reached,) = torch.autograd.grad(g.sum(), u)
        return int(reached.count_nonzero()) / reached.numel()

    def pattern(self, call: Call, varying: list[fx.Node]) -> None:
        read = [self.spikes[operand] for operand in varying if operand in self.spikes]
        if read and keeps_spikes(call, self.spikes.__contains__):
            value = PATTERNS[call.name](call, self.value)
            sources = tuple(dict.fromkeys(source for events in read for source in events.sources))
            whole = call.name not in AVERAGES and all(events.whole for events in read)
            self.spikes[call.node] = Spikes(value, sources, whole)
        elif call.name in TERMS and len(varying) == 1:
            self.found.added[self.name(call.node)] = elements(call.node)

    def value(self, argument: Any) -> Any:
        """What the counting pass gives for an argument: events, sizes for its batch, index tensors as they are."""
        return pytree.tree_map(lambda leaf: self.node_value(leaf) if isinstance(leaf, fx.Node) else leaf, argument)

    def node_value(self, node: fx.Node) -> Any:
        if node in self.spikes:
            return self.spikes[node].value
        known = value_of(node)
        if isinstance(known, (torch.SymInt, int)):
            return size_at(known, BATCH)
        if node.op == "get_attr":
            return attribute(self.network, str(node.target)).detach().cpu()
        if isinstance(known, Tensor) and known.is_floating_point():
            return torch.zeros((), dtype=torch.float64).expand(sizes(node, BATCH))  # only its shape is read
        assert isinstance(node.target, Callable)
        return node.target(*self.value(node.args), **self.value(node.kwargs))

    def module(self, node: fx.Node) -> torch.nn.Module | None:
        return self.network.get_submodule(str(node.target)) if node.op == "call_module" else None

    def name(self, node: fx.Node) -> str:
        """Where a call stands in the source model; `name#2` for a second call there."""
        place = site_of(node)
        taken = {*self.found.layers, *self.found.norms, *self.found.residual, *self.found.added}
        name, count = place, 1
        while name in taken:
            count += 1
            name = f"{place}#{count}"
        return name
