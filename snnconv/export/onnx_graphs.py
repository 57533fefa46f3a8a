"""ONNX: one step with its state as inputs and outputs, or all steps in one graph. No operation of our own."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError, UnsupportedModelError
from ..io.onnx_file.packages import REMEDY, onnxruntime, require_onnx
from ..network import SpikingNetwork
from .about import PRODUCER, about
from .format import FORMATS, Format, Options, Ran, Refusal
from .graphs import Traced, step_programs, whole_program
from .steps import late_sites

OPSET = 20  # what torch's exporter writes; onnxruntime reads it since 1.17


class OnnxFormat(Format):
    suffix: ClassVar[str] = ".onnx"
    extra: ClassVar[str | None] = "onnx"
    runtime: ClassVar[str] = "onnxruntime"

    def runtime_version(self) -> str:
        return f"onnxruntime {require_onnxruntime().__version__}"


@FORMATS.register("onnx-step")
class OnnxStep(OnnxFormat):
    """`(x, state…) → (output, state….next)`; NAME.init.onnx gives the state to start from, `x → state…`."""

    about: ClassVar[str] = "ONNX, one time step; the state goes in and comes out"

    def refusals(self, snn: SpikingNetwork, options: Options) -> list[Refusal]:
        return late_sites(snn, "--to onnx, which holds all steps")

    def files(self, path: Path) -> list[Path]:
        return [path, beginning(path)]

    def write(self, snn: SpikingNetwork, path: Path, options: Options) -> dict[str, str]:
        step, begin = step_programs(snn)
        facts = about(snn, options.T, states=begin.outputs)
        write_onnx(step, path, facts)
        write_onnx(begin, beginning(path), facts)
        return {"start": "NAME.init gives the state to start from"}

    def run(self, path: Path, inputs: list[Tensor], steps: int) -> Ran:
        return Ran(running(session(path), session(beginning(path)), inputs, steps, int(facts_of(path)["warm_up"])))


@FORMATS.register("onnx")
class OnnxWhole(OnnxFormat):
    """`x → (output, output_by_step)`: the mean over T steps, and those of the first t, [T, B, …]."""

    about: ClassVar[str] = "ONNX, all T time steps in one graph"
    takes: ClassVar[frozenset[str]] = frozenset({"T"})
    fixed_T: ClassVar[bool] = True

    def write(self, snn: SpikingNetwork, path: Path, options: Options) -> dict[str, str]:
        write_onnx(whole_program(snn, options.T), path, about(snn, options.T))
        return {}

    def run(self, path: Path, inputs: list[Tensor], steps: int) -> Ran:
        found = session(path).run(None, fed(session(path), inputs))
        return Ran([torch.from_numpy(by_step) for by_step in found[1::2]])


def beginning(path: Path) -> Path:
    """`net.onnx` → `net.init.onnx`."""
    return path.with_name(f"{path.stem}.init{path.suffix}")


def write_onnx(traced: Traced, path: Path, facts: Mapping[str, str]) -> None:
    """A program as ONNX, with facts as its metadata.

    Raises:
        InputError: the packages onnx and onnxscript are not installed.
    """
    onnx = require_onnx()
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
    path.write_bytes(model.SerializeToString())


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


def facts_of(path: Path) -> dict[str, str]:
    return session(path).get_modelmeta().custom_metadata_map


def fed(of: Any, values: list[Any]) -> dict[str, Any]:
    """{name: array}; the exporter leaves out inputs that nothing depends on."""
    return {entry.name: np.asarray(value) for entry, value in zip(of.get_inputs(), values, strict=True)}


def running(step: Any, begin: Any, inputs: list[Tensor], steps: int, warm_up: int) -> list[Tensor]:
    """Means of the first t outputs, for each output."""
    arrays = [leaf.numpy() for leaf in inputs]
    state = begin.run(None, fed(begin, arrays))
    outputs = len(step.get_outputs()) - len(state)
    totals: list[Any] = [0.0] * outputs
    means: list[list[Tensor]] = [[] for _ in range(outputs)]
    for t in range(warm_up + steps):
        found = step.run(None, fed(step, [*arrays, *state]))
        state = found[outputs:]
        for place, value in enumerate(found[:outputs] if t >= warm_up else []):
            totals[place] = totals[place] + value
            means[place].append(torch.from_numpy(totals[place] / (t - warm_up + 1)))
    return [torch.stack(each) for each in means]
