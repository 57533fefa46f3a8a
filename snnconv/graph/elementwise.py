"""The sites of every other elementwise activation, as SiLU, GELU and tanh: each an operation with its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from ..errors import InputError
from .activations import Activation

aten = torch.ops.aten

# The activations that a neuron can track, by operation, and the modules that are them.
ELEMENTWISE: dict[str, type[nn.Module]] = {
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "hardswish": nn.Hardswish,
    "hardsigmoid": nn.Hardsigmoid,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "celu": nn.CELU,
    "leaky_relu": nn.LeakyReLU,
    "prelu": nn.PReLU,
    "rrelu": nn.RReLU,  # outside training a leaky ReLU of the mean slope
    "log_sigmoid": nn.LogSigmoid,
    "softsign": nn.Softsign,  # no operation of its own: x / (1 + |x|)
    "hardtanh": nn.Hardtanh,
    "hardshrink": nn.Hardshrink,
    "softshrink": nn.Softshrink,
    "threshold": nn.Threshold,
    "clamp": nn.Hardtanh,  # with two bounds
}
CANDIDATES = {*ELEMENTWISE, "div"}  # a softsign is a division
INPUTS = ("self", "input")


class Elementwise(Activation):
    """The canonical site of an elementwise activation f that is neither a ReLU nor clip(x, 0, c).

    Args:
        operation: name of an ATen operation with its overload, such as "gelu.default", or "softsign".
        settings: its arguments besides the input, by name, as {"approximate": "tanh"}.
        tensors: those that are tensors, as the `weight` of a PReLU.
    """

    tracked = True

    def __init__(
        self, operation: str, settings: Mapping[str, Any] | None = None, tensors: Mapping[str, Tensor] | None = None
    ) -> None:
        super().__init__()
        self.operation, self.settings = operation, dict(settings or {})
        self.learned = tuple(tensors or {})
        for name, value in (tensors or {}).items():
            if isinstance(value, nn.Parameter):
                self.register_parameter(name, value)
            else:
                self.register_buffer(name, value)

    @property
    def name(self) -> str:
        """`gelu`."""
        return self.operation.partition(".")[0]

    @property
    def tensors(self) -> dict[str, Tensor]:
        return {name: getattr(self, name) for name in self.learned}

    def forward(self, x: Tensor) -> Tensor:
        # Nothing is recorded by torch.export where the types are the same.
        cast = {name: v if v.dtype == x.dtype else v.to(x.dtype) for name, v in self.tensors.items()}
        return self.function(x, **self.settings, **cast)

    @property
    def function(self) -> Callable[..., Tensor]:
        if self.name not in ELEMENTWISE:  # a file may hold such a module, and any text in it
            raise InputError(f"not an elementwise activation: {self.name!r}", expected=", ".join(ELEMENTWISE))
        if self.operation == "softsign":
            return F.softsign
        found = getattr(getattr(aten, self.name), self.operation.partition(".")[2], None)
        if not isinstance(found, torch._ops.OpOverload):
            raise InputError(f"not an operation of torch: {self.operation!r}", expected="as gelu.default")
        return found

    def _get_name(self) -> str:
        return ELEMENTWISE.get(self.name, Elementwise).__name__

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.settings.items())


def elementwise_of(
    target: torch._ops.OpOverload, values: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> Elementwise | None:
    """The site of an operation, or None where it is not an activation of the table, or its settings are computed.

    Args:
        values: its arguments by the names of the schema. tensors: those that are parameters.
    """
    name = target._schema.name.split("::")[1].removesuffix("_")
    if name == "div":
        return Elementwise("softsign") if is_softsign(values) else None
    settings = {key: value for key, value in values.items() if key not in (*INPUTS, *tensors)}
    if name not in ELEMENTWISE or any(isinstance(value, (fx.Node, Tensor)) for value in settings.values()):
        return None
    if name in SPECIAL:
        return SPECIAL[name](settings)
    defaults = {a.name: a.default_value for a in target._schema.arguments if a.has_default_value()}
    chosen = {key: value for key, value in settings.items() if key not in defaults or value != defaults[key]}
    return Elementwise(f"{name}.{target._overloadname}", chosen, tensors)


def leaky(settings: Mapping[str, Any]) -> Elementwise | None:
    slope = (settings["lower"] + settings["upper"]) / 2
    return None if settings["training"] else Elementwise("leaky_relu.default", {"negative_slope": slope})


def between(settings: Mapping[str, Any]) -> Elementwise | None:
    """clamp(x, low, high): with one bound it is rather a guard, as the eps of a norm, than an activation."""
    low, high = settings["min"], settings["max"]
    return None if low is None or high is None else Elementwise("clamp.default", {"min": low, "max": high})


def is_softsign(values: Mapping[str, Any]) -> bool:
    """x / (|x| + 1)."""
    x, rest = values["self"], values["other"]
    if not isinstance(rest, fx.Node) or rest.target is not aten.add.Tensor or rest.args[1] != 1 or rest.kwargs:
        return False
    size = rest.args[0]
    return isinstance(size, fx.Node) and size.target is aten.abs.default and size.args[0] is x


def jump(settings: Mapping[str, Any]) -> Elementwise | None:
    """x where x > threshold, else value: a ReLU where both are 0."""
    return Elementwise("threshold.default", settings) if any(settings.values()) else None


SPECIAL: dict[str, Callable[[Mapping[str, Any]], Elementwise | None]] = {
    "rrelu": leaky, "clamp": between, "threshold": jump,
}  # fmt: skip
