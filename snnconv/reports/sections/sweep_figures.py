"""The pictures of a sweep, with what is said under each."""

from __future__ import annotations

from functools import partial

from ...bench.curves import Sweep
from ...methods import METHODS
from ...neurons import NEURONS, Neuron
from ...plots.alpha import families, plot_alpha
from ...plots.curves import curves_of, steps_of
from ...plots.pareto import plot_energy, plot_spikes
from ...plots.rates import plot_rates
from ...plots.sweep import plot_sweep
from ...plots.transfer import plot_transfer, published_settings
from ..parts import Figure

MOST_NEURONS = 6  # panels of the transfer function


def figures(sweep: Sweep) -> list[Figure]:
    longest = steps_of(sweep)[-1]
    found = [
        Figure(
            "sweep", partial(plot_sweep, sweep), "Accuracy and spikes per neuron against time steps",
            "Top-1 accuracy (left) and spikes per neuron and sample, summed over the steps (right), after T time "
            f"steps. {how_run(sweep, longest)} Dashed: the ANN on the same samples.",
        ),
        Figure(
            "pareto-spikes", partial(plot_spikes, sweep), "Accuracy against spikes per neuron",
            "Top-1 accuracy against spikes per neuron and sample (a burst of k counts k, negative spikes count too); "
            "along a line T grows. Grey: the Pareto front, beside which nothing measured here is both more accurate "
            "and cheaper.",
        ),
    ]  # fmt: skip
    if any(row.energy is not None for row in sweep.rows):
        names = ", ".join(baseline.name for baseline in sweep.baselines if baseline.energy is not None)
        found.append(
            Figure(
                "pareto-energy", partial(plot_energy, sweep), "Accuracy against energy per sample",
                f"Top-1 accuracy against energy per sample by the model {sweep.energy_model}: counted operations times "
                f"published energies, not a measured power. Labelled points, which take part in the front: {names} on "
                "the same samples (WxAy: weights of x bits, activations of y, really quantised and evaluated).",
            )
        )  # fmt: skip
    found.append(
        Figure(
            "firing-rates", partial(plot_rates, sweep), "Firing rate of every layer",
            f"Spikes per neuron and step at every activation site, mean over neurons, samples and T = {longest} steps; "
            "sites in the order of execution.",
        )
    )  # fmt: skip
    if families(sweep):
        found.append(
            Figure(
                "alpha", partial(plot_alpha, sweep), "Accuracy against time steps for several threshold scales",
                "Sensitivity to the threshold scale α (the firing threshold is αλ): settings that differ in α alone. "
                "Corresponds to Fig. 6 of You et al., IEEE TCDS 2024 (SDM).",
            )
        )  # fmt: skip
    found.append(
        Figure(
            "transfer", partial(plot_transfer, neurons=neurons_of(sweep)), "Transfer function of single neurons",
            "Mean output of one neuron over T = 4 steps of constant input, in units of λ; dashed: the clipped "
            "activation that it stands for. Computed with the simulation's own neurons, no data. Corresponds to Fig. 4 "
            "of You et al., IEEE TCDS 2024 (SDM).",
        )
    )  # fmt: skip
    return found


def how_run(sweep: Sweep, longest: int) -> str:
    """What a smaller T is: a part of the longest run, or a run of a network set up for it."""
    told = f"Every setting was run once for {longest} steps; smaller T are prefixes of that run."
    anew = [curve.setting for curve, _ in curves_of(sweep) if isinstance(curve.settings.get("at_T"), list)]
    return told + (f" But {', '.join(anew)}: converted and run for every T, which its set-up depends on." * bool(anew))


def neurons_of(sweep: Sweep) -> dict[str, Neuron]:
    """The neurons of the settings, λ = 1; the published settings where they are too many or not of a known method."""
    found: dict[str, Neuron] = {}
    for curve, _ in curves_of(sweep):
        name = str(curve.settings.get("method"))
        if name not in METHODS:
            return published_settings()
        method = METHODS[name]
        known = {key: curve.settings[key] for key in method.options if key in curve.settings}
        found[curve.setting] = NEURONS[method.neuron](1.0, **method.override(known).neuron_options())
    return found if len(found) <= MOST_NEURONS else published_settings()
