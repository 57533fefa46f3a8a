"""Watching a network with spiking layers run: every product that is dispatched, and whether spikes are multiplied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from ....graph.names import short_name
from ....graph.operands import with_roles
from ....models.spiking_layer import SpikingLayer
from .parts import NetworkRun
from .products import LABELS, PRODUCTS, Product
from .tallies import LayerTally, SiteTally, Tallies
from .traces import MOVES, ONE_OF, Trace, Traces, passed_on, version_after, version_of

NORMS = {"native_group_norm", "native_layer_norm", "_fused_rms_norm"}
MULTIPLIES = {"mul", "div"}
RELUS = {"relu", "hardtanh", "clamp", "clamp_min", "threshold"}
POOLS = {"avg_pool1d", "avg_pool2d", "avg_pool3d"} | ONE_OF
ADAPTIVE = {f"_adaptive_avg_pool{d}d" for d in (2, 3)} | {f"adaptive_max_pool{d}d" for d in (2, 3)}
# Elementwise arithmetic, sums and data movement, which no convention counts; a factor for all values at once moves
# into the weights or the threshold behind it, and the softmax of attention is not counted anywhere.
FREE = MOVES | {
    "add", "sub", "rsub", "neg", "mean", "sum", "dropout", "native_dropout", "empty", "empty_like", "zeros_like",
    "ones_like", "_softmax", "_safe_softmax", "fill", "zero",
}  # fmt: skip
MODULES = (nn.Linear, nn.modules.conv._ConvNd)


class Recorder(TorchDispatchMode):
    """Counts what a network does in eval mode while it runs, from the spikes that pass.

        recorder = Recorder(model)
        with torch.no_grad(), recorder:
            for clips in batches:
                model(clips)
        recorder.run

    A convolution, a linear layer or a matrix product with spikes for a factor is accumulations, one for each spike and
    product that it takes part in (borders, stride, groups and dilation count by position); any other is
    multiply-accumulates. Values are followed from every `SpikingLayer` on: what moves, joins, pads or adds up spikes,
    takes the largest of a window or multiplies spikes by spikes hands spikes on, everything else real numbers; so
    behind a convolution the next one reads real numbers, unless neurons stand between. BatchNorm directly behind a
    layer folds into it and leaves a bias; with statistics for each time step it takes weights, or thresholds, for each.
    Every layer counts as often as the network runs it: what attends to a key frame at every step does so at every step.

    On the meta device everything is sized and nothing fires.

    Args:
        model: takes its samples along dimension 0 of its first argument.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.tallies = Tallies()
        self.traces = Traces()
        self.stack: list[tuple[str, int]] = []  # modules that run: their path, and rows of their input
        self.names: Counter[str] = Counter()  # of this pass
        self.samples = 1  # of this pass
        self.firing = 0
        self.hooks = ExitStack()

    @property
    def run(self) -> NetworkRun:
        """What was counted so far, for one sample."""
        return self.tallies.of_one()

    def __enter__(self) -> Self:
        self.stack, self.firing = [], 0
        for name, module in self.model.named_modules():
            before, after = self.entering(name, module), self.leaving(name, module)
            for handle in (
                module.register_forward_pre_hook(before), module.register_forward_hook(after)
            ):  # fmt: skip
                self.hooks.callback(handle.remove)
        super().__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)
        self.hooks.close()

    def entering(self, name: str, module: nn.Module) -> Any:
        def hook(_: nn.Module, arguments: tuple[Any, ...]) -> None:
            tensors = [leaf for leaf in pytree.tree_leaves(arguments) if isinstance(leaf, Tensor)]
            rows = tensors[0].shape[0] if tensors and tensors[0].dim() else 1
            if module is self.model:
                self.samples, self.names = rows, Counter()
                self.tallies.samples += rows
                self.tallies.passes += 1
                for tensor in tensors:
                    self.traces.put(tensor, Trace(raw=True), version_of(tensor))
            self.stack.append((name, rows))
            self.firing += isinstance(module, SpikingLayer)

        return hook

    def leaving(self, name: str, module: nn.Module) -> Any:
        def hook(_: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
            if isinstance(module, SpikingLayer):
                self.fired(self.unique(name), output)
                self.firing -= 1
            self.stack.pop()

        return hook

    def fired(self, name: str, spikes: Tensor) -> None:
        site = self.tallies.sites.setdefault(name, SiteTally())
        site.updates += spikes.numel()
        site.spikes += whole(spikes.sum(dtype=torch.float64))
        site.neurons = self.at_one_step(spikes.numel())
        self.traces.put(spikes, Trace(frozenset({name}), fired=True), version_of(spikes))

    def __torch_dispatch__(
        self, func: OpOverload, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = kwargs or {}
        read = [value for value, role in with_roles(func, args, options) if role != "shape"]
        floats = [leaf for leaf in pytree.tree_leaves(read) if is_float(leaf)]
        traces = [] if self.firing else [self.traces.of(leaf) for leaf in floats]
        version = version_after(func, args[0] if args else None)
        output = func(*args, **options)
        if any(trace is not None for trace in traces):
            self.watch(short_name(func), args, options, floats, traces, output, version)
        return output

    def watch(
        self,
        name: str,
        args: Sequence[Any],
        options: dict[str, Any],
        floats: list[Tensor],
        traces: list[Trace | None],
        output: Any,
        version: int,
    ) -> None:
        """Count one operation, and note what it makes."""
        made = [leaf for leaf in pytree.tree_leaves(output) if is_float(leaf)]
        if not made:
            return
        if name in PRODUCTS:
            trace = self.layer(name, PRODUCTS[name](args, made[0]), made[0])
        else:
            trace = passed_on(name, args, options, traces)
            self.other(name, floats, traces, made[0])
        if trace is not None:
            for tensor in made:
                self.traces.put(tensor, trace, version)

    def layer(self, name: str, product: Product, output: Tensor) -> Trace:
        traces = [self.traces.of(factor) for factor in product.factors]
        spikes = [
            trace is not None and bool(trace.sources) and number in product.spiking
            for number, trace in enumerate(traces)
        ]
        varying = [factor for factor, trace in zip(product.factors, traces) if trace is not None]
        constant = [factor for factor, trace in zip(product.factors, traces) if trace is None]
        operation = "linear" if product.operation == "product" and constant else product.operation
        path = self.stack[-1][0] if self.stack else ""
        leaf = operation != "product" and isinstance(self.model.get_submodule(path), MODULES)
        unique = self.unique(path if leaf else ".".join(filter(None, (path, LABELS[name]))))
        raw = all(trace.raw for trace in traces if trace is not None)
        fired = any(trace.fired for trace in traces if trace is not None)
        tally = self.tallies.layers.setdefault(unique, LayerTally(operation, fired, raw))
        tally.macs += product.macs
        tally.bias, tally.biased = tally.bias + product.bias, bool(product.bias)
        tally.writes += output.numel()
        for number, (factor, is_spikes) in enumerate(zip(product.factors, spikes)):
            if is_spikes:
                read = tally.read.setdefault(number, [0, 0])
                read[0] += whole(factor.sum(dtype=torch.float64))
                read[1] += factor.numel()
        if any(spikes):
            tally.acs += whole(product.events(spikes))
        held = varying[1:]  # of two factors that both vary the second one is what is stored
        tally.weights = sum(factor.numel() for factor in constant) + sum(self.at_one_step(f.numel()) for f in held)
        tally.inputs = self.at_one_step(varying[0].numel())
        tally.outputs = self.at_one_step(output.numel())
        return Trace(fired=fired, layer=unique)

    def other(self, name: str, floats: list[Tensor], traces: list[Trace | None], output: Tensor) -> None:
        """What is not a product of matrices."""
        path = self.stack[-1][0] if self.stack else ""
        if "batch_norm" in name:
            layer = None if traces[0] is None else traces[0].layer
            if layer is None:
                self.tallies.norms[path] += output.numel()
            elif not self.tallies.layers[layer].biased:
                self.tallies.layers[layer].bias += output.numel()
        elif name in NORMS:
            self.tallies.norms[path] += output.numel()
        elif name in MULTIPLIES:
            if not is_scalar(floats) and not all(trace is not None and trace.sources for trace in traces):
                self.tallies.residual[path] += output.numel()
        elif name in RELUS:
            self.tallies.quantities["relu"] += output.numel()
        elif name in POOLS or name in ADAPTIVE:
            self.tallies.quantities["adaptive_pool_input" if name in ADAPTIVE else "pool_input"] += floats[0].numel()
        elif name not in FREE:
            self.tallies.unsupported[name] += 1

    def at_one_step(self, elements: int) -> int:
        """Elements of one sample at one step: time is folded into the first dimension of the module's input."""
        rows = self.stack[-1][1] if self.stack else self.samples
        return elements // max(rows, self.samples)

    def unique(self, name: str) -> str:
        """The name, or `name#2` for the second time in a pass."""
        self.names[name] += 1
        return name if self.names[name] == 1 else f"{name}#{self.names[name]}"


def is_float(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.is_floating_point()


def is_scalar(floats: list[Tensor]) -> bool:
    """Whether all but one of the factors are a single value."""
    return sum(factor.numel() > 1 for factor in floats) <= 1


def whole(value: Tensor) -> int:
    """A sum of whole numbers; 0 on the meta device, where tensors have sizes but no values."""
    return 0 if value.is_meta else round(float(value))
