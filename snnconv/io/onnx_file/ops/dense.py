"""Matrix products: dense layers where one side is a weight, plain products elsewhere."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..graph import Layer, Node
from .table import op, parameter, set_weights


def dense(weight: np.ndarray, bias: np.ndarray | None) -> nn.Module:
    """A dense layer; `weight` [out, in] as PyTorch has it."""
    module = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    return set_weights(module, weight=weight, bias=bias)


@op("Gemm")
def gemm(node: Node) -> Layer:
    """α A·B + β C: a dense layer, with α and β in the weights."""
    if node.attributes.get("transA", 0) or node.is_constant(0):
        raise node.unsupported("a product in which the first matrix is transposed or constant")
    weight = node.constant(1, "second matrix")
    weight = weight if node.attributes.get("transB", 0) else weight.T
    weight = weight * np.asarray(node.attributes.get("alpha", 1.0), weight.dtype)
    if not node.has(2):
        return Layer(dense(weight, None))
    bias = node.constant(2, "third matrix")
    if bias.ndim > 1 and bias.shape[0] != 1:
        raise node.unsupported(f"a third matrix of shape {bias.shape} fixes the batch size")
    bias = bias * np.asarray(node.attributes.get("beta", 1.0), bias.dtype)
    return Layer(dense(weight, np.broadcast_to(bias.reshape(-1), (weight.shape[0],))))


class Product(nn.Module):
    """A product with a weight that is not a dense layer: from the left, or one matrix for each head."""

    def __init__(self, weight: np.ndarray, from_left: bool) -> None:
        super().__init__()
        self.weight = parameter(weight)
        self.from_left = from_left

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(self.weight, x) if self.from_left else torch.matmul(x, self.weight)


@op("MatMul")
def matmul(node: Node) -> Layer:
    """A dense layer where the second is a matrix of weights; a third input is a bias that was added behind it."""
    if node.is_constant(1) and node.constants[node.inputs[1]].ndim == 2:
        bias = node.constant(2, "bias") if node.has(2) else None
        return Layer(dense(node.constant(1, "weight").T, bias))
    if node.is_constant(0) or node.is_constant(1):
        index = 0 if node.is_constant(0) else 1
        return Layer(Product(node.constant(index, "weight"), from_left=index == 0), (1 - index,))
    return Layer(torch.matmul, (0, 1))
