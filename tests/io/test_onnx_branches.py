"""Files with graphs inside operations: constant conditions are followed, others named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from snnconv.errors import InputError, UnsupportedModelError
from snnconv.io.onnx_file import compare_with_onnxruntime, open_onnx

from .onnx_files import node, onnx, random_inputs, save_model, weights


def inner(nodes: list[Any], output: str, constants: dict[str, np.ndarray] | None = None) -> Any:
    """A graph inside an operation."""
    stored = [onnx.numpy_helper.from_array(array, name) for name, array in (constants or {}).items()]
    made = onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None)
    return onnx.helper.make_graph(nodes, "inner", [], [made], stored)


def branching(condition: str, depth: int = 1) -> Any:
    """An `If` on `condition`: scaled by a constant of the branch, or shifted; both branches use the same names."""
    then = inner([node("Mul", ["r", "c"], ["b"])], "b", {"c": weights(4)})
    other = inner([node("Add", ["r", "c"], ["b"])], "b", {"c": weights(4, seed=1)})
    for level in range(depth - 1):
        then = inner([node("If", [condition], ["b"], f"inner{level}", then_branch=then, else_branch=other)], "b")
    return node("If", [condition], ["s"], "choice", then_branch=then, else_branch=other)


def save(path: Path, decided_by: list[Any], constants: dict[str, np.ndarray], depth: int = 1) -> Path:
    nodes = [node("Relu", ["x"], ["r"]), *decided_by, branching("wanted", depth), node("Relu", ["s"], ["y"])]
    return save_model(path, nodes, constants, {"x": ("n", 4)})


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_a_constant_condition_is_followed(wanted: bool, depth: int, tmp_path: Path) -> None:
    path = save(tmp_path / "net.onnx", [], {"wanted": np.array(wanted)}, depth)
    network, notes = open_onnx(path)
    assert notes[-1].startswith("agrees with onnxruntime")
    assert compare_with_onnxruntime(path, network, random_inputs((3, 4))) < 1e-6


def test_a_condition_computed_from_constants_is_followed(tmp_path: Path) -> None:
    decided = [node("Greater", ["two", "one"], ["more"]), node("Not", ["more"], ["wanted"])]
    path = save(tmp_path / "net.onnx", decided, {"two": np.float32(2).reshape(1), "one": np.float32(1).reshape(1)})
    network, _ = open_onnx(path)
    x = random_inputs((3, 4))
    shifted = torch.relu(torch.relu(x[0]) + torch.from_numpy(weights(4, seed=1)))
    assert torch.allclose(network(*x), shifted)


@pytest.mark.parametrize("depth", [1, 3, 12])
def test_a_condition_on_the_input_is_named(depth: int, tmp_path: Path) -> None:
    decided = [node("ReduceMax", ["x"], ["most"], keepdims=0), node("Greater", ["most", "one"], ["wanted"])]
    path = save(tmp_path / "net.onnx", decided, {"one": np.array(1, np.float32)}, depth)
    with pytest.raises(UnsupportedModelError) as caught:
        open_onnx(path)
    text = str(caught.value)
    assert "branch or loop: If choice (decided by 'wanted', which depends on the input)" in text
    assert all(part in text for part in ("torch.where", "net.onnx"))
    assert "damaged" not in text


@pytest.mark.parametrize("op", ["Loop", "Scan"])
def test_loops_are_named(op: str, tmp_path: Path) -> None:
    body = inner([node("Relu", ["x"], ["b"])], "b")
    rounds: dict[str, Any] = {"num_scan_inputs": 1} if op == "Scan" else {}
    inputs = ["x"] if op == "Scan" else ["count", "", "x"]
    nodes = [node(op, inputs, ["y"], "rounds", body=body, **rounds)]
    path = save_model(tmp_path / "net.onnx", nodes, {"count": np.array(3)}, {"x": ("n", 4)})
    with pytest.raises(UnsupportedModelError, match=rf"branch or loop: {op} rounds[\s\S]*number of rounds"):
        open_onnx(path)


def test_foreign_operations_in_a_branch_are_found(tmp_path: Path) -> None:
    foreign = onnx.helper.make_node("Trick", ["r"], ["b"], domain="com.evil")
    nodes = [node("Relu", ["x"], ["r"]), node("If", ["wanted"], ["y"], then_branch=inner([foreign], "b"),
                                              else_branch=inner([foreign], "b"))]  # fmt: skip
    path = save_model(tmp_path / "net.onnx", nodes, {"wanted": np.array(True)}, {"x": ("n", 4)}, domains=["com.evil"])
    with pytest.raises(UnsupportedModelError, match=r"not of the ONNX standard: com\.evil:Trick"):
        open_onnx(path)


def test_graphs_nested_without_end_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "net.onnx", [], {"wanted": np.array(True)}, depth=31)
    with pytest.raises(InputError, match="describes more than a network"):
        open_onnx(path)
