"""The sites of elementwise functions that a program spells out in several operations: `x * (x > 0) + …`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from .activations import Activation
from .analog import Slot
from .elementwise import Elementwise
from .graphs import attribute, value_of
from .levels import Levels, passed_through
from .stack import modules_around

aten = torch.ops.aten


@dataclass(frozen=True)
class Constant:
    """Where a tensor of the site's own goes among the arguments."""

    name: str


@dataclass(frozen=True)
class Step:
    """One operation of the function; its arguments hold `Slot`s (0 the input, n the result of step n) and constants."""

    target: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class Composed(Activation):
    """The canonical site of a function f of every element alone, kept as the operations that the program wrote.

    Args:
        steps: the operations, in order; the last gives f. tensors: the parameters and constants that they read.
        shape: of one sample's values along which the tensors differ, such as (C, 1, 1); all ones if f is one function.

    Attributes:
        levels: the equal steps that f takes, or None. jumps: whether it jumps anywhere.
    """

    jumps: bool = False

    def __init__(self, steps: Sequence[Step], tensors: Mapping[str, Tensor], shape: tuple[int, ...]) -> None:
        super().__init__()
        self.steps, self.shape = tuple(steps), shape
        for name, value in tensors.items():
            if isinstance(value, nn.Parameter):
                self.register_parameter(name, value)
            else:
                self.register_buffer(name, value)

    def settle(self, levels: Levels | None, jumps: bool) -> None:
        """Take note of the levels; where they rise from 0 to a ceiling, that is the site's."""
        self.levels, self.jumps = levels, jumps
        if levels is not None and levels.is_clip and levels.high is not None:
            top = (levels.step * levels.high).float()
            self.ceiling = float(top) if top.numel() == 1 else top.view(self.shape)

    @property
    def tracked(self) -> bool:
        return self.levels is None or not self.levels.is_clip

    @property
    def name(self) -> str:
        """`mul·sigmoid`: what it is made of."""
        return "·".join(dict.fromkeys(operation_name(step.target) for step in self.steps))

    @property
    def rows(self) -> int:
        """Channels that have a function of their own; 1 where all have the same."""
        return max(self.shape, default=1)

    def forward(self, x: Tensor) -> Tensor:
        value = self.evaluate(x)
        if self.levels is None or not (torch.is_grad_enabled() and x.requires_grad):
            return value
        return passed_through(value, self.levels.smooth(x, self.shape))

    def evaluate(self, x: Tensor) -> Tensor:
        """f(x) [B, …], in the type of x."""
        found: list[Any] = [x]

        def resolve(leaf: Any) -> Any:
            return found[leaf.number] if isinstance(leaf, Slot) else getattr(self, leaf.name)

        for step in self.steps:
            args, kwargs = pytree.tree_map_only((Slot, Constant), resolve, (list(step.args), dict(step.kwargs)))
            found.append(step.target(*args, **kwargs))
        value = found[-1]
        return value if value.dtype == x.dtype else value.to(x.dtype)

    def in_rows(self) -> Callable[[Tensor], Tensor]:
        """f of numbers [N, rows] → [N, rows], in float64 whatever casts the program writes."""
        tensors = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        doubles = {name: v.detach().double() if v.is_floating_point() else v for name, v in tensors.items()}
        wide = Composed([widened(step) for step in self.steps], doubles, self.shape)

        def function(x: Tensor) -> Tensor:
            with torch.no_grad():
                return wide.evaluate(x.double().reshape(len(x), *self.shape)).reshape(len(x), self.rows)

        return function

    def _get_name(self) -> str:
        return "Composed"

    def extra_repr(self) -> str:
        return self.name if self.levels is None else f"{self.name}, {self.levels}"


def widened(step: Step) -> Step:
    """The step with float64 for every type of real numbers in its arguments."""

    def wide(leaf: Any) -> Any:
        return torch.float64 if isinstance(leaf, torch.dtype) and leaf.is_floating_point else leaf

    args, kwargs = pytree.tree_map(wide, (list(step.args), dict(step.kwargs)))
    return Step(step.target, tuple(args), kwargs)


def operation_name(target: Any) -> str:
    return target._schema.name.split("::")[1] if isinstance(target, torch._ops.OpOverload) else target.__name__


