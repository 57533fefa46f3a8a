"""The table of an energy measurement."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from ...documents import Count, Number, Percent, Steps
from ...measure.result import Result


@dataclass(frozen=True)
class EnergyRow:
    """One network, per sample.

    Attributes:
        accuracy: top-1 in %; None: a network that was never trained, whose layers are counted alone.
        macs: FP32 multiply-accumulates. int_macs: integer ones. acs: accumulations caused by spikes. Of the ANN, what
            the convention counts besides is among the (integer) multiply-accumulates.
        energy_mJ: by the energy model. mJ_by_cause: the same split up.
        of_ann: energy over that of the FP32 ANN.
        weight_bits, levels: of quantised networks.
    """

    name: str
    accuracy: Percent | None
    macs: Number
    int_macs: Number
    acs: Number
    energy_mJ: Number
    of_ann: Number | None
    mJ_by_cause: dict[str, Number]
    weight_bits: int | None = None
    levels: int | None = None


@dataclass(frozen=True)
class Accounting:
    """The same network in the arithmetic of its paper, priced by the same energy model.

    Attributes:
        name: "as published", or another. right: whether the arithmetic holds. why: what it does, what is wrong with it.
        rows: the ANN, where the paper has one, and the spiking network.
    """

    name: str
    right: bool
    why: str
    rows: list[EnergyRow]


@dataclass(frozen=True)
class Energy(Result):
    """What a spiking network costs, and what the networks it has to beat cost.

    Attributes:
        rows: the FP32 ANN, the quantised ANNs, the spiking network with quantised weights, the spiking network itself.
            Of a network that was trained directly the ANNs are its layers, dense.
        apart: of the spiking network, per sample over all steps: synops, encoder_macs, analog_macs, residual_macs
            (explicit quanta at residual adds, gates), norm_macs (all of them priced, as AC or MAC), bias_adds,
            neuron_updates, pool_updates, spikes (priced or not as convention and model say).
        unsupported: {operation: how often} of the spiking network, neither counted nor priced.
        by_layer, by_site: of the spiking network, per sample.
        accountings: of networks that were trained directly, what their papers' arithmetic gives.
        verdict: who wins, and by how much.
    """

    NAME: ClassVar[str] = "energy"
    PICTURE = "snnconv.plots.energy.plot_energy"  # energy by cause, one bar a network

    rows: list[EnergyRow]
    T: Steps
    verdict: str
    apart: dict[str, Number]
    unsupported: dict[str, int]
    by_layer: dict[str, dict[str, Number]]
    by_site: dict[str, dict[str, Number]]
    convention: str
    count: str
    encoder: str
    energy_model: dict[str, Any]
    samples: Count
    data: str
    settings: dict[str, Any]
    normalization: dict[str, Any] | None
    notices: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    accountings: list[Accounting] = field(default_factory=list)

    @property
    def snn(self) -> EnergyRow:
        return self.rows[-1]

    def table(self) -> list[dict[str, Any]]:
        published = [row for accounting in self.accountings for row in accounting.rows]
        rows = [asdict(row) for row in [*self.rows, *published]]
        causes = [{f"mJ_{cause}": mj for cause, mj in row.pop("mJ_by_cause").items()} for row in rows]
        return [{**row, **split} for row, split in zip(rows, causes)]


def rows_in(document: dict[str, Any]) -> list[EnergyRow]:
    return [EnergyRow(**row) for row in document["rows"]]
