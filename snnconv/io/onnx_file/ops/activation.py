"""Activations, as modules: each site then has a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..graph import Layer, Node
from .table import normal_axis, op, parameter, set_weights

Attributes = dict[str, Any]

# Operation → the module, from the node's attributes (with the defaults of the ONNX standard).
MODULES: dict[str, Callable[[Attributes], nn.Module]] = {
    "Relu": lambda given: nn.ReLU(),
    "LeakyRelu": lambda given: nn.LeakyReLU(given.get("alpha", 0.01)),
    "Elu": lambda given: nn.ELU(given.get("alpha", 1.0)),
    "Celu": lambda given: nn.CELU(given.get("alpha", 1.0)),
    "Sigmoid": lambda given: nn.Sigmoid(),
    "Tanh": lambda given: nn.Tanh(),
    "Softplus": lambda given: nn.Softplus(),
    "Softsign": lambda given: nn.Softsign(),
    "HardSwish": lambda given: nn.Hardswish(),
    "Mish": lambda given: nn.Mish(),
    "SiLU": lambda given: nn.SiLU(),  # what x·Sigmoid(x) is put together to
    "Gelu": lambda given: nn.GELU(given.get("approximate", "none")),
}


@op(*MODULES)
def activation(node: Node) -> Layer:
    return Layer(MODULES[node.op](node.attributes))


class Selu(nn.Module):
    """γ (max(0, x) + α (min(0, exp x) − 1)), with the file's own α and γ."""

    def __init__(self, alpha: float, gamma: float) -> None:
        super().__init__()
        self.alpha, self.gamma = alpha, gamma

    def forward(self, x: Tensor) -> Tensor:
        return self.gamma * torch.nn.functional.elu(x, self.alpha)


@op("Selu")
def selu(node: Node) -> Layer:
    return Layer(Selu(node.attributes.get("alpha", 1.67326319217681884765625),
                      node.attributes.get("gamma", 1.05070102214813232421875)))  # fmt: skip


class HardSigmoid(nn.Module):
    """clip(α x + β, 0, 1); PyTorch's own has α = 1/6, β = 1/2."""

    def __init__(self, alpha: float, beta: float) -> None:
        super().__init__()
        self.alpha, self.beta = alpha, beta

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.alpha + self.beta).clamp(0, 1)


@op("HardSigmoid")
def hard_sigmoid(node: Node) -> Layer:
    alpha, beta = node.attributes.get("alpha", 0.2), node.attributes.get("beta", 0.5)
    # The file keeps 1/6 in single precision.
    usual = abs(alpha - 1 / 6) < 1e-7 and beta == 0.5
    return Layer(nn.Hardsigmoid() if usual else HardSigmoid(alpha, beta))


class Clamp(nn.Module):
    """clip(x, low, high), either of which may be open."""

    def __init__(self, low: float | None, high: float | None) -> None:
        super().__init__()
        self.low, self.high = low, high

    def forward(self, x: Tensor) -> Tensor:
        return x if self.low is None and self.high is None else torch.clamp(x, self.low, self.high)


@op("Clip")
def clip(node: Node) -> Layer:
    """With bounds as attributes or as constant inputs; the usual ones under their own names."""
    low, high = node.scalar(1, "min", None), node.scalar(2, "max", None)
    low = None if low is not None and low <= np.finfo(np.float32).min else low
    high = None if high is not None and high >= np.finfo(np.float32).max else high
    if low == 0 and high is None:
        return Layer(nn.ReLU())
    if low == 0 and high == 6:
        return Layer(nn.ReLU6())
    return Layer(nn.Hardtanh(low, high) if low is not None and high is not None and low < high else Clamp(low, high))


@op("PRelu")
def prelu(node: Node) -> Layer:
    """One slope, or one for each channel."""
    slope = node.constant(1, "slope")
    channels = slope.reshape(-1)
    if slope.size > 1 and (slope.ndim != node.rank - 1 or slope.shape[0] != slope.size):
        return Layer(Slopes(slope))
    return Layer(set_weights(nn.PReLU(channels.size), weight=channels))


class Slopes(nn.Module):
    """A leaky ReLU with slopes that are not one for each channel."""

    def __init__(self, slope: np.ndarray) -> None:
        super().__init__()
        self.weight = parameter(slope)

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x < 0, x * self.weight, x)


class FromAxisOn(nn.Module):
    """A softmax over all dimensions from `axis` on at once, however many there are when it runs."""

    def __init__(self, over_last: Callable[..., Tensor], axis: int) -> None:
        super().__init__()
        self.over_last, self.axis = over_last, axis

    def forward(self, x: Tensor) -> Tensor:
        axis = normal_axis(self.axis, x.dim())
        if axis == x.dim() - 1:
            return self.over_last(x, dim=-1)
        return self.over_last(x.flatten(axis), dim=-1).reshape(x.shape)


@op("Softmax", "LogSoftmax")
def softmax(node: Node) -> Layer:
    """Before operator set 13 over all dimensions from the axis on, since then over one."""
    kind = nn.Softmax if node.op == "Softmax" else nn.LogSoftmax
    axis = int(node.attributes.get("axis", -1 if node.opset >= 13 else 1))
    if node.opset >= 13 or axis in (-1, node.rank - 1):
        return Layer(kind(dim=axis))
    return Layer(FromAxisOn(torch.softmax if node.op == "Softmax" else torch.log_softmax, axis))


@op("Dropout")
def dropout(node: Node) -> Layer:
    ratio = node.scalar(1, "ratio", 0.5)
    if node.has(2) and node.constant(2, "training_mode").any():
        raise node.unsupported("it was exported in training mode")
    return Layer(nn.Dropout(0.5 if ratio is None else ratio))


@op("Identity")
def identity(node: Node) -> Layer:
    return Layer(lambda x: x)
