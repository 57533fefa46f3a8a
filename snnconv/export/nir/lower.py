"""From the graph of a spiking network to NIR's nodes and edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, fx, nn

from ...graph.names import name_of
from ...graph.places import site_of
from ...network import SpikingNetwork
from ...neurons import IntegrateFire, Neuron, Scale
from ...neurons.whole import spread
from ..format import Refusal
from .dialects import Dialect

INSTEAD = "convert with --method if, or qcfs, opt, rts, ltb and their kin, which integrate and fire"
ELSE = "--to onnx-step, which takes every network"
AVERAGES = (nn.AvgPool2d, nn.AdaptiveAvgPool2d)
MOVES = {"slice", "pad", "constant_pad_nd"}
NO_MORE: tuple[Any, ...] = (None, None, 0, False, True, None)  # arguments that avg_pool2d does without
FLAT = {"flatten", "view", "_unsafe_view", "reshape"}


class Value(NamedTuple):
    """The sum of what some nodes send, of one sample; moved: which elements of it, 1 and up, 0 for zeros."""

    sources: tuple[str, ...]
    shape: tuple[int, ...]
    moved: Tensor | None = None
    whole: tuple[int, ...] = ()  # the shape before the moves


class ToNir(fx.Interpreter):
    """Runs the graph on names of nodes. `nodes` and `edges` are what it found, `refused` what stands in its way."""

    def __init__(self, snn: SpikingNetwork, dialect: Dialect) -> None:
        super().__init__(snn.network, garbage_collect_values=False)
        self.snn, self.dialect = snn, dialect
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        self.refused: list[Refusal] = []
        self.sites: dict[str, str] = {}
        self.node: Any = None

    def run_node(self, n: fx.Node) -> Any:
        self.node = n
        return super().run_node(n)

    def refuse(self, why: str, shape: tuple[int, ...], instead: str = ELSE) -> Value:
        self.refused.append(Refusal(site_of(self.node) or str(self.node), why, instead))
        return Value((), shape)

    def put(self, node: Any, reads: Value, shape: tuple[int, ...]) -> Value:
        name = str(self.node.name)
        while name in self.nodes:
            name += "_"
        self.nodes[name] = node
        self.edges += [(source, name) for source in reads.sources]
        return Value((name,), shape)

    def placeholder(self, target: Any, args: Any, kwargs: Any) -> Value:
        import nir

        shape = tuple(self.snn.plan.input_shapes[0])
        if "input" in self.nodes:
            return self.refuse("NIR's importers take one input", shape)
        self.nodes["input"] = nir.Input({"input": np.array(shape)})
        return Value(("input",), shape)

    def output(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        import nir

        leaves = [self.resolved(leaf) for leaf in args[0] if isinstance(leaf, Value)]
        if len(leaves) != 1:
            self.refuse("NIR's importers take one output", ())
            return
        self.nodes["output"] = nir.Output({"output": np.array(leaves[0].shape)})
        self.edges += [(source, "output") for source in leaves[0].sources]
        if self.dialect.chain:
            self.refuse_branches()

    def refuse_branches(self) -> None:
        ends = Counter(target for _, target in self.edges), Counter(source for source, _ in self.edges)
        for name in [name for name in self.nodes if any(counted[name] > 1 for counted in ends)]:
            why = "paths part or meet here, and sinabs' importer runs chains of layers only"
            self.refused.append(Refusal(self.sites.get(name, name), why, "--dialect spikingjelly or spec"))

    def move(self, target: Any, x: Value, *args: Any, **kwargs: Any) -> Value:
        """A slice or a pad, which becomes a convolution of zeros and ones when it is read."""
        whole = x.whole or x.shape
        index = torch.arange(1, int(np.prod(whole)) + 1).view(1, *whole) if x.moved is None else x.moved[None]
        moved = target(index, *args, **kwargs)[0]
        return Value(x.sources, tuple(moved.shape), moved, whole)

    def resolved(self, x: Any) -> Any:
        """A moved value as that convolution."""
        if not isinstance(x, Value) or x.moved is None:
            return x
        source, found = Value(x.sources, x.whole), selection(x.moved, x.whole)
        if found is None:
            return self.refuse("this slice or pad is no convolution of zeros and ones", x.shape)
        weight, stride = found
        return self.convolution(weight, np.zeros(len(weight), np.float32), stride, (0, 0), (1, 1), 1, source, x.shape)

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        args = tuple(map(self.resolved, args))
        module = self.snn.network.get_submodule(str(target))
        lower = next((lower for kinds, lower in LOWERED.items() if isinstance(module, kinds)), None)
        if lower is None:
            instead = "convert with --maxpool avg" if type(module).__name__ == "RunningSum" else ELSE
            return self.refuse(f"{type(module).__name__} is no node of NIR", args[0].shape, instead)
        return lower(self, module, *args)

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        name = name_of(self.node)
        if name in MOVES and isinstance(args[0], Value) and len(args[0].shape) == 3:
            return self.move(target, *args, **kwargs)
        args = tuple(map(self.resolved, args))
        if name == "adaptive_avg_pool2d":
            return self.average(nn.AdaptiveAvgPool2d(args[1]), args[0])
        if name == "avg_pool2d":
            kernel, stride, padding, ceil, include, divisor = (*args[1:], *NO_MORE[len(args) - 1 :])
            pool = nn.AvgPool2d(kernel, stride or kernel, padding, ceil, include, divisor)
            return self.average(pool, args[0])
        if name == "add" and all(isinstance(arg, Value) for arg in args) and args[0].shape == args[1].shape:
            return Value(args[0].sources + args[1].sources, args[0].shape)  # edges into one node add up
        value = self.node.meta["val"]
        if name in FLAT and isinstance(args[0], Value) and value.dim() == 2:
            return self.flatten(args[0])
        if name == "mean" and isinstance(args[0], Value) and len(args[0].shape) == 3:
            dims = sorted(dim % 4 for dim in args[1])
            if dims == [2, 3]:
                pooled = self.average(nn.AvgPool2d(args[0].shape[1:]), args[0])
                return self.flatten(pooled)
        shape = args[0].shape if args and isinstance(args[0], Value) else ()
        return self.refuse(f"the operation {name} is no node of NIR", shape)

    def flatten(self, x: Value) -> Value:
        import nir

        if len(x.shape) == 1:
            return x
        shape = (int(np.prod(x.shape)),)
        return self.put(nir.Flatten({"input": np.array(x.shape)}, 0, -1), x, shape)

    def affine(self, module: Any, x: Value) -> Value:
        import nir

        weight, bias = array(module.weight), self.bias_of(module)
        if isinstance(module, nn.Linear):
            if len(x.shape) != 1:
                return self.refuse("a linear layer of several positions is no node of NIR", (*x.shape[:-1], len(bias)))
            return self.put(nir.Affine(weight, bias), x, (len(bias),))
        shape = tuple(module(torch.zeros(1, *x.shape)).shape[1:])
        if module.padding_mode != "zeros" or isinstance(module.padding, str):
            return self.refuse("its borders are padded by something else than zeros", shape)
        if isinstance(module, nn.Conv1d):
            one = (module.stride[0], module.padding[0], module.dilation[0])
            return self.put(nir.Conv1d(x.shape[1], weight, *one, module.groups, bias), x, shape)
        return self.convolution(weight, bias, module.stride, module.padding, module.dilation, module.groups, x, shape)

    def convolution(self, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int, x: Value,
                    shape: tuple[int, ...]) -> Value:  # fmt: skip
        import nir

        if groups > 1 and not self.dialect.grouped:
            weight, groups = spread_out(weight, groups), 1
        shape_in: Any = x.shape[1:]
        node = nir.Conv2d(shape_in, weight, tuple(stride), tuple(padding), tuple(dilation), groups, bias)
        return self.put(node, x, shape)

    def bias_of(self, module: Any) -> Any:
        count = module.weight.shape[0]
        return np.zeros(count, np.float32) if module.bias is None else array(module.bias)

    def average(self, module: Any, x: Value) -> Value:
        import nir

        shape = tuple(module(torch.zeros(1, *x.shape)).shape[1:])
        if isinstance(module, nn.AdaptiveAvgPool2d):
            if any(size % result for size, result in zip(x.shape[1:], shape[1:])):
                return self.refuse("its windows are of several sizes", shape)
            kernel = [size // result for size, result in zip(x.shape[1:], shape[1:])]
            stride, padding = kernel, [0, 0]
        else:
            kernel, stride, padding = (
                spread(getattr(module, name), 2) for name in ("kernel_size", "stride", "padding")
            )
            if module.divisor_override or module.ceil_mode or (any(padding) and not module.count_include_pad):
                return self.refuse("its windows at the border are of other sizes", shape)
        if self.dialect.pool_nodes:
            return self.put(nir.AvgPool2d(*(np.array(part) for part in (kernel, stride, padding))), x, shape)
        channels = x.shape[0]
        weight = np.full((channels, 1, *kernel), 1 / np.prod(kernel), np.float32)
        zeros = np.zeros(channels, np.float32)
        return self.convolution(weight, zeros, stride, padding, (1, 1), channels, x, shape)

    def scale(self, module: Scale, x: Value, base: Value | None = None) -> Value:
        scaled = self.multiplied(x, array(module.factor))
        return scaled if base is None else Value(base.sources + scaled.sources, base.shape)

    def multiplied(self, x: Value, factor: Any) -> Value:
        """x times one number, or one per channel."""
        import nir

        whole = np.broadcast_to(factor, x.shape).astype(np.float32)
        if self.dialect.scale_nodes:
            return self.put(nir.Scale(np.ascontiguousarray(whole)), x, x.shape)
        per_channel = whole.reshape(x.shape[0], -1)[:, 0]
        if len(x.shape) == 1:
            return self.put(nir.Affine(np.diag(per_channel), np.zeros_like(per_channel)), x, x.shape)
        if len(x.shape) != 3 or not np.array_equal(whole, np.broadcast_to(per_channel[:, None, None], x.shape)):
            return self.refuse("a factor for every neuron is no node of this dialect", x.shape, "--dialect spec")
        weight, zeros = per_channel[:, None, None, None], np.zeros_like(per_channel)
        return self.convolution(weight, zeros, (1, 1), (0, 0), (1, 1), len(per_channel), x, x.shape)

    def neuron(self, module: Neuron, x: Value) -> Value:
        import nir

        if not isinstance(module, IntegrateFire) or module.levels is not None:
            kind = "whole numbers" if module.levels is not None else type(module).__name__
            return self.refuse(f"NIR's IF sends one spike or none; this is {kind}", x.shape, INSTEAD)
        zeros = torch.zeros(1, *x.shape)
        if module.is_timed(zeros):
            return self.refuse("its offset changes from step to step", x.shape)
        theta = np.broadcast_to(array(module.threshold_of(zeros)), (1, *x.shape))[0].astype(np.float32)
        v0 = np.broadcast_to(array(module.start_of(zeros)), (1, *x.shape))[0].astype(np.float32)
        if (offset := module.offset_of(zeros)) is not None:
            shifted = self.shift(x, np.broadcast_to(array(offset), (1, *x.shape))[0])
            if not shifted:
                return self.refuse("its offset goes into no bias", x.shape)
        if self.dialect.unit:
            x = self.divided(x, theta)
            theta, v0 = np.ones_like(theta), v0 / theta
        fires = "v > v_threshold" if module.strict else "v >= v_threshold"
        facts = {"reset": "subtract", "fires": fires, "v0": np.ascontiguousarray(v0)}
        r = np.full(x.shape, self.dialect.r, np.float32)
        node = nir.IF(r, np.ascontiguousarray(theta), np.zeros(x.shape, np.float32), metadata=facts)
        made = self.put(node, x, x.shape)
        self.sites[made.sources[0]] = str(self.node.target)
        return made

    def shift(self, x: Value, offset: Any) -> bool:
        """Add an offset to a bias; whether there is one that takes it."""
        for source in x.sources:
            node = self.nodes[source]
            bias = getattr(node, "bias", None)
            channel = offset.reshape(offset.shape[0], -1)
            if bias is not None and self.feeds_one(source) and bool((channel == channel[:, :1]).all()):
                node.bias = bias + channel[:, 0].astype(np.float32)
                return True
        return False

    def feeds_one(self, source: str) -> bool:
        """Whether nothing else reads this node: it is read now for the first and only time in the graph."""
        readers = [node for node in self.node.graph.nodes if node.name == source.rstrip("_")]
        return bool(readers) and len(readers[0].users) == 1

    def divided(self, x: Value, theta: Any) -> Value:
        """Currents in units of the threshold: weights of what feeds this neuron alone, or a scale."""
        sources: list[str] = []
        per_channel = theta.reshape(theta.shape[0], -1)
        uniform = bool((per_channel == per_channel[:, :1]).all())
        for source in x.sources:
            node = self.nodes[source]
            weight = getattr(node, "weight", None)
            if weight is not None and uniform and self.feeds_one(source):
                by = per_channel[:, 0]
                node.weight = (weight / by.reshape(-1, *[1] * (weight.ndim - 1))).astype(np.float32)
                node.bias = (node.bias / by).astype(np.float32)
                sources.append(source)
            else:
                sources += self.multiplied(Value((source,), x.shape), 1 / theta).sources
        return Value(tuple(sources), x.shape)


def array(value: Tensor) -> Any:
    return value.detach().float().cpu().numpy()


def selection(moved: Tensor, whole: tuple[int, ...]) -> tuple[Any, tuple[int, int]] | None:
    """Weights [C′, C, 1, 1] and strides of the 1 × 1 convolution that gives these elements; None: there is none."""
    channels, height, width = whole
    weight = np.zeros((len(moved), channels, 1, 1), np.float32)
    chosen = [(place, of) for place, of in enumerate(moved) if bool(of.any())]
    steps = [int(of[1, 0] - of[0, 0]) // width if of.shape[0] > 1 else height for _, of in chosen[:1]]
    steps += [int(of[0, 1] - of[0, 0]) if of.shape[1] > 1 else width for _, of in chosen[:1]]
    if not chosen or min(steps) < 1:
        return None
    rows, columns = (torch.arange(0, size, step) for size, step in zip((height, width), steps))
    for place, of in chosen:
        channel = (int(of[0, 0]) - 1) // (height * width)
        wanted = 1 + (channel * height + rows[:, None]) * width + columns
        if not torch.equal(of, wanted):
            return None
        weight[place, channel] = 1
    return weight, (steps[0], steps[1])


def spread_out(weight: Any, groups: int) -> Any:
    """The weights of a grouped convolution as those of one without groups, zeros between."""
    outputs, inputs = weight.shape[:2]
    whole = np.zeros((outputs, inputs * groups, *weight.shape[2:]), np.float32)
    for group in range(groups):
        rows = slice(group * outputs // groups, (group + 1) * outputs // groups)
        whole[rows, group * inputs : (group + 1) * inputs] = weight[rows]
    return whole


LOWERED: dict[Any, Callable[..., Any]] = {
    (nn.Linear, nn.Conv1d, nn.Conv2d): ToNir.affine,
    AVERAGES: ToNir.average,
    nn.Flatten: lambda self, module, x: self.flatten(x),
    (nn.Dropout, nn.Identity): lambda self, module, x: x,
    Scale: ToNir.scale,
    Neuron: ToNir.neuron,
}
