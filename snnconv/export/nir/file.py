"""NIR files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from ...errors import InputError
from ...io.importing import required
from ...network import SpikingNetwork
from ..about import about
from ..format import FORMATS, Format, Options, Ran, Refusal
from ..walk import walked
from .charge import CHARGES, charge_by_bias
from .dialects import AT_ZERO, DIALECTS, Dialect
from .interpreter import run_graph, text
from .lower import ToNir

REMEDY = 'pip install "snnconv[export]"'


@FORMATS.register("nir")
class NirFile(Format):
    """HDF5 that neuromorphic tools read; reset and v(0) are metadata of every IF node."""

    suffix: ClassVar[str] = ".nir"
    runtime: ClassVar[str] = "snnconv's own interpreter of NIR"
    takes: ClassVar[frozenset[str]] = frozenset({"dialect", "v0"})

    def meant(self, snn: SpikingNetwork, options: Options) -> SpikingNetwork:
        if options.v0 not in CHARGES:
            raise InputError("no such way to begin", expected=" or ".join(CHARGES), got=repr(options.v0))
        return snn if options.v0 == "state" else charge_by_bias(snn, options.T)

    def refusals(self, snn: SpikingNetwork, options: Options) -> list[Refusal]:
        require_nir()
        if snn.warm_up:
            return [Refusal("the network", f"its first {snn.warm_up} steps are warm-up", "--to onnx-step")]
        return lowered(snn, dialect_of(options.dialect)).refused

    def write(self, snn: SpikingNetwork, path: Path, options: Options) -> dict[str, str]:
        nir, dialect = require_nir(), dialect_of(options.dialect)
        found = lowered(snn, dialect)
        facts: dict[str, Any] = {**about(snn, options.T), "dialect": options.dialect, "sites": json.dumps(found.sites)}
        graph = nir.NIRGraph(found.nodes, found.edges, metadata=facts, type_check=False)
        nir.write(str(path), graph)
        return {"told": dialect.told if options.v0 == "state" else begun(options.T)}

    def run(self, path: Path, inputs: list[Tensor], steps: int) -> Ran:
        graph = require_nir().read(str(path), type_check=False)
        with torch.no_grad():
            outputs, spikes = run_graph(graph, inputs[0].float(), steps)
        sites = json.loads(text(graph.metadata["sites"]))
        counts = torch.arange(1, steps + 1).view(-1, *[1] * (outputs.dim() - 1))
        return Ran([outputs.cumsum(0) / counts], {sites[name]: found for name, found in spikes.items()})

    def runtime_version(self) -> str:
        return f"own interpreter, nir {require_nir().__version__}"


def lowered(snn: SpikingNetwork, dialect: Dialect) -> ToNir:
    return walked(ToNir(snn, dialect))


def begun(T: int) -> str:
    return (
        f"{AT_ZERO}; v(0) is in the biases as v(0)/{T} a step: made for T = {T}, compared with a network that does so"
    )


def dialect_of(name: str) -> Dialect:
    if name not in DIALECTS:
        raise InputError("no such dialect of NIR", expected=" or ".join(DIALECTS), got=repr(name))
    return DIALECTS[name]


def require_nir() -> Any:
    """The package nir.

    Raises:
        InputError: it is not installed.
    """
    return required("nir", "NIR files need", REMEDY)