def compose(graph_module: fx.GraphModule, source: fx.Node, nodes: Sequence[fx.Node]) -> Composed | None:
    """The function from `source` to the last of `nodes`, which are operations in order, constants' own included.

    None where a constant has a shape that is not one value, or one for each channel.
    """
    slots: dict[fx.Node, Slot | Constant] = {source: Slot(0)}
    steps: list[Step] = []
    tensors: dict[str, Tensor] = {}

    def place(leaf: fx.Node) -> Slot | Constant:
        if leaf not in slots:
            name = f"constant{len(tensors)}"
            tensors[name], slots[leaf] = attribute(graph_module, str(leaf.target)), Constant(name)
        return slots[leaf]

    for node in nodes:
        for target, args, kwargs, own in steps_of(graph_module, node, source):
            named = {name: f"constant{len(tensors) + number}" for number, name in enumerate(own)}
            tensors.update({named[name]: value for name, value in own.items()})
            args, kwargs = pytree.tree_map_only(fx.Node, place, (list(args), dict(kwargs)))
            steps.append(Step(target, tuple(args), {**kwargs, **{n: Constant(c) for n, c in named.items()}}))
        slots[node] = Slot(len(steps))
    made = [tuple(value.shape) for node in nodes if isinstance(value := value_of(node), Tensor)]
    fixed = [sizes for sizes in made if not any(isinstance(size, torch.SymInt) for size in sizes)]
    shapes = [*(tuple(value.shape) for value in tensors.values()), *fixed]
    shape = own_shape(shapes, steps, source.meta["val"].dim() - 1)
    return None if shape is None else Composed(steps, tensors, shape)


def steps_of(
    graph_module: fx.GraphModule, node: fx.Node, source: fx.Node
) -> list[tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any], Mapping[str, Tensor]]]:
    """The operation at a node: target, arguments, and tensors of its own by the names of arguments."""
    if node.op == "call_module":
        module, x = graph_module.get_submodule(str(node.target)), node.args[0]
        if isinstance(module, Elementwise):
            return [(module.function, (x,), module.settings, module.tensors)]
        if isinstance(module, nn.Hardtanh):
            return [(aten.hardtanh.default, (x, module.min_val, module.max_val), {}, {})]
        return [(aten.relu.default, (x,), {}, {})]
    if node.target in FILLED and node.all_input_nodes:  # in a size that depends on the batch: as large as the input
        return [(aten.full_like.default, (source, FILLED[node.target](node)), {}, {})]
    assert isinstance(node.target, Callable)
    return [(node.target, node.args, node.kwargs, {})]


FILLED: dict[Any, Callable[[fx.Node], Any]] = {
    aten.zeros.default: lambda _: 0.0,
    aten.ones.default: lambda _: 1.0,
    aten.full.default: lambda node: node.args[1],
    aten.zeros_like.default: lambda _: 0.0,
    aten.ones_like.default: lambda _: 1.0,
    aten.full_like.default: lambda node: node.args[1],
    aten.new_zeros.default: lambda _: 0.0,
    aten.new_ones.default: lambda _: 1.0,
    aten.new_full.default: lambda node: node.args[2],
}


def own_shape(shapes: Sequence[tuple[int, ...]], steps: Sequence[Step], rank: int) -> tuple[int, ...] | None:
    """(C, 1, 1) or (1, 1, C) where some constant differs along the first or last dimension of a sample, ones where
    none does; None elsewhere."""
    shape = [1] * rank
    for sizes in shapes:
        if len(sizes) > rank + 1 or (len(sizes) == rank + 1 and sizes[0] != 1):
            return None
        for dim, size in zip(range(rank - 1, -1, -1), reversed(sizes)):
            shape[dim] = max(shape[dim], size)
    along = [dim for dim, size in enumerate(shape) if size > 1]
    if any(operation_name(step.target) == "prelu" for step in steps):
        channels = max((prod(sizes) for sizes in shapes), default=1)
        shape = [channels, *[1] * (rank - 1)]
    return tuple(shape) if not along or along in ([0], [rank - 1]) else None


def is_composed(node: fx.Node) -> str | None:
    """The path of the composed site that an operation of a saved network was traced in, or None."""
    return next((module.path for module in modules_around(node) if module.is_a(Composed)), None)
