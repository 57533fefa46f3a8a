"""Patterns that exporters take apart and that are one layer in PyTorch: put together, each is one site or one weight.

A pattern is found from its last operation, backwards; values in between may have no other use.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np

from .graph import Attributes, Graph, Node

Pattern = Callable[[Graph, Node, dict[str, Node]], bool]  # rewrites `node` in place where it ends the pattern


def fuse(graph: Graph) -> None:
    """Try every pattern at every node; operations that nobody uses any more go."""
    makers = {name: node for node in graph.nodes for name in node.outputs if name}
    graph.uses = Counter(name for node in graph.nodes for name in node.inputs) + Counter(graph.outputs)
    for node in graph.nodes:
        for pattern in PATTERNS.get(node.op, ()):
            if pattern(graph, node, makers):
                break
    drop_unused(graph)


def drop_unused(graph: Graph) -> None:
    needed = set(graph.outputs)
    kept = []
    for node in reversed(graph.nodes):
        if needed & set(node.outputs):
            needed.update(node.inputs)
            kept.append(node)
    graph.nodes[:] = reversed(kept)


def become(node: Node, op: str, inputs: list[str], **attributes: object) -> bool:
    node.op, node.inputs, node.attributes = op, inputs, Attributes(attributes)
    return True


def bias_behind_product(graph: Graph, node: Node, makers: dict[str, Node]) -> bool:
    """MatMul(x, W) + b is a dense layer with a bias."""
    for product, bias in ((0, 1), (1, 0)):
        if not node.has(1) or not node.is_constant(bias):
            continue
        matmul, array = makers.get(node.inputs[product]), node.constants[node.inputs[bias]]
        if matmul is None or matmul.op != "MatMul" or len(matmul.inputs) != 2 or not matmul.is_constant(1):
            continue
        weight = matmul.constants[matmul.inputs[1]]
        fits = (
            weight.ndim == 2
            and array.size == weight.shape[1]
            and array.shape[-1:] == (array.size,)
            and (array.ndim <= max(matmul.rank, 1))
        )
        if fits and only_use(graph, node.inputs[product]):
            flat = f"{node.inputs[bias]} of {node.outputs[0]}"
            graph.constants[flat] = array.reshape(-1)
            name = node.inputs[bias] if array.ndim == 1 else flat
            node.name = matmul.name or node.name
            node.input_shape = matmul.input_shape
            return become(node, "MatMul", [*matmul.inputs, name])
    return False


def erf_gelu(graph: Graph, node: Node, makers: dict[str, Node]) -> bool:
    """x · ½ (1 + erf(x / √2)), whatever the order of the factors, is a GELU."""
    leaves = factors(graph, node, makers)
    number = math.prod(value for value in leaves if isinstance(value, float))
    names = [value for value in leaves if isinstance(value, str)]
    if len(names) != 2 or abs(number - 0.5) > 1e-6:
        return False
    for x, gate in (names, reversed(names)):
        add = makers.get(gate)
        erf = makers.get(with_number(add, "Add", 1.0)) if add else None
        inner = makers.get(erf.inputs[0]) if erf is not None and erf.op == "Erf" else None
        if inner is None:
            continue
        source = with_number(inner, "Div", math.sqrt(2)) or with_number(inner, "Mul", math.sqrt(0.5))
        if source == x:
            return become(node, "Gelu", [x], approximate="none")
    return False


def gated_by_itself(graph: Graph, node: Node, makers: dict[str, Node]) -> bool:
    """x · Sigmoid(x) is a SiLU."""
    for x, gate in (node.inputs, reversed(node.inputs)):
        maker = makers.get(gate)
        if maker is not None and maker.op == "Sigmoid" and maker.inputs[0] == x and only_use(graph, gate):
            return become(node, "SiLU", [x])
    return False


def taken_apart_layer_norm(graph: Graph, node: Node, makers: dict[str, Node]) -> bool:
    """(x − mean x) / √(mean (x − mean x)² + ε) · scale + bias over the last axis is a layer norm."""
    scaled, bias = constant_side(node)
    mul = makers.get(scaled) if scaled else None
    normal, scale = constant_side(mul) if mul is not None and mul.op == "Mul" else ("", "")
    divide = makers.get(normal)
    if divide is None or divide.op != "Div":
        return False
    centred, root = (makers.get(name) for name in divide.inputs)
    shifted = makers.get(root.inputs[0]) if root is not None and root.op == "Sqrt" else None
    if centred is None or centred.op != "Sub" or shifted is None or shifted.op != "Add":
        return False
    variance, epsilon = constant_side(shifted)
    mean_square, mean = makers.get(variance), makers.get(centred.inputs[1])
    square = makers.get(mean_square.inputs[0]) if is_last_mean(mean_square) else None  # type: ignore[union-attr]
    is_square = square is not None and (
        (square.op == "Pow" and number_at(square, 1) == 2.0)
        or (square.op == "Mul" and square.inputs[0] == square.inputs[1])
    )
    if not (is_square and square and square.inputs[0] == divide.inputs[0] and is_last_mean(mean)):
        return False
    x = centred.inputs[0]
    if mean is None or mean.inputs[0] != x or node.constants[epsilon].size != 1:
        return False
    arrays = node.constants[scale], node.constants[bias]
    if any(array.ndim != 1 for array in arrays) or arrays[0].shape != arrays[1].shape:
        return False
    return become(node, "LayerNormalization", [x, scale, bias], axis=-1, epsilon=float(node.constants[epsilon].item()))


def is_last_mean(node: Node | None) -> bool:
    return (
        node is not None
        and node.op == "ReduceMean"
        and node.integers(1, "axes") == [-1]
        and bool(node.attributes.get("keepdims", 1))
    )


def constant_side(node: Node | None) -> tuple[str, str]:
    """The signal and the constant that a sum or product of two takes; empty where it is not so."""
    if node is None or len(node.inputs) != 2 or node.is_constant(0) == node.is_constant(1):
        return "", ""
    return (node.inputs[1], node.inputs[0]) if node.is_constant(0) else (node.inputs[0], node.inputs[1])


def factors(graph: Graph, node: Node, makers: dict[str, Node], depth: int = 3) -> list[str | float]:
    """The factors of nested products: names of values, and numbers."""
    found: list[str | float] = []
    for index, name in enumerate(node.inputs):
        maker = makers.get(name)
        if (number := number_at(node, index)) is not None:
            found.append(number)
        elif maker is not None and maker.op == "Mul" and depth and only_use(graph, name):
            found += factors(graph, maker, makers, depth - 1)
        else:
            found.append(name)
    return found


def with_number(node: Node | None, op: str, number: float) -> str:
    """The other input of `op` with this number; of a division, the numerator. Empty: it is not that."""
    if node is None or node.op != op or len(node.inputs) != 2:
        return ""
    for index in (1,) if op == "Div" else (0, 1):
        value = number_at(node, index)
        if value is not None and abs(value - number) < 1e-5:
            return node.inputs[1 - index]
    return ""


def number_at(node: Node, index: int) -> float | None:
    if not node.is_constant(index):
        return None
    array: np.ndarray = node.constants[node.inputs[index]]
    return float(array.reshape(())) if array.size == 1 and array.dtype.kind == "f" else None


def only_use(graph: Graph, name: str) -> bool:
    return graph.uses[name] == 1


PATTERNS: dict[str, tuple[Pattern, ...]] = {
    "Add": (bias_behind_product, taken_apart_layer_norm),
    "Mul": (erf_gelu, gated_by_itself),
}
