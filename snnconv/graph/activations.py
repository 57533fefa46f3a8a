"""One matcher table for every way a program can write a ReLU or a clipped ReLU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from .levels import Levels

aten = torch.ops.aten


@dataclass(frozen=True)
class Match:
    """A ReLU or clip: what it reads and where it stops rising (None: never)."""

    input: fx.Node
    ceiling: float | Tensor | None = None
    learned: bool = False

    def site(self) -> Activation:
        return LearnedClip(self.ceiling) if self.learned else Activation(self.ceiling)


class Activation(nn.Module):
    """The canonical activation site: clip(x, 0, ceiling), a ReLU where there is no ceiling.

    Args:
        ceiling: one number, or a tensor that broadcasts against one sample: [C, 1, …] for one per channel.
    """

    ceiling: float | Tensor | None
    levels: Levels | None = None
    tracked = False  # whether it is outside the ReLU family: a neuron has to track it

    def __init__(self, ceiling: float | Tensor | None = None) -> None:
        super().__init__()
        if isinstance(ceiling, Tensor):
            self.register_buffer("floor", torch.zeros_like(ceiling))  # clamp takes two tensors or two numbers
            self.register_buffer("ceiling", ceiling)
        else:
            self.ceiling = ceiling

    def forward(self, x: Tensor) -> Tensor:
        if self.ceiling is None:
            return torch.relu(x)
        return torch.clamp(x, self.floor if isinstance(self.ceiling, Tensor) else 0.0, self.ceiling)  # type: ignore

    def extra_repr(self) -> str:
        return "relu" if self.ceiling is None else f"clip to {shown(self.ceiling)}"


class LearnedClip(Activation):
    """The site of a trained clip: its ceiling is the λ that was learned."""


def is_learned(activation: Activation) -> bool:
    """Whether training says where the activation ends: a trained clip, or the levels that it was trained with."""
    return isinstance(activation, LearnedClip) or (activation.levels is not None and activation.levels.is_clip)


def shown(ceiling: float | Tensor) -> str:
    """`2.5`, or `0.5…2.5` for one per channel."""
    if not isinstance(ceiling, Tensor):
        return f"{ceiling:g}"
    if ceiling.is_meta:
        return f"{list(ceiling.shape)}"
    return f"{float(ceiling.min()):g}…{float(ceiling.max()):g}"


def match_activation(graph_module: fx.GraphModule, node: fx.Node) -> Match | None:
    """The ReLU or clip that `node` computes, in whatever form, or None."""
    if not node.args or not isinstance(node.args[0], fx.Node):
        return None
    if node.op == "call_module":
        module = graph_module.get_submodule(str(node.target))
        if isinstance(module, LearnedClip):
            return Match(node.args[0], module.ceiling, learned=True)
        if isinstance(module, Activation) and isinstance(module.ceiling, Tensor):
            return Match(node.args[0], module.ceiling)
        for kind, settings in MODULES.items():
            if type(module) is kind:
                return clip(node.args[0], *settings(module))
        return None
    matcher = FUNCTIONS.get(node.target)
    return matcher(graph_module, node) if matcher else None


def clip(source: Any, low: Any, high: Any) -> Match | None:
    """A match for clip(source, 0, high) with a positive or no ceiling; other bounds are other functions."""
    if not isinstance(source, fx.Node) or isinstance(high, fx.Node) or low != 0 or (high is not None and high <= 0):
        return None
    return Match(source, None if high is None or high == float("inf") else float(high))


def bounds(graph_module: fx.GraphModule, node: fx.Node) -> Match | None:
    """clamp(x, low, high) and hardtanh(x, low, high), whose defaults differ."""
    names = {"min": 1, "max": 2, "min_val": 1, "max_val": 2}
    given: dict[int, Any] = dict(enumerate(node.args))
    given.update({names[name]: value for name, value in node.kwargs.items() if name in names})
    low, high = (-1, 1) if node.target is aten.hardtanh.default else (None, None)
    return clip(given[0], constant(graph_module, given.get(1, low)), constant(graph_module, given.get(2, high)))


def with_zero(graph_module: fx.GraphModule, node: fx.Node) -> Match | None:
    """maximum(x, 0) in either order, the zero being a constant tensor."""
    for source, other in (node.args[:2], node.args[1::-1]):
        if constant(graph_module, other) == 0:
            return clip(source, 0, None)
    return None


def threshold(_: fx.GraphModule, node: fx.Node) -> Match | None:
    return clip(node.args[0], 0, None) if tuple(node.args[1:3]) == (0, 0) else None


def constant(graph_module: fx.GraphModule, value: Any) -> Any:
    """The number behind a literal, a tensor of equal elements or a `zeros`/`full` call; else the node itself."""
    if not isinstance(value, fx.Node):
        return value
    if value.op == "get_attr":
        owner, _, name = str(value.target).rpartition(".")
        tensor = getattr(graph_module.get_submodule(owner), name)
        is_learned = isinstance(tensor, nn.Parameter)
        return (
            tensor.flatten()[0].item()
            if not is_learned and tensor.numel() and (tensor == tensor.flatten()[0]).all()
            else value
        )
    if value.target in {aten.zeros.default, aten.zeros_like.default, aten.new_zeros.default}:
        return 0
    if value.target in {aten.full.default, aten.full_like.default}:
        return value.args[1]
    if value.target in COPIES and value.meta["val"].is_floating_point():  # integers would be rounded
        number = constant(graph_module, value.args[0])
        return value if isinstance(number, fx.Node) else number
    return value


# The same number, as another tensor.
COPIES = {
    aten.lift_fresh_copy.default, aten.detach.default, aten.detach_.default, aten.clone.default, aten.expand.default,
    aten.to.device, aten.to.dtype, aten.to.dtype_layout, aten.to.other, aten._to_copy.default,
}  # fmt: skip

MODULES: dict[type[nn.Module], Callable[[Any], tuple[Any, Any]]] = {
    Activation: lambda m: (0, m.ceiling),
    nn.ReLU: lambda m: (0, None),
    nn.Hardtanh: lambda m: (m.min_val, m.max_val),
    nn.ReLU6: lambda m: (m.min_val, m.max_val),
}

Matcher = Callable[[fx.GraphModule, fx.Node], Match | None]
FUNCTIONS: dict[object, Matcher] = {
    aten.relu.default: lambda _, node: clip(node.args[0], 0, None),
    aten.relu6.default: lambda _, node: clip(node.args[0], 0, 6),
    aten.clamp_min.default: bounds,
    aten.clamp_min.Tensor: bounds,
    aten.clamp.default: bounds,
    aten.clamp.Tensor: bounds,
    aten.hardtanh.default: bounds,
    aten.maximum.default: with_zero,
    aten.threshold.default: threshold,
}
