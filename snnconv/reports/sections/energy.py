"""What the networks cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...cost.energy import Energy, EnergyRow
from ...cost.energy.verdict import readable
from ..parts import Figure, Section, Table, Tile
from ..tables import table, used

COUNTS = {
    "exact": "every spike times its true fan-out",
    "rate": "firing rate × dense operations × T, as in the papers",
}


QUANTISED = (
    "Quantised networks with an accuracy were really quantised and evaluated on the same samples; of those without one "
    "the layers were counted alone."
)
COUNTED = ("macs", "int_macs", "acs", "bias_adds", "energy_mJ")


def energy_section(energy: Energy) -> Section:
    model, snn = energy.energy_model, energy.snn
    unpriced = ", ".join(f"{name} ×{times}" for name, times in energy.unsupported.items())
    ratio = "–" if snn.of_ann is None else f"{snn.of_ann:.3g}"
    trained = "" if energy.rows[0].accuracy is not None else ", which was never trained"
    return Section(
        name="energy",
        title="Energy",
        headline=[energy.verdict],
        tiles=[Tile(f"energy of {snn.name}", readable(snn.energy_mJ), f"{ratio} of the FP32 ANN's{trained}")],
        paragraphs=[
            energy.verdict,
            f"Energies are counted operations times published energies of one operation (model {model.get('name')}; "
            f"{model.get('source')}), not a measured power. Operations by the convention {energy.convention}; spike "
            f"operations {energy.count}: {COUNTS.get(energy.count, 'as the model says')}; the encoder is computed "
            f"{energy.encoder}. {QUANTISED}",
            *(f"{a.name.capitalize()} ({'right' if a.right else 'wrong'}): {a.why}." for a in energy.accountings),
        ],
        figures=[
            Figure(
                "energy", energy.plot, "Energy per sample of each network, by cause",
                f"Energy per sample, split by cause, on {energy.samples:,} samples; the SNN runs T = {energy.T} steps.",
            )
        ],
        tables=tables(energy),
        notices=[*energy.notices, *([f"neither counted nor priced: {unpriced}"] if unpriced else [])],
    )  # fmt: skip


def tables(energy: Energy) -> list[Table]:
    networks = [with_causes(row) for row in energy.rows]
    published = [with_causes(row) for accounting in energy.accountings for row in accounting.rows]
    causes = list(dict.fromkeys(f"mJ_{cause}" for row in energy.rows for cause in row.mJ_by_cause))
    layers = [{"layer": name, **costs} for name, costs in energy.by_layer.items()]
    sites = [{"site": name, **costs} for name, costs in energy.by_site.items()]
    apart = [{"operation": named(name), "amount": value} for name, value in energy.apart.items()]
    constants = [{"constant": name.replace("_", " "), "value": value} for name, value in energy.energy_model.items()]
    costs = ("macs", "int_macs", "acs", "energy_mJ", "of_ann")
    return [
        table("Accuracy, operations and energy per sample", networks, ("name", "accuracy", *used(networks, costs))),
        table("Energy per sample by cause", networks, ("name", "energy_mJ", *used(networks, causes))),
        *([table("In the arithmetic of the paper", published, ("name", *used(published, costs)))] if published else []),
        table("What the SNN's operations consist of, per sample over all steps", apart),
        table(
            "The SNN by layer", layers, ("layer", *used(layers, ("rate", "dense_macs", *COUNTED, *causes))), folded=True
        ),
        table("The SNN by site", sites, folded=True),
        table("Constants of the energy model (pJ, bits)", constants, folded=True),
    ]


def with_causes(row: EnergyRow) -> dict[str, Any]:
    return {**asdict(row), **{f"mJ_{cause}": mj for cause, mj in row.mJ_by_cause.items()}}


def named(operation: str) -> str:
    return "synaptic operations" if operation == "synops" else operation.replace("_", " ").replace("macs", "MACs")
