"""ONNX files through the front door: what is taken, what is said about it, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv.capture.capture import capture
from snnconv.errors import InputError, UnsupportedModelError
from snnconv.io import importing, open_model
from snnconv.io.onnx_file import compare_with_onnxruntime, open_onnx
from snnconv.io.onnx_file import packages as packages

from .onnx_files import node, random_inputs, save_convnet, save_model, save_tensorflow_net

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
    assert notes[0] == "the file takes channels last; the network takes channels first, such as (3, 8, 8)"
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


def test_absent_packages_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_convnet(tmp_path / "net.onnx")
    network, _ = open_onnx(path)
    imported = packages.import_quietly

    def without(*absent: str) -> None:
        def fail(name: str) -> Any:
            if name in absent:
                raise ImportError(f"No module named {name!r}")
            return imported(name)

        for module in (packages, importing):
            monkeypatch.setattr(module, "import_quietly", fail)

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
