"""ONNX: one step with its state as inputs and outputs, or all steps in one graph. No operation of our own."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError, UnsupportedModelError
from ..files import write_bytes
from ..io.onnx_file.packages import REMEDY, onnxruntime, require_onnx
from ..network import SpikingNetwork
from .about import PRODUCER, about
from .format import FORMATS, Format, Options, Ran
from .graphs import Traced, whole_program
from .steps import StepFormat, ran

OPSET = 20  # what torch's exporter writes; onnxruntime reads it since 1.17


class OnnxFormat(Format):
    suffix: ClassVar[str] = ".onnx"
    runtime: ClassVar[str] = "onnxruntime"

    def runtime_version(self) -> str:
        return f"onnxruntime {require_onnxruntime().__version__}"


@FORMATS.register("onnx-step")
class OnnxStep(OnnxFormat, StepFormat):
    """One time step; the state goes in and comes out."""

    def put(self, traced: Traced, path: Path, facts: Mapping[str, str]) -> None:
        write_onnx(traced, path, facts)

    def run(self, path: Path, inputs: list[Tensor], steps: int) -> Ran:
        step, begin = map(session, self.files(path))
        arrays = [leaf.numpy() for leaf in inputs]
        warm_up = int(step.get_modelmeta().custom_metadata_map["warm_up"])
        return ran(lambda *given: step.run(None, fed(step, given)), begin.run(None, fed(begin, arrays)), arrays, steps,
                   warm_up)  # fmt: skip


@FORMATS.register("onnx")
class OnnxWhole(OnnxFormat):
    """`x → (output, output_by_step)`: the mean over T steps, and those of the first t, [T, B, …]."""

    takes: ClassVar[frozenset[str]] = frozenset({"T"})
    fixed_T: ClassVar[bool] = True

    def write(self, snn: SpikingNetwork, path: Path, options: Options) -> dict[str, str]:
        write_onnx(whole_program(snn, options.T), path, about(snn, options.T))
        return {}

    def run(self, path: Path, inputs: list[Tensor], steps: int) -> Ran:
        found = session(path).run(None, fed(session(path), inputs))
        return Ran([torch.from_numpy(by_step) for by_step in found[1::2]])


def write_onnx(traced: Traced, path: Path, facts: Mapping[str, str]) -> None:
    """A program as ONNX, with facts as its metadata.

    Raises:
        InputError: the packages onnx and onnxscript are not installed.
    """
    onnx = require_onnx()
    refuse_divisors(traced)
    try:
        with quiet():
            names: dict[str, Any] = {"input_names": traced.inputs, "output_names": traced.outputs}
            made = torch.onnx.export(traced.program, dynamo=True, opset_version=OPSET, verbose=False, **names)
    except ImportError as error:
        raise InputError(
            "writing ONNX needs the package onnxscript, which is not installed", got=str(error), remedy=REMEDY
        ) from error
    except Exception as error:  # of torch's exporter, which runs all of it
        raise UnsupportedModelError(
            "torch's exporter to ONNX does not take the steps of this network",
            got=f"{type(error).__name__}: {str(error.__cause__ or error).strip().splitlines()[0][:200]}",
        ) from error
    assert made is not None
    model = made.model_proto
    drop_unread(model.graph)
    model.producer_name = PRODUCER
    onnx.helper.set_model_props(model, dict(facts))
    write_bytes(path, model.SerializeToString())


def refuse_divisors(traced: Traced) -> None:
    """torch's exporter drops the divisor of an average pooling that has one of its own, and says nothing."""
    pools = (torch.ops.aten.avg_pool2d.default, torch.ops.aten.avg_pool3d.default)
    places = [node for node in traced.program.graph.nodes if node.target in pools and len(node.args) > 6]
    if any(node.args[6] is not None for node in places):
        raise UnsupportedModelError(
            "an average pooling with a divisor of its own has no form in ONNX", got="divisor_override",
            remedy="leave divisor_override out and multiply, or --to pt2-step",
        )  # fmt: skip


def drop_unread(graph: Any) -> None:
    """Weights that nothing reads: the state to start from depends on sizes alone."""
    read = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)


@contextmanager
def quiet() -> Any:
    """Without what torch's exporter says of itself."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def require_onnxruntime() -> Any:
    found = onnxruntime()
    if found is None:
        raise InputError("running ONNX needs the package onnxruntime, which is not installed", remedy=REMEDY)
    return found


def session(path: Path) -> Any:
    return require_onnxruntime().InferenceSession(str(path), providers=["CPUExecutionProvider"])


def fed(of: Any, values: Sequence[Any]) -> dict[str, Any]:
    """{name: array}; the exporter leaves out inputs that nothing depends on."""
    return {entry.name: np.asarray(value) for entry, value in zip(of.get_inputs(), values, strict=True)}
