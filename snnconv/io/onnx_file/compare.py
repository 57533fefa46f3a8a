"""What was read against onnxruntime, on the same input."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError
from .network import OnnxNetwork
from .packages import REMEDY, onnxruntime, require_onnx

_ERRORS_ONLY = 3


def compare_with_onnxruntime(path: str | os.PathLike[str], module: nn.Module, inputs: tuple[Tensor, ...]) -> float:
    """Run the file and the network that was read from it on the same input.

    A file that fixes its batch size is run on one sample (or as many as it says) after the other.

    Args:
        path: the ONNX file.
        module: what `open_onnx` made of it.
        inputs: as `module` takes them, channels first, [B, C, …].

    Returns:
        ‖y − y′‖₂ / ‖y′‖₂ with y the module's and y′ onnxruntime's output, the largest of all outputs.

    Raises:
        InputError: onnxruntime is not installed, or cannot run the file.
    """
    runtime = onnxruntime()
    if runtime is None:
        raise InputError("comparing with onnxruntime needs onnxruntime, which is not installed", remedy=REMEDY)
    entries = module.inputs if isinstance(module, OnnxNetwork) else []
    orders = [entry.order for entry in entries] or [None] * len(inputs)
    given = [x if order is None else x.permute(order) for x, order in zip(inputs, orders)]
    single = any(entry.single for entry in entries)
    expected = _run(runtime, path, given, single)
    with torch.no_grad():
        found = module(*inputs)
    results = found if isinstance(found, tuple) else (found,)
    if single:  # the file may have kept a dimension of one in front of what it gives for a sample
        expected = [y.reshape(own.shape) if y.numel() == own.numel() else y for y, own in zip(expected, results)]
    return max(relative(y, other) for y, other in zip(results, expected))


def _run(runtime: Any, path: str | os.PathLike[str], inputs: list[Tensor], single: bool) -> list[Tensor]:
    """The outputs of the file, batch by batch of the size that it takes, or sample by sample."""
    try:
        options = runtime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY + 1
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL  # what the file says, no more
        session = runtime.InferenceSession(_runnable(path), options, providers=["CPUExecutionProvider"])
        entries = session.get_inputs()
        fixed = entries[0].shape[0]
        size = fixed if isinstance(fixed, int) and fixed > 0 else inputs[0].shape[0]
        runs = [
            session.run(None, {entry.name: as_declared(x, entry.type) for entry, x in zip(entries, parts)})
            for parts in zip(*(x.unbind() if single else x.split(size) for x in inputs))
        ]
    except Exception as error:  # onnxruntime has a dozen exceptions without a common base
        lines = str(error).strip().splitlines() or [""]
        raise InputError("onnxruntime cannot run the file", got=lines[0][:200], where=str(path)) from error
    join = torch.stack if single else torch.cat
    return [join([torch.as_tensor(part) for part in parts]) for parts in zip(*runs)]


def as_declared(x: Tensor, declared: str) -> np.ndarray:
    """The numbers in the type that the file takes, such as `tensor(float16)`."""
    name = declared.removeprefix("tensor(").removesuffix(")")
    return x.contiguous().numpy().astype({"float": "float32", "double": "float64"}.get(name, name), copy=False)


def _runnable(path: str | os.PathLike[str]) -> str | bytes:
    """The file; without the batch size where it is written as 0, which onnxruntime takes by its word."""
    onnx = require_onnx()
    model = onnx.load(str(path), load_external_data=False)
    dims = [value.type.tensor_type.shape.dim for value in model.graph.input]
    zero = [dim[0] for dim in dims if dim and dim[0].HasField("dim_value") and dim[0].dim_value <= 0]
    for dim in zero:
        dim.dim_param = "batch"
    return model.SerializeToString() if zero else str(Path(path))


def relative(found: Tensor, expected: Tensor) -> float:
    """‖y − y′‖ / ‖y′‖, in double precision; infinite where the shapes differ."""
    if found.shape != expected.shape:
        return float("inf")
    difference = (found.double() - expected.double()).norm()
    return float(difference / expected.double().norm().clamp_min(1e-30))
