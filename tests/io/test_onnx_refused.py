"""ONNX files that are refused: damaged, hostile, or far larger in a run than what they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import snnconv
from snnconv.errors import InputError, UnsupportedModelError
from snnconv.io.onnx_file import open_onnx
from snnconv.io.onnx_file.read import read_graph

from .onnx_files import node, onnx, save_model, weights


def relu_of(tmp_path: Path, change: Any) -> Path:
    """A ReLU whose ModelProto `change` has edited."""
    path = save_model(tmp_path / "net.onnx", [node("Relu", ["x"], ["y"])], {}, {"x": ("n", 4)})
    model = onnx.load_model_from_string(path.read_bytes())
    change(model)
    path.write_bytes(model.SerializeToString())
    return path


def set_domain(model: Any) -> None:
    model.graph.node[0].domain = "com.evil"
    model.opset_import.add(domain="com.evil", version=1)


def add_function(model: Any) -> None:
    model.functions.add(name="Relu", domain="")


def set_operation(name: str) -> Any:
    def change(model: Any) -> None:
        model.graph.node[0].op_type = name

    return change


def set_opset(model: Any) -> None:
    model.opset_import[0].version = 999


def lose_maker(model: Any) -> None:
    model.graph.node[0].input[0] = "nothing"


def huge_input(model: Any) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 2**40


def huge_constant(model: Any) -> None:
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([2**20, 2**20]), "shape"))
    made = onnx.helper.make_node("ConstantOfShape", ["shape"], ["big"])
    model.graph.node.insert(0, made)
    model.graph.node[1].input[0] = "big"


def doubling(model: Any) -> None:
    """Each sum of two rows of ever more columns: thirty nodes ask for gigabytes."""
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(64, np.float32), "d0"))
    for i in range(30):
        model.graph.node.insert(i, onnx.helper.make_node("Concat", [f"d{i}", f"d{i}"], [f"d{i + 1}"], axis=0))
    model.graph.node[30].input[0] = "d30"


def wide_tile(model: Any) -> None:
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 2**30]), "times"))
    model.graph.node.insert(0, onnx.helper.make_node("Tile", ["x", "times"], ["t"]))
    model.graph.node[1].input[0] = "t"


def very_many(model: Any) -> None:
    for _ in range(1_000):
        model.graph.node.append(model.graph.node[0])


def very_wide(model: Any) -> None:
    model.graph.node[0].op_type = "Concat"
    model.graph.node[0].input.extend(["x"] * 1_000)


def wide_values(model: Any) -> None:
    """Each of them allowed alone, and held together at the end."""
    for i in range(8):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 2**20 + i]), f"times{i}"))
        model.graph.node.insert(i, onnx.helper.make_node("Tile", ["x", f"times{i}"], [f"t{i}"]))
    model.graph.node[8].input[0] = "joined"
    model.graph.node.insert(8, onnx.helper.make_node("Concat", [f"t{i}" for i in range(8)], ["joined"], axis=1))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (set_domain, r"not of the ONNX standard: com\.evil:Relu"),
        (add_function, "not of the ONNX standard"),
        (set_operation("DequantizeLinear"), "quantised operations: DequantizeLinear"),
        (set_operation("Loop"), "branch or loop: Loop"),
        (set_operation("LSTM"), "not read here: LSTM"),
        (set_opset, "operator set 999"),
        (lose_maker, "'nothing', which nothing makes"),
        (huge_input, "absurdly large"),
        (huge_constant, "cannot be computed"),
        (doubling, "far larger than what it holds"),
        (wide_tile, "more than 268,435,456 numbers"),
        (very_many, "too many operations for its weights"),
        (very_wide, "too many inputs"),
        (wide_values, r"far larger than its input and its weights(.|\n)*at most 134,217,728 bytes"),
    ],
)
def test_refused(change: Any, found: str, tmp_path: Path) -> None:
    path = relu_of(tmp_path, change)
    with pytest.raises((InputError, UnsupportedModelError), match=found):
        open_onnx(path)


def test_weights_may_be_constants_among_the_operations(tmp_path: Path) -> None:
    """So some exporters store them: each justifies operations as a stored tensor does."""

    def many(model: Any) -> None:
        for _ in range(1_000):
            model.graph.node.append(model.graph.node[0])
        constant = onnx.helper.make_node("Constant", [], ["c"], value=onnx.numpy_helper.from_array(weights(4)))
        model.graph.node.append(constant)

    assert len(read_graph(relu_of(tmp_path, many)).nodes) == 1_002


def test_weights_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(16))
    inside = tmp_path / "model"
    inside.mkdir()
    path = save_model(inside / "net.onnx", [node("Add", ["x", "w"], ["y"])], {"w": weights(4)}, {"x": ("n", 4)})
    model = onnx.load_model_from_string(path.read_bytes())
    stored = model.graph.initializer[0]
    stored.ClearField("raw_data")
    stored.data_location = onnx.TensorProto.EXTERNAL
    stored.external_data.add(key="location", value="")
    for location in ("../secret.bin", str(secret), "."):
        stored.external_data[0].value = location
        path.write_bytes(model.SerializeToString())
        with pytest.raises(InputError, match="outside its own folder"):
            open_onnx(path)
    stored.external_data[0].value = "weights.bin"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=r"are missing[\s\S]*weights\.bin"):
        open_onnx(path)
    (inside / "weights.bin").write_bytes(weights(4).tobytes())
    assert torch.equal(open_onnx(path)[0](torch.zeros(1, 4))[0], torch.from_numpy(weights(4)))
    stored.external_data.add(key="length", value="99999")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="cut short"):
        open_onnx(path)


def test_a_file_of_nothing_but_structure_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    empty_nodes = b"\x0a\x00" * (13 * 2**20)  # GraphProto.node, empty
    graph = b"\x3a" + varint(len(empty_nodes)) + empty_nodes
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08" + graph)
    with pytest.raises(InputError, match="describes more than a network"):
        open_onnx(tmp_path / "net.onnx")


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def test_names_in_the_file_are_no_code(tmp_path: Path) -> None:
    """Names end up in module paths; whatever they say, they become plain identifiers."""
    nodes = [node("Conv", ["x", "w.weight"], ["c"], "import os; os.mkdir('hacked')"),
             node("Relu", ["c"], ["y"], "forward")]  # fmt: skip
    constants = {"w.weight": weights(2, 3, 1, 1)}
    network, _ = open_onnx(save_model(tmp_path / "net.onnx", nodes, constants, {"x": ("n", 3, 4, 4)}))
    assert {name for name, _ in network.named_modules()} == {"", "w", "forward_"}
    assert snnconv.convert(network, T=2)(torch.zeros(2, 3, 4, 4)).shape == (2, 2, 4, 4)
