"""Nothing that a file says of an operation is passed over: what no builder asked for is at its default, or refused."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .graph import Layer, Node
from .ops import OPERATIONS
from .packages import require_onnx

_FLOAT8 = frozenset({"saturate", "round_mode"})  # of conversions to 8-bit floats, which are refused
# Operation → attributes that change nothing in the forms that are read.
NEEDLESS: dict[str, frozenset[str]] = {
    "Cast": _FLOAT8,
    "CastLike": _FLOAT8,
    "Dropout": frozenset({"seed"}),  # of training
    "MaxPool": frozenset({"storage_order"}),  # of the places of the maxima, which are refused
    "Range": frozenset({"stash_type"}),  # of half precision
    "Resize": frozenset({"cubic_coeff_a", "extrapolation_value"}),  # of cubic and cropping modes, which are refused
}
# Operation → inputs likewise.
NEEDLESS_INPUTS: dict[str, frozenset[int]] = {"Resize": frozenset({1})}  # the region of cropping modes


def build(node: Node) -> Layer:
    """The layer of a node.

    Raises:
        UnsupportedModelError: the form is not read, or the file gives an attribute or input that changes the result and
            that the builder has no use for.
    """
    layer = OPERATIONS[node.op](node)
    attributes = [
        name
        for name, value in node.attributes.items()
        if name not in node.attributes.asked | NEEDLESS.get(node.op, frozenset())
        and not same(value, defaults(node.op, node.opset).get(name))
    ]
    read = {*layer.inputs, *node.asked, *NEEDLESS_INPUTS.get(node.op, ())}
    inputs = [index for index in range(len(node.inputs)) if node.has(index) and index not in read]
    inputs = [index for index in inputs if not (node.is_constant(index) and not node.constant(index, "input").size)]
    if attributes:
        raise node.unsupported(f"with {', '.join(f'{name}={node.attributes[name]!r}'[:80] for name in attributes)}")
    if inputs:
        raise node.unsupported(f"with input {inputs[0] + 1} of {len(node.inputs)}, {node.inputs[inputs[0]][:80]!r}")
    return layer


@cache
def defaults(op: str, opset: int) -> dict[str, Any]:
    """The attributes that the standard gives a value where the file gives none."""
    onnx = require_onnx()
    try:
        schema = onnx.defs.get_schema(op, opset)
    except onnx.defs.SchemaError:  # what patterns are put together to
        return {}
    values = {
        name: onnx.helper.get_attribute_value(attribute.default_value)
        for name, attribute in schema.attributes.items()
        if attribute.default_value.name
    }
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in values.items()}


def same(value: Any, default: Any) -> bool:
    return default is not None and np.array_equal(np.asarray(value), np.asarray(default))
