"""Files made for one sample, without a batch dimension."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import snnconv
from snnconv.errors import SnnconvError, UnsupportedModelError
from snnconv.io.onnx_file import compare_with_onnxruntime, open_onnx

from .onnx_files import node, random_inputs, save_model, weights

W, B, V = weights(6, 3), weights(6), weights(2, 6, seed=2)
COLUMN = weights(6, 1)
# (shape of the one sample, nodes behind a ReLU `r` of the input, constants)
CASES: list[tuple[tuple[int, ...], list[Any], dict[str, np.ndarray]]] = [
    ((3,), [node("MatMul", ["W", "r"], ["a"]), node("Add", ["a", "B"], ["b"]), node("Relu", ["b"], ["c"]),
            node("MatMul", ["V", "c"], ["y"])], {"W": W, "B": B, "V": V}),
    ((3,), [node("MatMul", ["r", "U"], ["a"]), node("Softmax", ["a"], ["y"], axis=0)], {"U": weights(3, 4)}),
    ((3,), [node("Unsqueeze", ["r", "zero"], ["u"]), node("Gemm", ["u", "W", "B"], ["g"], transB=1),
            node("Squeeze", ["g", "zero"], ["y"])], {"W": W, "B": B, "zero": np.array([0])}),
    ((3,), [node("Reshape", ["r", "row"], ["u"]), node("Gemm", ["u", "W", "B"], ["g"], transB=1),
            node("Relu", ["g"], ["y"])],
     {"W": W, "B": B, "row": np.array([1, -1])}),
    ((3, 1), [node("MatMul", ["W", "r"], ["a"]), node("Add", ["a", "C"], ["b"]), node("Relu", ["b"], ["c"]),
              node("MatMul", ["V", "c"], ["y"])], {"W": W, "C": COLUMN, "V": V}),
    ((3, 1), [node("Gemm", ["W", "r", "C"], ["a"], alpha=0.5, beta=2.0), node("Relu", ["a"], ["b"]),
              node("Gemm", ["T", "b"], ["y"], transA=1)], {"W": W, "C": COLUMN, "T": weights(6, 2)}),
    ((3, 8, 8), [node("Unsqueeze", ["r", "zero"], ["u"]), node("Conv", ["u", "K"], ["c"]), node("Relu", ["c"], ["d"]),
                 node("MaxPool", ["d"], ["p"], kernel_shape=[2, 2], strides=[2, 2]), node("Flatten", ["p"], ["f"]),
                 node("Gemm", ["f", "G"], ["y"])],
     {"K": weights(4, 3, 3, 3), "G": weights(36, 5), "zero": np.array([0])}),
    ((8, 8, 3), [node("Transpose", ["r"], ["t"], perm=[2, 0, 1]), node("Unsqueeze", ["t", "zero"], ["u"]),
                 node("Conv", ["u", "K"], ["c"]), node("GlobalAveragePool", ["c"], ["p"]),
                 node("Squeeze", ["p"], ["y"])],
     {"K": weights(4, 3, 3, 3), "zero": np.array([0])}),
    ((4, 6), [node("ReduceMean", ["r"], ["m"], axes=[0], keepdims=1), node("Sub", ["r", "m"], ["s"]),
              node("Slice", ["s", "one", "three"], ["c"]), node("Concat", ["c", "s"], ["d"], axis=0),
              node("Pad", ["d", "pads"], ["e"]), node("Transpose", ["e"], ["f"]), node("Flatten", ["f"], ["g"], axis=0),
              node("MatMul", ["g", "L"], ["y"])],
     {"one": np.array([1]), "three": np.array([3]), "pads": np.array([1, 0, 0, 0]), "L": weights(42, 2)}),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "nodes", "constants"), CASES)
def test_a_batch_is_put_in_front(
    shape: tuple[int, ...], nodes: list[Any], constants: dict[str, np.ndarray], tmp_path: Path
) -> None:
    path = save_model(tmp_path / "net.onnx", [node("Relu", ["x"], ["r"]), *nodes], constants, {"x": shape})
    network, notes = open_onnx(path)
    assert notes[0].startswith("the file takes one sample, without a batch dimension; ")
    assert notes[-1].startswith("agrees with onnxruntime")
    assert network.input_shapes == [shape]
    (x,) = random_inputs((5, *shape))
    assert compare_with_onnxruntime(path, network, (x,)) < 1e-6
    assert torch.allclose(network(x)[2:3], network(x[2:3]), atol=1e-6)


def test_it_converts(tmp_path: Path) -> None:
    shape, nodes, constants = CASES[0]
    path = save_model(tmp_path / "net.onnx", [node("Relu", ["x"], ["r"]), *nodes], constants, {"x": shape})
    network, _ = open_onnx(path)
    (x,) = random_inputs((5, 3))
    assert torch.allclose(snnconv.convert(network, T=64, data=[x])(x), network(x), atol=0.05)


@pytest.mark.parametrize(
    ("shape", "nodes", "constants", "reason"),
    [
        ((6,), [node("Tile", ["x", "two"], ["t"]), node("MatMul", ["L", "t"], ["y"])],
         {"two": np.array([2]), "L": weights(2, 12)}, "Tile"),
        ((3,), [node("MatMul", ["W", "x"], ["a"]), node("Add", ["a", "C"], ["y"])], {"W": W, "C": weights(2, 6)},
         "stretches a value to more dimensions"),
        ((3, 3), [node("MatMul", ["x", "v"], ["m"]), node("MatMul", ["L", "m"], ["a"]),
                  node("Tile", ["a", "two"], ["y"])],
         {"v": weights(3), "L": weights(2, 3), "two": np.array([2])}, "Tile"),
    ],
)  # fmt: skip
def test_where_it_cannot_be_the_file_is_said_to_have_none(
    shape: tuple[int, ...], nodes: list[Any], constants: dict[str, np.ndarray], reason: str, tmp_path: Path
) -> None:
    path = save_model(tmp_path / "net.onnx", nodes, constants, {"x": shape})
    with pytest.raises(UnsupportedModelError, match=rf"no batch dimension: x \[[\s\S]*{reason}[\s\S]*remedy: export"):
        open_onnx(path)


def test_another_fault_of_a_file_with_a_batch_keeps_its_own_words(tmp_path: Path) -> None:
    path = save_model(tmp_path / "net.onnx", [node("Hardmax", ["x"], ["y"])], {}, {"x": (3, 4)})
    with pytest.raises(SnnconvError, match="not read here: Hardmax"):
        open_onnx(path)
