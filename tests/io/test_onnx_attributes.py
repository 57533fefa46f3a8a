"""Every attribute and optional input of every operation that is read: as onnxruntime has it, or refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from snnconv.errors import InputError, UnsupportedModelError
from snnconv.io.onnx_file import compare_with_onnxruntime, open_onnx
from snnconv.io.onnx_file.ops import OPERATIONS
from snnconv.io.onnx_file.unread import NEEDLESS, NEEDLESS_INPUTS

from .onnx_files import node, onnx, random_inputs, save_model, save_operation, weights
from .test_onnx_operations import CASES, CLOSE, VECTOR, X, ints, number

Row = tuple[str, int, list[Any], dict[str, Any]]
LINE, VIDEO = ("n", 3, 5), ("n", 3, 3, 4, 5)
SEQUENCE = ("n", 5, 6)
REDUCTIONS = [name for name in OPERATIONS if name.startswith("Reduce")]
EMPTY = np.array([], np.int64)
TWO, THREE = (np.array([1, 1, factor, factor], np.float32) for factor in (2, 3))
NORM = [1 + weights(4), weights(4), weights(4, seed=1), 1 + weights(4) ** 2]


def pads(shape: tuple[int | str, ...], axis: int, before: int, after: int) -> np.ndarray:
    amounts = np.zeros((2, len(shape)), np.int64)
    amounts[:, axis] = before, after
    return amounts.reshape(-1)


def pooled(kernel: int = 3, **attributes: Any) -> dict[str, Any]:
    return {"kernel_shape": [kernel] * 2, **attributes}


# (operation, operator set, inputs, attributes): none at its default.
READ: list[Row] = [
    ("Conv", 17, [X, weights(8, 4, 3, 3)], {"kernel_shape": [3, 3]}),
    ("Conv", 22, [X, weights(8, 4, 3, 3)], {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    ("ConvTranspose", 17, [X, weights(4, 3, 3, 3)], {"strides": [2, 2], "output_padding": [1, 0]}),
    ("ConvTranspose", 22, [X, weights(4, 3, 3, 3)], {"dilations": [2, 1], "kernel_shape": [3, 3]}),
    ("ConvTranspose", 17, [X, weights(4, 3, 3, 3)], {"auto_pad": "VALID"}),
    *[
        (op, 22, [X], pooled(strides=[2, 2], ceil_mode=1, pads=around))
        for op in ("MaxPool", "AveragePool")
        for around in ([0, 0, 0, 0], [1, 1, 1, 1])
    ],
    ("MaxPool", 22, [X], pooled(strides=[2, 2], ceil_mode=1, pads=[0, 0, 1, 1])),
    ("MaxPool", 22, [X], pooled(dilations=[2, 1], pads=[1, 1, 1, 1])),
    ("MaxPool", 17, [X], pooled(2, storage_order=1)),
    ("AveragePool", 22, [X], pooled(strides=[2, 2], ceil_mode=1, pads=[1, 1, 1, 1], count_include_pad=1)),
    ("AveragePool", 22, [X], pooled(strides=[2, 2], ceil_mode=1, pads=[1, 0, 0, 1], count_include_pad=1)),
    ("AveragePool", 17, [X], pooled(auto_pad="SAME_UPPER", strides=[2, 2], count_include_pad=1)),
    *[(op, 18, [X, EMPTY], {"noop_with_empty_axes": 1}) for op in REDUCTIONS],
    *[(op, 18, [X, ints(-1, 1)], {"keepdims": 0}) for op in REDUCTIONS],
    *[(op, 11, [X], {"axes": [-1, 1], "keepdims": 0}) for op in REDUCTIONS],
    *[("Resize", 19, [X, None, TWO], {"coordinate_transformation_mode": way, "nearest_mode": rounding})
      for way, rounding in (("half_pixel", "round_prefer_ceil"), ("pytorch_half_pixel", "round_prefer_floor"),
                            ("asymmetric", "floor"), ("asymmetric", "round_prefer_floor"))],
    *[("Resize", 19, [X, None, TWO], {"coordinate_transformation_mode": way, "mode": "linear"})
      for way in ("half_pixel", "pytorch_half_pixel", "align_corners")],
    ("Resize", 19, [X, np.zeros(8, np.float32), TWO], {"mode": "linear", "cubic_coeff_a": -0.5}),
    ("Resize", 19, [X, None, np.array([3, 2], np.float32)], {"mode": "linear", "axes": [3, 2]}),
    ("Resize", 19, [X, None, np.array([2], np.float32)], {"mode": "linear", "axes": [-1], "extrapolation_value": 1.0}),
    ("Resize", 19, [X, None, None, ints(9, 12)], {"mode": "linear", "axes": [2, 3]}),
    ("Resize", 10, [X, TWO], {}),
    ("Upsample", 7, [X], {"scales": [1.0, 1.0, 2.0, 3.0], "mode": "nearest"}),
    ("BatchNormalization", 15, [X, *NORM], {"momentum": 0.5, "epsilon": 0.1}),
    ("BatchNormalization", 7, [X, *NORM], {"spatial": 1}),
    ("LayerNormalization", 17, [SEQUENCE, weights(5, 6)], {"axis": -2, "epsilon": 0.1}),
    ("InstanceNormalization", 17, [X, weights(4), weights(4)], {"epsilon": 0.1}),
    ("GroupNormalization", 21, [X, weights(4), weights(4)], {"num_groups": 2, "epsilon": 0.1}),
    ("Dropout", 17, [X, number(0.5), np.array(False)], {"seed": 3}),
    ("Dropout", 7, [X], {"ratio": 0.3}),
    ("Elu", 17, [X], {"alpha": 0.5}),
    ("Celu", 17, [X], {"alpha": 0.5}),
    ("Selu", 17, [X], {"alpha": 0.5, "gamma": 2.0}),
    ("HardSigmoid", 17, [X], {"alpha": 0.3, "beta": 0.4}),
    *[(op, opset, [X], {"axis": axis})
      for op in ("Softmax", "LogSoftmax") for opset, axis in ((7, 1), (11, -2), (13, 1))],
    ("Clip", 17, [X, number(0.5), number(-0.5)], {}),
    ("Clip", 9, [X], {"max": 0.3}),
    ("Clip", 9, [X], {"min": 0.1}),
    *[("PRelu", 17, [X, slope], {}) for slope in (weights(6), weights(6, 1), weights(4, 1, 1))],
    ("Flatten", 17, [X], {"axis": 4}),
    ("Squeeze", 13, [("n", 1, 6, 1)], {}),
    ("Squeeze", 13, [("n", 1, 6, 1), ints(-1)], {}),
    ("Unsqueeze", 11, [X], {"axes": [-1, 1]}),
    ("Split", 18, [SEQUENCE], {"axis": -1, "num_outputs": 1}),
    *[("Slice", 17, [X, ints(first), ints(last), ints(3), ints(step)], {})
      for first, last, step in ((-1, -7, -1), (-1, -6, -1), (4, 0, -2), (5, -100, -3), (-1, 0, -1), (1, 100, 2))],
    ("Slice", 9, [X], {"starts": [1], "ends": [-1], "axes": [-1]}),
    ("Gather", 17, [X, np.array([[0, -1], [1, 2]])], {"axis": -2}),
    ("Gather", 17, [X, np.array(-1)], {"axis": 2}),
    ("Gemm", 17, [VECTOR, weights(3, 6), weights(1)], {"alpha": 0.5, "beta": 2.0, "transB": 1}),
    ("Mod", 17, [X, number(0.7)], {"fmod": 1}),
    *[("Pad", 19, [shape, pads(shape, axis, before, after), *more], {"mode": mode})
      for shape in (VECTOR, LINE, X, VIDEO)
      for mode, more in (("constant", [number(0.5)]), ("reflect", []), ("edge", []), ("wrap", []))
      for axis in range(1, len(shape))
      for before, after in ((1, 1), (-1, 1))],
    *[("Pad", 19, [X, ints(1, 2, 0, 1), None, ints(-1, 1)], {"mode": mode})
      for mode in ("constant", "reflect", "edge", "wrap")],
    ("Pad", 9, [X], {"pads": [0, 1, 1, 0, 0, 0, 1, 2], "value": 2.0}),
    ("Pad", 9, [X], {"pads": [0, 1, 1, 0, 0, 0, 1, 2], "mode": "edge"}),
]  # fmt: skip

REFUSED: list[tuple[Row, str]] = [
    (("Conv", 17, [X, weights(8, 4, 3, 3)], {"kernel_shape": [1, 1]}), r"a window \(1, 1\)"),
    (("Conv", 17, [X, weights(8, 4, 3, 3)], {"auto_pad": "SAME_UPPER", "pads": [1, 1, 1, 1]}), "beside auto_pad"),
    *[(("ConvTranspose", 17, [X, weights(4, 3, 3, 3)], {"strides": [2, 2], **given}), "depends on the size")
      for given in ({"output_shape": [12, 12]}, {"auto_pad": "SAME_UPPER"})],
    (("AveragePool", 22, [X], pooled(dilations=[2, 2])), "dilated"),
    (("AveragePool", 22, [X], pooled(auto_pad="SAME_LOWER", strides=[2, 2])), "uneven"),
    *[(("Resize", 19, [X, None, TWO], {"coordinate_transformation_mode": way, "nearest_mode": rounding}), "nearest")
      for way, rounding in (("half_pixel", "floor"), ("half_pixel", "ceil"), ("asymmetric", "round_prefer_ceil"),
                            ("align_corners", "floor"), ("tf_half_pixel_for_nn", "floor"),
                            ("half_pixel_symmetric", "floor"), ("tf_crop_and_resize", "floor"))],
    (("Resize", 19, [X, None, THREE], {"coordinate_transformation_mode": "asymmetric"}), "nearest"),
    *[(("Resize", 19, [X, None, TWO], {"coordinate_transformation_mode": way, "mode": "linear"}), f"linear by {way}")
      for way in ("asymmetric", "half_pixel_symmetric", "tf_crop_and_resize", "tf_half_pixel_for_nn")],
    (("Resize", 19, [X, None, TWO], {"mode": "cubic"}), "cubic"),
    (("Resize", 19, [X, None, 1 / TWO], {"mode": "linear", "antialias": 1}), "antialias=1"),
    (("Resize", 19, [X, None, TWO], {"mode": "linear", "exclude_outside": 1}), "exclude_outside=1"),
    (("Resize", 19, [X, None, None, ints(9, 12)],
      {"mode": "linear", "axes": [2, 3], "keep_aspect_ratio_policy": "not_larger"}), "keep_aspect_ratio_policy"),
    (("Resize", 19, [X, None, 1 / (TWO * THREE)],
      {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}), "one position"),
    (("Upsample", 9, [X, TWO], {"mode": "linear"}), "linear by asymmetric"),
    (("BatchNormalization", 15, [X, *NORM], {"training_mode": 1}), "training mode"),
    (("BatchNormalization", 7, [X, *NORM], {"spatial": 0}), "every position"),
    (("LayerNormalization", 17, [SEQUENCE, weights(6)], {"stash_type": 11}), "stash_type=11"),
    (("LayerNormalization", 17, [SEQUENCE, weights(5, 6)], {"axis": -1}), "axis -1"),
    (("GroupNormalization", 21, [X, weights(4), weights(4)], {"num_groups": 2, "stash_type": 10}), "stash_type=10"),
    (("Dropout", 17, [X, number(0.5), np.array(True)], {}), "training mode"),
    (("Gemm", 17, [weights(2, 6), VECTOR], {"transA": 1}), "transposed or constant"),
    (("ScatterND", 18, [X, np.zeros((1, 1, 4), np.int64), weights(1, 1)], {"reduction": "add"}), "added to"),
    (("Split", 18, [X], {"num_outputs": 3, "axis": 1}), "num_outputs 3 with 1"),
    (("Relu", 17, [X], {"alpha": 0.5}), r"with alpha=0\.5"),
    (("Relu", 17, [X, X], {}), "with input 2 of 2"),
]  # fmt: skip

# Attributes whose effect is looked at elsewhere, or that say what is computed in the file (`test_onnx_operations`).
ELSEWHERE = {
    *(("Shape", name) for name in ("start", "end")), *(("Constant", name) for name in (
        "value", "value_int", "value_ints", "value_float", "value_floats", "value_string", "value_strings",
        "sparse_value")),
    ("ConstantOfShape", "value"), ("Cast", "to"), ("ArgMax", "axis"), ("ArgMax", "keepdims"), ("ArgMin", "axis"),
    ("ArgMin", "keepdims"), ("ArgMax", "select_last_index"), ("ArgMin", "select_last_index"), ("Reshape", "allowzero"),
    ("Concat", "axis"), ("SpaceToDepth", "mode"),
}  # fmt: skip


@pytest.mark.parametrize(("op", "opset", "inputs", "attributes"), READ)
def test_read(op: str, opset: int, inputs: list[Any], attributes: dict[str, Any], tmp_path: Path) -> None:
    path = save_operation(tmp_path / "op.onnx", op, opset, inputs, **attributes)
    network, _ = open_onnx(path)
    x = random_inputs(*((3, *shape[1:]) for shape in inputs if isinstance(shape, tuple)))
    assert compare_with_onnxruntime(path, network, x) < CLOSE


@pytest.mark.parametrize(("row", "reason"), REFUSED)
def test_refused(row: Row, reason: str, tmp_path: Path) -> None:
    op, opset, inputs, attributes = row
    path = save_operation(tmp_path / "op.onnx", op, opset, inputs, **attributes)
    with pytest.raises(UnsupportedModelError, match=rf"{op}[\s\S]* cannot be read: [\s\S]*{reason}[\s\S]*remedy"):
        open_onnx(path)


def test_every_attribute_of_the_standard_is_in_a_row() -> None:
    """An operation that is added, or an attribute that the standard gives one, needs a row."""
    tried = {(op, name) for op, _, _, given, *_ in (*CASES, *READ, *(row for row, _ in REFUSED)) for name in given}
    tried |= ELSEWHERE | {(op, name) for op, names in NEEDLESS.items() for name in names}
    known = {
        (schema.name, name)
        for schema in onnx.defs.get_all_schemas_with_history()
        if schema.domain == "" and schema.name in OPERATIONS
        for name in schema.attributes
        if schema.since_version == onnx.defs.get_schema(schema.name, max(schema.since_version, 7)).since_version
    }
    assert known - tried == set()


def test_every_optional_input_of_the_standard_is_in_a_row() -> None:
    tried = {
        (op, place)
        for op, _, inputs, *_ in (*CASES, *READ, *(row for row, _ in REFUSED))
        for place, value in enumerate(inputs)
        if value is not None
    }
    tried |= {(op, place) for op, places in NEEDLESS_INPUTS.items() for place in places}
    known = {
        (schema.name, place)
        for schema in onnx.defs.get_all_schemas_with_history()
        if schema.domain == "" and schema.name in OPERATIONS and schema.since_version >= 7
        for place, entry in enumerate(schema.inputs)
        if entry.option == onnx.defs.OpSchema.FormalParameterOption.Optional
    }
    assert known - tried == set()


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize(("last", "keeps", "axis"), [(0, 1, 1), (1, 1, 1), (1, 0, -1)])
def test_which_of_equals_is_found(op: str, last: int, keeps: int, axis: int, tmp_path: Path) -> None:
    """Whole numbers of few values: every row has equals."""
    settings = {"axis": axis, "keepdims": keeps, "select_last_index": last}
    nodes = [node("Round", ["x"], ["r"]), node(op, ["r"], ["p"], **settings), node("Cast", ["p"], ["y"], to=1)]
    path = save_model(tmp_path / "net.onnx", nodes, {}, {"x": X})
    network, _ = open_onnx(path)
    assert compare_with_onnxruntime(path, network, random_inputs((3, 4, 6, 6))) == 0


@pytest.mark.parametrize(
    ("op", "inputs", "attributes", "outputs"),
    [("Dropout", [X], {}, 2), ("MaxPool", [X], pooled(), 2), ("LayerNormalization", [SEQUENCE, weights(6)], {}, 3)],
)
def test_what_an_operation_gives_beside_its_result(
    op: str, inputs: list[Any], attributes: dict[str, Any], outputs: int, tmp_path: Path
) -> None:
    path = save_operation(tmp_path / "op.onnx", op, 17, inputs, outputs, **attributes)
    with pytest.raises(UnsupportedModelError, match=r"'y2' beside the result|places of the maxima"):
        open_onnx(path)


def test_padding_more_than_there_is(tmp_path: Path) -> None:
    for mode, amount in (("wrap", 7), ("reflect", 6)):
        for axis in (1, 3):
            path = save_operation(tmp_path / "op.onnx", "Pad", 19, [X, pads(X, axis, amount, 0)], mode=mode)
            with pytest.raises(InputError, match=r"Pad[\s\S]*does not run"):
                open_onnx(path)
    path = save_operation(tmp_path / "op.onnx", "Pad", 19, [X, pads(X, 0, 1, 0)])
    with pytest.raises(InputError, match="samples would be added to the batch"):
        open_onnx(path)
