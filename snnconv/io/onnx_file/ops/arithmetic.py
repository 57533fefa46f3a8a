"""Arithmetic, entry by entry: on tensors, and on arrays of sizes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..graph import Layer, Node, Value
from .table import is_host, layer_of_all, op, operands, settled


def quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of whole numbers the whole part; sizes, which may be symbols, are not negative."""
    if "f" in (a.dtype.kind, b.dtype.kind):
        return a / b
    return a // b if "O" in (a.dtype.kind, b.dtype.kind) else np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))


def divided(a: Any, b: Any) -> Any:
    whole = not any(x.is_floating_point() if isinstance(x, Tensor) else isinstance(x, float) for x in (a, b))
    return torch.div(a, b, rounding_mode="trunc") if whole else a / b


def power(base: Any, exponent: Any) -> Tensor:
    return torch.pow(base, exponent)


# Operation → (on tensors, on arrays). Two or more inputs are taken from the left.
BINARY: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "Add": (lambda a, b: a + b, np.add),
    "Sub": (lambda a, b: a - b, np.subtract),
    "Mul": (lambda a, b: a * b, np.multiply),
    "Div": (divided, quotient),
    "Pow": (power, np.power),
    "Equal": (lambda a, b: a == b, np.equal),
    "Greater": (lambda a, b: a > b, np.greater),
    "GreaterOrEqual": (lambda a, b: a >= b, np.greater_equal),
    "Less": (lambda a, b: a < b, np.less),
    "LessOrEqual": (lambda a, b: a <= b, np.less_equal),
    "And": (lambda a, b: a & b, np.logical_and),
    "Or": (lambda a, b: a | b, np.logical_or),
    "Sum": (lambda a, b: a + b, np.add),
    "Min": (lambda a, b: bounded(torch.minimum, "max", a, b), np.minimum),
    "Max": (lambda a, b: bounded(torch.maximum, "min", a, b), np.maximum),
}

UNARY: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "Neg": (torch.neg, np.negative),
    "Abs": (torch.abs, np.abs),
    "Sqrt": (torch.sqrt, np.sqrt),
    "Reciprocal": (torch.reciprocal, np.reciprocal),
    "Exp": (torch.exp, np.exp),
    "Log": (torch.log, np.log),
    "Floor": (torch.floor, np.floor),
    "Ceil": (torch.ceil, np.ceil),
    "Round": (torch.round, np.round),
    "Sign": (torch.sign, np.sign),
    "Sin": (torch.sin, np.sin),
    "Cos": (torch.cos, np.cos),
    "Not": (torch.logical_not, np.logical_not),
    "Erf": (torch.erf, np.vectorize(lambda x: torch.erf(torch.tensor(x)).item())),
}


def bounded(of_tensors: Callable[..., Tensor], bound: str, a: Any, b: Any) -> Tensor:
    """The smaller or larger of two, one of which may be a number: max(x, 0) is a ReLU and should look like one."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return of_tensors(a, b)
    return torch.clamp(a, **{bound: b}) if isinstance(a, Tensor) else torch.clamp(b, **{bound: a})


def elementwise(of_tensors: Callable[..., Any], of_arrays: Callable[..., Any], *values: Value) -> Any:
    """Fold `values` from the left, as arrays if all of them are."""
    if is_host(*values):
        values = tuple(settled(value) for value in values if isinstance(value, np.ndarray))
        return np.asarray(functools.reduce(of_arrays, values) if len(values) > 1 else of_arrays(*values))
    ready = operands(values)
    return functools.reduce(of_tensors, ready) if len(ready) > 1 else of_tensors(*ready)


@op(*BINARY)
def binary(node: Node) -> Layer:
    if len(node.inputs) == 1:
        return Layer(lambda x: x)  # the sum of one
    return layer_of_all(node, functools.partial(elementwise, *BINARY[node.op]))


@op("Mod")
def remainder(node: Node) -> Layer:
    """With the sign of the divisor, or as C has it with the sign of the dividend."""
    forms = (torch.fmod, np.fmod) if node.attributes.get("fmod", 0) else (torch.remainder, np.mod)
    return layer_of_all(node, functools.partial(elementwise, *forms))


@op(*UNARY)
def unary(node: Node) -> Layer:
    return Layer(functools.partial(elementwise, *UNARY[node.op]))


@op("Mean")
def mean(node: Node) -> Layer:
    """Of several inputs, entry by entry."""
    count = len(node.inputs)
    return layer_of_all(node, lambda *values: elementwise(lambda a, b: a + b, np.add, *values) / count)


@op("Where")
def where(node: Node) -> Layer:
    def choose(condition: Value, a: Value, b: Value) -> Value:
        if is_host(condition, a, b):
            return np.where(condition, a, b)  # type: ignore[arg-type]
        chooser, first, second = operands((condition, a, b))
        return torch.where(torch.as_tensor(chooser), first, second)

    return layer_of_all(node, choose)
