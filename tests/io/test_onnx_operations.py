"""Every operation of the table against onnxruntime, in the forms that exporters write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from snnconv.capture.capture import capture
from snnconv.errors import UnsupportedModelError
from snnconv.io.onnx_file import compare_with_onnxruntime, open_onnx

from .onnx_files import random_inputs, save_operation, weights

X = ("n", 4, 6, 6)
VECTOR = ("n", 6)
SEQUENCE = ("n", 5, 6)
CLOSE = 2e-6


def ints(*values: int | list[int]) -> np.ndarray:
    return np.array(values, np.int64)


def number(value: float) -> np.ndarray:
    return np.array(value, np.float32)


# (operation, operator set, inputs, attributes, number of outputs)
CASES: list[tuple[str, int, list[Any], dict[str, Any], int]] = [
    ("Conv", 17, [X, weights(8, 4, 3, 3), weights(8)], {"pads": [1, 1, 1, 1], "strides": [2, 2]}, 1),
    ("Conv", 17, [X, weights(8, 2, 3, 3)], {"pads": [0, 1, 2, 1], "group": 2, "dilations": [2, 1]}, 1),
    ("Conv", 17, [X, weights(3, 4, 3, 3)], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, 1),
    ("Conv", 17, [X, weights(3, 4, 2, 2)], {"auto_pad": "SAME_LOWER"}, 1),
    ("Conv", 17, [("n", 2, 9), weights(3, 2, 3)], {"auto_pad": "VALID"}, 1),
    ("Conv", 17, [("n", 2, 4, 5, 5), weights(3, 2, 2, 3, 3)], {}, 1),
    ("ConvTranspose", 17, [X, weights(4, 3, 3, 3), weights(3)], {"strides": [2, 2], "pads": [1, 1, 0, 0]}, 1),
    ("ConvTranspose", 17, [X, weights(4, 3, 2, 2)], {"strides": [2, 2], "group": 2}, 1),
    ("Gemm", 17, [VECTOR, weights(6, 3), weights(3)], {"alpha": 0.5, "beta": 2.0}, 1),
    ("Gemm", 17, [VECTOR, weights(3, 6)], {"transB": 1}, 1),
    ("MatMul", 17, [SEQUENCE, weights(6, 3)], {}, 1),
    ("MatMul", 17, [weights(3, 5), SEQUENCE], {}, 1),
    ("MatMul", 17, [("n", 2, 3, 4), ("n", 2, 4, 5)], {}, 1),
    ("BatchNormalization", 17, [X, 1 + weights(4), weights(4), weights(4, seed=1), 1 + weights(4) ** 2], {}, 1),
    ("BatchNormalization", 9, [VECTOR, *[1 + weights(6, seed=s) ** 2 for s in range(4)]], {"epsilon": 1e-3}, 1),
    ("InstanceNormalization", 17, [X, weights(4), weights(4)], {}, 1),
    ("GroupNormalization", 21, [X, weights(4), weights(4)], {"num_groups": 2}, 1),
    ("LayerNormalization", 17, [SEQUENCE, weights(6), weights(6, seed=1)], {"axis": -1, "epsilon": 1e-6}, 1),
    ("LayerNormalization", 17, [SEQUENCE, weights(5, 6)], {"axis": 1}, 1),
    *[(name, 17, [X], {}, 1) for name in ("Relu", "Elu", "LeakyRelu", "Celu", "Selu", "Sigmoid", "Tanh", "Softplus",
                                          "Softsign", "HardSwish", "HardSigmoid", "Identity", "Dropout")],
    ("Mish", 18, [X], {}, 1),
    ("Gelu", 20, [X], {}, 1),
    ("Gelu", 20, [X], {"approximate": "tanh"}, 1),
    ("LeakyRelu", 17, [X], {"alpha": 0.3}, 1),
    ("HardSigmoid", 17, [X], {"alpha": 1 / 6}, 1),
    ("Clip", 17, [X, number(-0.5), number(0.5)], {}, 1),
    ("Clip", 17, [X, number(0), None], {}, 1),
    ("Clip", 9, [X], {"min": 0.0, "max": 6.0}, 1),
    ("Clip", 17, [X, None, number(0.5)], {}, 1),
    ("PRelu", 17, [X, weights(4, 1, 1)], {}, 1),
    ("PRelu", 17, [X, weights(1)], {}, 1),
    ("PRelu", 17, [X, weights(4, 6, 6)], {}, 1),
    ("Softmax", 17, [SEQUENCE], {"axis": 1}, 1),
    ("Softmax", 9, [VECTOR], {}, 1),
    ("LogSoftmax", 17, [SEQUENCE], {}, 1),
    ("MaxPool", 17, [X], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, 1),
    ("MaxPool", 17, [X], {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1, "dilations": [1, 1]}, 1),
    ("MaxPool", 17, [X], {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}, 1),
    ("AveragePool", 17, [X], {"kernel_shape": [2, 2], "strides": [2, 2]}, 1),
    ("AveragePool", 17, [X], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}, 1),
    ("AveragePool", 17, [X], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, 1),
    ("AveragePool", 17, [X], {"kernel_shape": [3, 3], "pads": [0, 0, 1, 1], "count_include_pad": 1}, 1),
    ("GlobalAveragePool", 17, [X], {}, 1),
    ("GlobalMaxPool", 17, [X], {}, 1),
    *[(name, 17, [X, X], {}, 1) for name in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean")],
    *[(name, 17, [X, weights(4, 1, 1)], {}, 1) for name in ("Add", "Sub", "Mul", "Div", "Max")],
    ("Sub", 17, [number(1), X], {}, 1),
    ("Max", 17, [X, number(0)], {}, 1),
    ("Min", 17, [number(0.3), X], {}, 1),
    ("Pow", 17, [X, number(2)], {}, 1),
    ("Mod", 17, [X, number(0.7)], {"fmod": 1}, 1),
    ("Sum", 17, [X], {}, 1),
    *[(name, 17, [X], {}, 1) for name in ("Neg", "Abs", "Reciprocal", "Exp", "Floor", "Ceil", "Round", "Sign", "Sin",
                                          "Cos", "Erf")],
    ("Reshape", 17, [X, ints(0, -1)], {}, 1),
    ("Reshape", 17, [X, ints(-1, 36)], {}, 1),
    ("Flatten", 17, [X], {}, 1),
    ("Flatten", 17, [X], {"axis": 2}, 1),
    ("Flatten", 17, [X], {"axis": -1}, 1),
    ("Transpose", 17, [X], {"perm": [0, 2, 1, 3]}, 1),
    ("Squeeze", 17, [("n", 1, 6), ints(1)], {}, 1),
    ("Squeeze", 11, [("n", 1, 6)], {"axes": [1]}, 1),
    ("Unsqueeze", 17, [VECTOR, ints(1, -1)], {}, 1),
    ("Unsqueeze", 11, [VECTOR], {"axes": [2]}, 1),
    ("Concat", 17, [X, X], {"axis": 1}, 1),
    ("Split", 17, [X, ints(1, 3)], {"axis": 1}, 2),
    ("Split", 11, [X], {"axis": 1}, 2),
    ("Split", 11, [X], {"axis": 1, "split": [3, 1]}, 2),
    ("Slice", 17, [X, ints(1, 0), ints(9, -1), ints(1, 3), ints(1, 2)], {}, 1),
    ("Slice", 17, [X, ints(-1), ints(-9223372036854775807), ints(1), ints(-1)], {}, 1),
    ("Slice", 9, [X], {"starts": [1], "ends": [3], "axes": [2]}, 1),
    ("Gather", 17, [X, np.array(1, np.int64)], {"axis": 1}, 1),
    ("Gather", 17, [X, ints(2, 0)], {"axis": 2}, 1),
    ("Expand", 17, [("n", 1, 6), ints(1, 5, 1)], {}, 1),
    ("Tile", 17, [VECTOR, ints(1, 2)], {}, 1),
    ("Pad", 17, [X, ints(0, 0, 1, 2, 0, 0, 0, 1), number(0.5)], {}, 1),
    ("Pad", 17, [X, ints(0, 0, 1, 2, 0, 0, 0, 1)], {"mode": "reflect"}, 1),
    ("Pad", 9, [X], {"pads": [0, 1, 1, 0, 0, 1, 0, 0]}, 1),
    ("Pad", 18, [X, ints(1, 1), None, ints(3)], {"mode": "edge"}, 1),
    ("ReduceMean", 17, [X], {"axes": [2, 3], "keepdims": 0}, 1),
    ("ReduceMean", 18, [X, ints(-1)], {}, 1),
    ("ReduceSum", 17, [X, ints(1)], {"keepdims": 0}, 1),
    *[(name, 17, [X], {"axes": [1, 2]}, 1) for name in ("ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
                                                       "ReduceSumSquare", "ReduceLogSumExp")],
    ("Resize", 17, [X, None, np.array([1, 1, 2, 2], np.float32)],
     {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, 1),
    ("Resize", 17, [X, None, np.array([1, 1, 1.5, 2], np.float32)], {"mode": "linear"}, 1),
    ("Upsample", 9, [X, np.array([1, 1, 2, 2], np.float32)], {}, 1),
    ("DepthToSpace", 17, [X], {"blocksize": 2}, 1),
    ("DepthToSpace", 17, [X], {"blocksize": 2, "mode": "CRD"}, 1),
    ("SpaceToDepth", 17, [X], {"blocksize": 2}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("op", "opset", "inputs", "attributes", "outputs"), CASES)
def test_as_onnxruntime_computes_it(
    op: str, opset: int, inputs: list[Any], attributes: dict[str, Any], outputs: int, tmp_path: Path
) -> None:
    path = save_operation(tmp_path / "op.onnx", op, opset, inputs, outputs, **attributes)
    network, _ = open_onnx(path)
    x = random_inputs(*((3, *shape[1:]) for shape in inputs if isinstance(shape, tuple)))
    assert compare_with_onnxruntime(path, network, x) < CLOSE
    capture(network, x)  # with a free batch, or this raises


@pytest.mark.parametrize(
    ("op", "opset", "inputs", "attributes", "reason"),
    [
        ("Gemm", 17, [("n", 6), ("n", 6)], {"transA": 1}, "transposed"),
        ("Conv", 17, [X, ("n", 4, 3, 3)], {}, "weight has to be a constant"),
        ("GroupNormalization", 18, [X, weights(2), weights(2)], {"num_groups": 2}, "operator set 21"),
        ("BatchNormalization", 7, [X, *[weights(4) for _ in range(4)]], {"spatial": 0}, "every position"),
        ("Resize", 17, [X, None, np.array([1, 1, 3, 3], np.float32)],
         {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "round_prefer_ceil"}, "nearest"),
        ("AveragePool", 17, [X], {"kernel_shape": [3, 3], "pads": [0, 0, 1, 1]}, "uneven padding"),
    ],
)  # fmt: skip
def test_forms_that_are_refused_by_name(
    op: str, opset: int, inputs: list[Any], attributes: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    path = save_operation(tmp_path / "op.onnx", op, opset, inputs, **attributes)
    with pytest.raises(UnsupportedModelError, match=rf"{op}[\s\S]*{reason}[\s\S]*remedy"):
        open_onnx(path)


def test_every_operation_is_tried_or_only_ever_computes_sizes() -> None:
    from snnconv.io.onnx_file.ops import OPERATIONS

    of_sizes = {"Shape", "Range", "ConstantOfShape", "Cast", "CastLike", "Constant", "Where", "Equal", "Greater",
                "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Not", "Sqrt", "Log", "SiLU", "ArgMax",
                "ArgMin", "ScatterND"}  # fmt: skip
    assert set(OPERATIONS) - {case[0] for case in CASES} == of_sizes


def test_sizes_computed_in_the_file(tmp_path: Path) -> None:
    """Shape → Gather → Concat → Reshape, as PyTorch's exporter writes x.view(x.shape[0], -1, 2)."""
    from .onnx_files import node, save_model

    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["b"], axis=0),
        node("Unsqueeze", ["b", "axes"], ["b1"]),
        node("Concat", ["b1", "rest"], ["target"], axis=0),
        node("Reshape", ["x", "target"], ["r"]),
        node("Sqrt", ["two"], ["root"]),
        node("Div", ["r", "root"], ["y"]),
    ]
    constants = {"zero": np.array(0, np.int64), "axes": ints(0), "rest": ints(-1, 2), "two": number(2)}
    path = save_model(tmp_path / "sizes.onnx", nodes, constants, {"x": ("n", 3, 4)})
    network, _ = open_onnx(path)
    x = random_inputs((3, 3, 4))
    assert compare_with_onnxruntime(path, network, x) < CLOSE
    program = capture(network, x)
    assert program.module(check_guards=False)(torch.zeros(7, 3, 4)).shape == (7, 6, 2)


def test_a_mask_drawn_in_the_file(tmp_path: Path) -> None:
    from .onnx_files import node, save_model

    nodes = [node("ScatterND", ["base", "places", "values"], ["mask"]), node("Add", ["x", "mask"], ["y"])]
    constants = {"base": weights(4, 6), "places": ints([0, 1], [3, 5]), "values": weights(2, seed=3)}
    path = save_model(tmp_path / "mask.onnx", nodes, constants, {"x": ("n", 4, 6)})
    network, _ = open_onnx(path)
    assert compare_with_onnxruntime(path, network, random_inputs((3, 4, 6))) < CLOSE


def test_a_sample_chosen_by_its_place_is_refused(tmp_path: Path) -> None:
    path = save_operation(tmp_path / "op.onnx", "ScatterND", 17, [X, ints([0, 1], [0, 3]), weights(2, 6, 6)])
    with pytest.raises(UnsupportedModelError, match="several samples at once"):
        open_onnx(path)
