"""torch.export programs of one step: they run wherever PyTorch does, without snnconv; compiled, without Python too."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..errors import InputError
from ..network import SpikingNetwork
from .format import FORMATS, Options, Ran, Refusal
from .graphs import Traced
from .steps import StepFormat, ran

FACTS = "snnconv.json"
COMPILED = "data/aotinductor/"  # what packages of machine code hold


@FORMATS.register("pt2-step")
class Pt2Step(StepFormat):
    """For PyTorch without snnconv."""

    suffix: ClassVar[str] = ".pt2"
    runtime: ClassVar[str] = "torch"
    takes: ClassVar[frozenset[str]] = frozenset({"compiled"})

    def refusals(self, snn: SpikingNetwork, options: Options) -> list[Refusal]:
        whole = "machine code of AOTInductor does not give the bits of a network of whole numbers"
        compiled = [Refusal("the network", whole, "--to pt2-step without --compiled, --to onnx-step, or --to c")]
        return super().refusals(snn, options) + compiled * (options.compiled and snn.is_whole)

    def write(self, snn: SpikingNetwork, path: Path, options: Options) -> dict[str, str]:
        self.compiled = options.compiled
        return super().write(snn, path, options)

    def put(self, traced: Traced, path: Path, facts: Mapping[str, str]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self.compiled and ".init" not in path.suffixes:
                compile_step(traced, path, facts)
            else:
                torch.export.save(traced.program, path, extra_files={FACTS: json.dumps(dict(facts))})

    def run(self, path: Path, inputs: list[Tensor], steps: int) -> Ran:
        (step, facts), (begin, _) = map(opened, self.files(path))
        with torch.no_grad():
            return ran(step, begin(*inputs), inputs, steps, int(facts["warm_up"]))

    def runtime_version(self) -> str:
        return f"torch {torch.__version__}"


def compile_step(traced: Traced, path: Path, facts: Mapping[str, str]) -> None:
    """An AOTInductor package: machine code for this kind of processor, with the facts in its metadata.

    Raises:
        InputError: there is no C++ compiler, or it fails.
    """
    from torch import _inductor

    settings = {"aot_inductor.metadata": dict(facts)}
    try:
        _inductor.aoti_compile_and_package(traced.program, package_path=str(path), inductor_configs=settings)
    except Exception as error:  # of whatever kind: it runs a compiler
        raise InputError(
            "the step could not be compiled", got=f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}",
            remedy="install a C++ compiler (or set CXX), or leave --compiled out",
        ) from error  # fmt: skip


def opened(path: Path) -> tuple[Callable[..., Sequence[Any]], dict[str, Any]]:
    """A program, or a compiled one, and the facts about it."""
    if any(COMPILED in name for name in zipfile.ZipFile(path).namelist()):
        from torch import _inductor

        package: Any = _inductor.aoti_load_package(str(path))
        return package, package.get_metadata()
    extra: dict[str, Any] = {FACTS: ""}
    program = torch.export.load(path, extra_files=extra)
    return program.module(), json.loads(extra[FACTS])
