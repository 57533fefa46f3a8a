"""A NIR file run by all that is here: the interpreter of this package, and the tool that the file was written for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from typing import Any

import torch
from torch import Tensor

from ...data.batches import limited_batches
from ...errors import InputError
from ...steps import checked_steps
from ..result import TOLERANCE
from .file import require_nir
from .interpreter import run_graph, text
from .peers import PEERS


@dataclass(frozen=True)
class NirRun:
    """What one runtime made of the file.

    Attributes:
        runtime: its name and version. error: of the outputs of all steps, relative L2 to the interpreter's.
        spikes: {IF node: spikes of every step}. skipped: why it did not run.
    """

    runtime: str
    error: float | None = None
    spikes: dict[str, list[int]] | None = None
    skipped: str | None = None


@dataclass(frozen=True)
class NirRuns:
    """Attributes:
    file: as given. T, samples: that were run. runs: the interpreter of this package first.
    """

    file: str
    T: int
    samples: int
    runs: list[NirRun]

    @property
    def differing(self) -> list[str]:
        """Where a runtime does something else than the interpreter."""
        own, found = self.runs[0].spikes or {}, []
        for run in self.runs[1:]:
            if run.spikes is None or run.error is None:
                continue
            layers = [name for name, spikes in own.items() if run.spikes.get(name) != spikes]
            if layers:
                found.append(f"{run.runtime}: other spikes from {layers[0]} on")
            elif run.error > TOLERANCE:
                found.append(f"{run.runtime}: other outputs, {run.error:.1e}")
        return found

    @property
    def compared(self) -> int:
        return sum(run.spikes is not None for run in self.runs[1:])

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "differing": self.differing}


def run_everywhere(
    path: str | PathLike[str], T: int | None = None, *, data: Iterable[Any] | None = None, samples: int = 4,
    seed: int = 0,
) -> NirRuns:  # fmt: skip
    """Run a NIR file that `export` wrote.

    Args:
        T: time steps; default those that the file names. data: batches; None: Gaussian inputs.

    Raises:
        InputError: it is no NIR file of ours.
    """
    graph = read(path)
    facts = graph.metadata
    steps = checked_steps(int(text(facts["T"])) if T is None else T)
    shape = [int(size) for size in next(iter(graph.nodes["input"].input_type.values()))]
    x = inputs_of(shape, data, samples, seed)
    with torch.no_grad():
        outputs, spikes = run_graph(graph, x, steps)
    runs = [NirRun("snnconv's interpreter", 0.0, spikes)]
    for name in PEERS:
        runs.append(run_in(name, text(facts["dialect"]), graph, x, steps, outputs))
    return NirRuns(str(path), steps, len(x), runs)


def read(path: str | PathLike[str]) -> Any:
    nir = require_nir()
    try:
        graph = nir.read(str(path), type_check=False)
        if not {"T", "dialect", "sites"} <= {*graph.metadata}:
            raise ValueError("it does not say how it was made")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise InputError(
            "this is no NIR file of snnconv", expected="what 'snnconv export SNN --to nir' wrote",
            got=str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__,
            where=str(path),
        ) from error  # fmt: skip
    return graph


def inputs_of(shape: list[int], data: Iterable[Any] | None, samples: int, seed: int) -> Tensor:
    if data is None:
        return torch.randn(samples, *shape, generator=torch.Generator().manual_seed(seed))
    x = torch.cat([inputs[0] for inputs, _ in limited_batches(data, samples)]).float()
    if list(x.shape[1:]) != shape:
        raise InputError("the data are of another shape than the file takes", expected=str(shape),
                         got=str(list(x.shape[1:])))  # fmt: skip
    return x


def run_in(name: str, dialect: str, graph: Any, x: Tensor, steps: int, outputs: Tensor) -> NirRun:
    try:
        called = f"{name} {version(name)}"
    except PackageNotFoundError:
        return NirRun(name, skipped=f"not installed ({PEERS[name].remedy})")
    if dialect != name:
        return NirRun(called, skipped=f"the file is for another dialect, {dialect}")
    try:
        found, spikes = PEERS[name].run(graph, x, steps)
    except Exception as error:  # of software that is not ours, of whatever kind
        return NirRun(called, skipped=f"it does not run there: {type(error).__name__}: {str(error).splitlines()[0]}")
    scale = float(outputs.double().norm()) or 1.0
    return NirRun(called, float((found.double() - outputs.double()).norm()) / scale, spikes)
