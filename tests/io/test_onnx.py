"""ONNX files through the front door: what is taken, what is said about it, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv.convert.capture import capture
from snnconv.errors import InputError, UnsupportedModelError
from snnconv.io import open_model
from snnconv.io.onnx_file import compare_with_onnxruntime, open_onnx
from snnconv.io.onnx_file import packages as packages
from snnconv.io.onnx_file.read import read_graph

from .onnx_files import node, onnx, random_inputs, save_convnet, save_model, save_tensorflow_net, weights

FOLDER = os.environ.get("SNNCONV_DATA")


def test_a_network_from_pytorch_keeps_its_names(tmp_path: Path) -> None:
    opened = open_model(str(save_convnet(tmp_path / "net.onnx")))
    assert isinstance(opened.model, nn.Module)
    assert list(opened.model.state_dict()) == [
        *("conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"),
        *("bn.num_batches_tracked", "head.weight", "head.bias"),
    ]
    assert isinstance(opened.model.get_parameter("conv.weight"), nn.Parameter)
    assert opened.description == "net.onnx, an ONNX file"
    assert any(note.startswith("agrees with onnxruntime to ") for note in opened.notes)
    sites = [entry.site for entry in snnconv.inspect(opened.model).entries]
    assert {"relu", "pool"} <= set(sites)


@pytest.mark.parametrize("reshape", [None, (1, 64), (1, -1), (-1, 64), (0, -1)])
def test_a_fixed_batch_is_freed(reshape: tuple[int, int] | None, tmp_path: Path) -> None:
    path = save_convnet(tmp_path / "net.onnx", batch=1, reshape=reshape)
    network, notes = open_onnx(path)
    assert "the file fixes its batch at 1; the network takes any" in notes
    assert compare_with_onnxruntime(path, network, random_inputs((3, 3, 8, 8))) < 1e-6
    program = capture(network, random_inputs((2, 3, 8, 8)))
    assert program.module(check_guards=False)(torch.zeros(5, 3, 8, 8)).shape == (5, 10)


def test_a_batch_that_cannot_be_freed_is_refused(tmp_path: Path) -> None:
    """A mean over the batch is the identity for one sample, and something else for three."""
    nodes = [node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1), node("Sub", ["x", "m"], ["d"]),
             node("Add", ["d", "x"], ["y"])]  # fmt: skip
    path = save_model(tmp_path / "net.onnx", nodes, {}, {"x": (1, 4)})
    with pytest.raises(UnsupportedModelError, match=r"fixes its batch size[\s\S]*dynamic_axes"):
        open_onnx(path)


@pytest.mark.parametrize("batch", [0, 1])
def test_channels_last_from_tensorflow(batch: int, tmp_path: Path) -> None:
    path = save_tensorflow_net(tmp_path / "net.onnx", batch)
    network, notes = open_onnx(path)
    assert network.input_shapes == [(3, 8, 8)]
    assert notes[0] == "the file takes channels last; the network takes channels first, as (3, 8, 8)"
    x = random_inputs((3, 3, 8, 8))
    assert compare_with_onnxruntime(path, network, x) < 1e-6
    assert list(network.state_dict()) == ["net.conv.weight", "net.dense.weight", "net.dense.bias"]
    snn = snnconv.convert(network, T=4)
    assert list(snn.plan.sites) == ["net.conv_Relu"]
    assert snn(x[0]).shape == (3, 5)


def test_load_gives_the_network(tmp_path: Path) -> None:
    network = snnconv.load(save_convnet(tmp_path / "net.onnx"))
    assert network(torch.zeros(2, 3, 8, 8)).shape == (2, 10)


class Block(nn.Module):
    """Attention, GELU, layer norm and a class token: what exporters take apart."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.norm = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.first, self.act, self.second = nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return self.second(self.act(self.first(x[:, 0])))


@pytest.mark.filterwarnings("ignore")  # of the exporter, which is on its way out
@pytest.mark.parametrize("dynamic", [True, False])
def test_a_transformer_block_from_pytorchs_exporter(dynamic: bool, tmp_path: Path) -> None:
    model, path = Block().eval(), tmp_path / "block.onnx"
    axes = {"dynamic_axes": {"x": {0: "n"}}} if dynamic else {}
    x = torch.randn(1 if not dynamic else 2, 4, 8)
    torch.onnx.export(model, (x,), str(path), dynamo=False, input_names=["x"], opset_version=14, **axes)  # type: ignore[arg-type]
    network, _ = open_onnx(path)
    x = torch.randn(3, 4, 8)
    with torch.no_grad():
        assert torch.allclose(network(x), model(x), atol=1e-5)
    assert {"first.weight", "second.weight", "norm.weight"} <= set(network.state_dict())
    kinds = [type(module) for module in network.modules()]
    assert nn.GELU in kinds  # put together again from erf
    assert nn.LayerNorm in kinds
    capture(network, (x,))


def test_patterns_are_left_alone_where_they_are_used_elsewhere(tmp_path: Path) -> None:
    """Sigmoid(x) is an output of its own: x·Sigmoid(x) may not swallow it."""
    nodes = [node("Sigmoid", ["x"], ["s"]), node("Mul", ["x", "s"], ["y"])]
    network, _ = open_onnx(save_model(tmp_path / "net.onnx", nodes, {}, {"x": ("n", 4)}, ("y", "s")))
    x = torch.randn(3, 4)
    y, s = network(x)
    assert torch.allclose(y, x * s)
    assert not any(isinstance(module, nn.SiLU) for module in network.modules())


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


def test_absent_packages_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_convnet(tmp_path / "net.onnx")
    network, _ = open_onnx(path)
    imported = packages.import_quietly

    def without(*absent: str) -> None:
        def fail(name: str) -> Any:
            if name in absent:
                raise ImportError(f"No module named {name!r}")
            return imported(name)

        monkeypatch.setattr(packages, "import_quietly", fail)

    without("onnxruntime")
    assert open_onnx(path)[1][-1].startswith(
        "unchecked: not compared with onnxruntime, which is not installed (pip install"
    )
    with pytest.raises(InputError, match=r'pip install "snnconv\[onnx\]"'):
        compare_with_onnxruntime(path, network, random_inputs((1, 3, 8, 8)))
    without("onnx")
    with pytest.raises(InputError, match=r'ONNX files need the package onnx[\s\S]*pip install "snnconv\[onnx\]"'):
        open_model(str(path))


def test_options_that_do_not_go_with_it(tmp_path: Path) -> None:
    path = str(save_convnet(tmp_path / "net.onnx"))
    with pytest.raises(InputError, match="an ONNX file has its own network and weights"):
        open_model(path, arch="torchvision:resnet18")


@pytest.mark.skipif(not FOLDER, reason="SNNCONV_DATA does not point at the ONNX classifiers")
@pytest.mark.parametrize(
    ("name", "shape", "sites"),
    [("cifar10_small", (3, 32, 32), 4), ("cifar_base_kw", (3, 32, 32), 3), ("Convnet_maxpool", (1, 28, 28), 1)],
)
def test_classifiers_of_others(name: str, shape: tuple[int, ...], sites: int) -> None:
    path = Path(str(FOLDER)) / "onnx" / f"{name}.onnx"
    network, _ = open_onnx(path)
    assert network.input_shapes == [shape]
    assert compare_with_onnxruntime(path, network, random_inputs((3, *shape))) < 1e-6
    assert snnconv.inspect(network).activations == (sites, sites)
