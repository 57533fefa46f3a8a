"""What is left open in a file is tried: dimensions, sizes, types of numbers; and the comparison that follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from snnconv.errors import InputError
from snnconv.io.onnx_file import compare_with_onnxruntime, open_onnx
from snnconv.io.onnx_file.graph import Layer
from snnconv.io.onnx_file.ops import OPERATIONS

from .onnx_files import node, onnx, random_inputs, save_model, weights

NORM = {"s": 1 + weights(3), "b": weights(3), "m": weights(3, seed=1), "v": 1 + weights(3) ** 2}
# Operations whose meaning depends on how many dimensions there are: (operation, operator set, constants, attributes).
BY_RANK: list[tuple[str, int, dict[str, np.ndarray], dict[str, Any]]] = [
    *[(op, 11, {}, {"axis": axis}) for op in ("Softmax", "LogSoftmax") for axis in (1, 2, -1)],
    ("Softmax", 13, {}, {"axis": 1}),
    ("BatchNormalization", 15, NORM, {}),
    ("PRelu", 16, {"a": weights(3, 1, 1)}, {}),
    ("PRelu", 16, {"a": weights(4)}, {}),
    ("LayerNormalization", 17, {"s": weights(4, 4), "b": weights(4, 4, seed=1)}, {"axis": 2}),
    ("LayerNormalization", 17, {"s": weights(4)}, {}),
    ("GlobalAveragePool", 11, {}, {}),
    ("GlobalMaxPool", 11, {}, {}),
    *[("Flatten", 13, {}, {"axis": axis}) for axis in (1, 2, -1)],
    ("Squeeze", 11, {}, {"axes": [-1]}),
    ("Unsqueeze", 11, {}, {"axes": [-2]}),
    ("ReduceMean", 11, {}, {"axes": [-1]}),
    ("Pad", 11, {"p": np.array([0, 1, 0, 0, 0, 0, 0, 1])}, {"mode": "edge"}),
    ("MaxPool", 12, {}, {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    ("Conv", 11, {"w": weights(2, 3, 3, 3)}, {"auto_pad": "SAME_UPPER", "strides": [2, 3]}),
]


@pytest.mark.parametrize(("op", "opset", "constants", "attributes"), BY_RANK)
def test_the_rank_is_known_when_it_runs(
    op: str, opset: int, constants: dict[str, np.ndarray], attributes: dict[str, Any], tmp_path: Path
) -> None:
    """Behind a reshape to what the file computes, inference does not know the number of dimensions."""
    last = 1 if op == "Squeeze" else 4
    nodes = [
        node("Shape", ["x"], ["shape"]), node("Slice", ["shape", "zero", "one"], ["batch"]),
        node("Concat", ["batch", "rest"], ["target"], axis=0), node("Reshape", ["x", "target"], ["r"]),
        node(op, ["r", *constants], ["y"], **attributes),
    ]  # fmt: skip
    sizes = {"zero": np.array([0]), "one": np.array([1]), "rest": np.array([3, 16 // last, last])}
    path = save_model(tmp_path / "net.onnx", nodes, constants | sizes, {"x": ("n", 48)}, opset=opset)
    network, notes = open_onnx(path)
    assert notes[-1].startswith("agrees with onnxruntime")
    assert compare_with_onnxruntime(path, network, random_inputs((5, 48))) < 1e-6


@pytest.mark.parametrize(
    ("shape", "found"),
    [(("n", 3, "h", "w"), (3, 64, 64)), (("n", "c", "h", "w"), (3, 64, 64)), (("n", 3, 8, "w"), (3, 8, 64))],
)
@pytest.mark.parametrize("batch", ["n", 1])
def test_open_sizes_are_tried(shape: tuple[Any, ...], found: tuple[int, ...], batch: Any, tmp_path: Path) -> None:
    nodes = [node("Conv", ["x", "w"], ["c"]), node("Relu", ["c"], ["r"]), node("GlobalAveragePool", ["r"], ["p"]),
             node("Flatten", ["p"], ["y"])]  # fmt: skip
    path = save_model(tmp_path / "net.onnx", nodes, {"w": weights(4, 3, 3, 3)}, {"x": (batch, *shape[1:])})
    _, notes = open_onnx(path)
    assert notes[-1].startswith("agrees with onnxruntime to ")
    assert notes[-1].endswith(f", tried with {found}")


def test_sizes_that_are_baked_in_are_found(tmp_path: Path) -> None:
    nodes = [node("Flatten", ["x"], ["f"]), node("Gemm", ["f", "w"], ["y"])]
    path = save_model(tmp_path / "net.onnx", nodes, {"w": weights(3 * 28 * 28, 2)}, {"x": ("n", 3, "h", "w0")})
    assert open_onnx(path)[1][-1].endswith("tried with (3, 28, 28)")
    path = save_model(tmp_path / "net.onnx", nodes, {"w": weights(3 * 31 * 31, 2)}, {"x": ("n", 3, "h", "w0")})
    assert open_onnx(path)[1][-1].startswith("unchecked: not compared with onnxruntime: the file leaves sizes")


def test_a_network_that_onnxruntime_disagrees_with_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_model(tmp_path / "net.onnx", [node("Tanh", ["x"], ["y"])], {}, {"x": ("n", 3, "h", "w")})
    monkeypatch.setitem(OPERATIONS, "Tanh", lambda node: Layer(lambda x: torch.tanh(x) * 1.01))
    with pytest.raises(InputError, match=r"disagrees with onnxruntime[\s\S]*at most 0\.001[\s\S]*got: 0\.01"):
        open_onnx(path)


@pytest.mark.parametrize("kind", ["FLOAT16", "DOUBLE", "INT32", "UINT8", "BOOL"])
def test_numbers_of_every_type_are_compared(kind: str, tmp_path: Path) -> None:
    nodes = [node("Cast", ["x"], ["c"], to=1), node("Gemm", ["c", "w"], ["y"])]
    path = save_model(tmp_path / "net.onnx", nodes, {"w": weights(4, 3)}, {"x": ("n", 4)})
    model = onnx.load_model_from_string(path.read_bytes())
    model.graph.input[0].type.tensor_type.elem_type = getattr(onnx.TensorProto, kind)
    path.write_bytes(model.SerializeToString())
    assert open_onnx(path)[1][-1].startswith("agrees with onnxruntime")
