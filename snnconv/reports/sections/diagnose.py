"""Where the error comes from."""

from __future__ import annotations

from functools import partial
from typing import Any

from ...bench._diagnose import PARTS, Diagnosis
from ...bench._diagnose.result import SiteDiagnosis
from ...methods.label import label_of
from ...plots.diagnose import plot_activation_bias, plot_error_split, plot_firing_rate
from ..parts import Figure, Section
from ..tables import table


def diagnose_section(diagnosis: Diagnosis) -> Section:
    setting = label_of(diagnosis.settings)
    where = f"{setting}, {diagnosis.time}, {diagnosis.samples:,} samples"
    facts = [
        f"{setting} at {diagnosis.time}: {diagnosis.verdict}",
        *(
            [f"‖SNN − ANN‖ / ‖ANN‖ of the outputs: {diagnosis.output_error:.2f} %."]
            if diagnosis.output_error is not None
            else []
        ),
        *(
            [f"SNN and ANN name the same class for {diagnosis.agreement:.2f} % of the samples."]
            if diagnosis.agreement is not None
            else []
        ),
    ]
    return Section(
        name="diagnose",
        title="Where the error comes from",
        headline=[f"{setting}: {diagnosis.verdict}"],
        paragraphs=facts,
        figures=[
            Figure(
                "activation-bias", partial(plot_activation_bias, diagnosis), "Activation bias of every layer",
                "Mean |φ − a| at every site: φ the neurons' mean output over the steps, a the ANN's activation "
                f"({where}). Corresponds to Fig. 1 of You et al., IEEE TCDS 2024 (SDM).",
            ),
            Figure(
                "error-split", partial(plot_error_split, diagnosis), "Error of every layer by its causes",
                "The error split into what the layers before brought in (inherited), what lies outside the neuron's "
                "range (clipping), what its levels cannot resolve (quantisation) and what the order of its spikes "
                f"costs (unevenness): mean sizes in % of the site's mean activation ({where}). Parts of opposite sign "
                "cancel, so that a stack is at least as high as the whole error, the mark.",
            ),
            Figure(
                "firing", partial(plot_firing_rate, diagnosis), "Firing rate of every layer",
                f"Spikes per neuron and step at every site, negative ones apart ({where}).",
            ),
        ],
        tables=[
            table("Sites, the worst first; errors in % of the mean activation", map(row_of, diagnosis.worst_first()))
        ],
        notices=[
            *diagnosis.notices,
            *([f"stay analog: {', '.join(diagnosis.analog)}"] if diagnosis.analog else []),
        ],
    )  # fmt: skip


def row_of(site: SiteDiagnosis) -> dict[str, Any]:
    """What tells the causes apart; the rest is in the .csv."""
    return {
        "site": site.site,
        "error": site.relative_bias,
        **{part: site.relative(site.absolute[part]) for part in PARTS},
        "firing_rate": site.firing_rate,
        **{name: getattr(site, name) for name in ("silent", "saturated", "negative")},
    }
