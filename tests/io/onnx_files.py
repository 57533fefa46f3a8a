"""Builds small ONNX files by hand, so that no exporter has to be there and every form of an operation can be had."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

Shape = tuple[int | str, ...]


def weights(*shape: int, seed: int = 0) -> np.ndarray:
    """Small random float weights."""
    return (np.random.default_rng(seed).standard_normal(shape) * 0.3).astype(np.float32)


def node(op: str, inputs: Sequence[str], outputs: Sequence[str], name: str = "", **attributes: Any) -> Any:
    return onnx.helper.make_node(op, list(inputs), list(outputs), name=name or f"{op}_{outputs[0]}", **attributes)


def save_model(
    path: Path,
    nodes: Sequence[Any],
    constants: dict[str, np.ndarray],
    inputs: dict[str, Shape],
    outputs: Sequence[str] = ("y",),
    opset: int = 17,
    domains: Sequence[str] = (),
) -> Path:
    """Write a model; outputs have no declared shape, so that files with any batch pass."""
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        list(nodes),
        "net",
        [onnx.helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()],
        [onnx.helper.make_tensor_value_info(name, kind, None) for name in outputs],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    sets = [onnx.helper.make_opsetid("", opset), *(onnx.helper.make_opsetid(domain, 1) for domain in domains)]
    model = onnx.helper.make_model(graph, opset_imports=sets, ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def save_operation(path: Path, op: str, opset: int, inputs: Sequence[Any], outputs: int = 1, **attributes: Any) -> Path:
    """One operation between x (and x2, …) and y: tuples are shapes of inputs, arrays constants, None is left out."""
    names, constants, shapes = [], {}, {}
    for index, value in enumerate(inputs):
        name = "" if value is None else f"c{index}" if isinstance(value, np.ndarray) else f"x{index}"
        names.append(name)
        if isinstance(value, np.ndarray):
            constants[name] = value
        elif value is not None:
            shapes[name] = value
    made = ["y", *(f"y{index}" for index in range(2, outputs + 1))]
    return save_model(path, [node(op, names, made, **attributes)], constants, shapes, made, opset)


def save_convnet(
    path: Path, *, batch: int | str = "n", reshape: tuple[int, int] | None = None, opset: int = 17
) -> Path:
    """Conv, BatchNorm, ReLU, MaxPool, Flatten or a Reshape, Gemm; names as from PyTorch."""
    constants = {
        "conv.weight": weights(4, 3, 3, 3), "conv.bias": weights(4),
        "bn.weight": 1 + weights(4), "bn.bias": weights(4, seed=1),
        "bn.running_mean": weights(4, seed=2), "bn.running_var": 1 + np.abs(weights(4, seed=3)),
        "head.weight": weights(10, 64), "head.bias": weights(10),
        "target": np.array(reshape or (0, 64), np.int64),
    }  # fmt: skip
    flat = node("Reshape", ["p", "target"], ["f"]) if reshape else node("Flatten", ["p"], ["f"])
    nodes = [
        node("Conv", ["x", "conv.weight", "conv.bias"], ["c"], "/conv/Conv", pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"], ["b"], "/bn/B"),
        node("Relu", ["b"], ["r"], "/relu/Relu"),
        node("MaxPool", ["r"], ["p"], "/pool/MaxPool", kernel_shape=[2, 2], strides=[2, 2]),
        flat,
        node("Gemm", ["f", "head.weight", "head.bias"], ["y"], "/head/Gemm", transB=1),
    ]
    return save_model(path, nodes, constants, {"x": (batch, 3, 8, 8)}, opset=opset)


def save_tensorflow_net(path: Path, batch: int = 0) -> Path:
    """As tf2onnx writes it: channels last, transposed at the start, MatMul and Add for a dense layer, batch 0."""
    constants = {
        "net/conv/Conv2D/ReadVariableOp:0": weights(4, 3, 3, 3),
        "net/dense/MatMul/ReadVariableOp:0": weights(144, 5),
        "net/dense/BiasAdd/ReadVariableOp:0": weights(5),
        "target": np.array([-1, 144], np.int64),
    }
    nodes = [
        node("Transpose", ["x:0"], ["t"], perm=[0, 3, 1, 2]),
        node("Conv", ["t", "net/conv/Conv2D/ReadVariableOp:0"], ["c"], "net/conv/Conv2D"),
        node("Relu", ["c"], ["r"], "net/conv/Relu"),
        node("Transpose", ["r"], ["s"], perm=[0, 2, 3, 1]),
        node("Reshape", ["s", "target"], ["f"]),
        node("MatMul", ["f", "net/dense/MatMul/ReadVariableOp:0"], ["m"], "net/dense/MatMul"),
        node("Add", ["m", "net/dense/BiasAdd/ReadVariableOp:0"], ["y"], "net/dense/BiasAdd"),
    ]
    return save_model(path, nodes, constants, {"x:0": (batch, 8, 8, 3)}, opset=9)


def random_inputs(*shapes: tuple[int, ...]) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(*shape, generator=generator) for shape in shapes)
