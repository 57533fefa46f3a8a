"""What was chosen under a budget, and among what."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...cost.energy.verdict import readable
from ...tuning import Trial, Tuned
from ...tuning.result import TunedSite
from ..parts import Figure, Section, Tile
from ..tables import table


def tune_section(tuned: Tuned) -> Section:
    told = sentence(tuned)
    score = tuned.chosen.score
    return Section(
        name="tune",
        title="Tuning under a budget",
        headline=[told],
        tiles=[Tile("agreement with the ANN", f"{score.agreement:.2f} %", f"{chosen(tuned)}, calibration samples")],
        paragraphs=[
            told,
            f"Every candidate was made to cost at most {tuned.budget.words}, and the one taken that is nearest to the "
            f"ANN on {score.samples:,} calibration samples that thresholds were not set by. They chose it, so they "
            "flatter it: what it is worth has to be measured on test data.",
        ],
        figures=[
            Figure(
                "tune", tuned.plot, "Agreement with the ANN and divergence from it, candidate by candidate",
                "The nearest candidates, all within the budget; the star is the one chosen. Left: samples on which "
                "candidate and ANN name the same class, with one standard error. Right: mean KL divergence of the "
                "candidate's softmax from the ANN's.",
            )
        ],
        tables=[
            table("Candidates, the nearest first", [trial_row(trial) for trial in tuned.ranked]),
            table("Sites of what was chosen; θ over channels", [site_row(site) for site in tuned.sites], folded=True),
        ],
    )  # fmt: skip


def sentence(tuned: Tuned) -> str:
    """`At most 0.7 spikes per neuron: auto cost=0.3 + bias at T = 1 names the ANN's class on 99.80 % of …`"""
    score = tuned.chosen.score
    accuracy = "" if score.accuracy is None else f", accuracy {score.accuracy:.2f} %"
    return (
        f"At most {tuned.budget.words}: {chosen(tuned)} names the ANN's class on {score.agreement:.2f} % of "
        f"{score.samples:,} calibration samples{accuracy}, with {score.spikes_per_neuron:.3g} spikes per neuron and "
        f"{readable(score.energy)} a sample."
    )


def chosen(tuned: Tuned) -> str:
    return f"{tuned.chosen.name} at T = {tuned.chosen.T}"


def trial_row(trial: Trial) -> dict[str, Any]:
    score = {name: value for name, value in asdict(trial.score).items() if name != "samples"}
    return {"candidate": trial.name, "T": trial.T, **score, "theta_factor": trial.factor}


def site_row(site: TunedSite) -> dict[str, Any]:
    least, median, largest = site.theta
    theta = {"theta_least": least, "theta_median": median, "theta_largest": largest}
    return {"site": site.site, "neuron": site.neuron, **theta, "most_in_a_step": site.most}
