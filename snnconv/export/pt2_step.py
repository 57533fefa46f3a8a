"""torch.export programs of one step: they run wherever PyTorch does, without snnconv."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..network import SpikingNetwork
from .about import about
from .format import FORMATS, Format, Options, Ran, Refusal
from .graphs import Traced, step_programs
from .onnx_graphs import beginning
from .steps import late_sites

FACTS = "snnconv.json"


@FORMATS.register("pt2-step")
class Pt2Step(Format):
    """`(x, state…) → (output, state…)`; NAME.init.pt2 gives the state to start from."""

    about: ClassVar[str] = "torch.export program, one time step; the state goes in and comes out"
    suffix: ClassVar[str] = ".pt2"
    runtime: ClassVar[str] = "torch"

    def refusals(self, snn: SpikingNetwork, options: Options) -> list[Refusal]:
        return late_sites(snn, "--to onnx, which holds all steps")

    def files(self, path: Path) -> list[Path]:
        return [path, beginning(path)]

    def write(self, snn: SpikingNetwork, path: Path, options: Options) -> dict[str, str]:
        step, begin = step_programs(snn)
        facts = json.dumps(about(snn, options.T, states=begin.outputs))
        write_program(step, path, facts)
        write_program(begin, beginning(path), facts)
        return {"start": "NAME.init gives the state to start from"}

    def run(self, path: Path, inputs: list[Tensor], steps: int) -> Ran:
        extra: dict[str, Any] = {FACTS: ""}
        step = torch.export.load(path, extra_files=extra).module()
        begin, warm_up = torch.export.load(beginning(path)).module(), int(json.loads(extra[FACTS])["warm_up"])
        state = begin(*inputs)
        totals: list[Any] = []
        means: list[list[Tensor]] = []
        with torch.no_grad():
            for t in range(warm_up + steps):
                found = step(*inputs, *state)
                outputs, state = found[: len(found) - len(state)], found[len(found) - len(state) :]
                if t < warm_up:
                    continue
                totals = [total + value for total, value in zip(totals, outputs)] if totals else list(outputs)
                means.append([total / (t - warm_up + 1) for total in totals])
        return Ran([torch.stack(list(each)) for each in zip(*means)])

    def runtime_version(self) -> str:
        return f"torch {torch.__version__}"


def write_program(traced: Traced, path: Path, facts: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(traced.program, path, extra_files={FACTS: facts})
