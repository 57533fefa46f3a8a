"""What the formats of one time step share: two files, and a loop over steps that carries the state."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..network import SpikingNetwork
from .about import about
from .format import Format, Options, Ran, Refusal
from .graphs import Traced, step_programs

INSTEAD = "--to onnx, which holds all steps"


class StepFormat(Format):
    """`(x, state…) → (output, state…)` in NAME, and in NAME.init the state to start from, `x → state…`."""

    def refusals(self, snn: SpikingNetwork, options: Options) -> list[Refusal]:
        """Neurons that see several steps before they send the first spike."""
        late = {name: neuron for name, neuron in snn.sites.items() if neuron.opening > 1}
        why = "{} sees {} steps before it sends the first spike"
        return [Refusal(name, why.format(type(one).__name__, one.opening), INSTEAD) for name, one in late.items()]

    def files(self, path: Path) -> list[Path]:
        return [path, path.with_name(f"{path.stem}.init{path.suffix}")]

    def write(self, snn: SpikingNetwork, path: Path, options: Options) -> dict[str, str]:
        programs = step_programs(snn)
        facts = about(snn, options.T, states=programs[1].outputs)
        for traced, file in zip(programs, self.files(path), strict=True):
            self.put(traced, file, facts)
        return {"start": "NAME.init gives the state to start from"}

    @abstractmethod
    def put(self, traced: Traced, path: Path, facts: Mapping[str, str]) -> None:
        """Write one program, with facts about it."""


def ran(step: Callable[..., Sequence[Any]], state: Sequence[Any], inputs: Sequence[Any], steps: int,
        warm_up: int) -> Ran:  # fmt: skip
    """Means of the first t outputs of `step(*inputs, *state)`, for each output."""
    totals: list[Any] = []
    means: list[list[Tensor]] = []
    for t in range(warm_up + steps):
        found = step(*inputs, *state)
        outputs, state = found[: len(found) - len(state)], found[len(found) - len(state) :]
        if t >= warm_up:
            totals = [total + value for total, value in zip(totals, outputs)] if totals else list(outputs)
            means.append([torch.as_tensor(total / (t - warm_up + 1)) for total in totals])
    return Ran([torch.stack(list(each)) for each in zip(*means)])
