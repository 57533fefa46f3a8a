"""torch.export programs of one step: they run wherever PyTorch does, without snnconv."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from .format import FORMATS, Ran
from .graphs import Traced
from .steps import StepFormat, ran

FACTS = "snnconv.json"


@FORMATS.register("pt2-step")
class Pt2Step(StepFormat):
    """For PyTorch without snnconv."""

    suffix: ClassVar[str] = ".pt2"
    runtime: ClassVar[str] = "torch"

    def put(self, traced: Traced, path: Path, facts: Mapping[str, str]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.export.save(traced.program, path, extra_files={FACTS: json.dumps(dict(facts))})

    def run(self, path: Path, inputs: list[Tensor], steps: int) -> Ran:
        extra: dict[str, Any] = {FACTS: ""}
        step, begin = (torch.export.load(file, extra_files=extra).module() for file in self.files(path))
        with torch.no_grad():
            return ran(step, begin(*inputs), inputs, steps, int(json.loads(extra[FACTS])["warm_up"]))

    def runtime_version(self) -> str:
        return f"torch {torch.__version__}"
