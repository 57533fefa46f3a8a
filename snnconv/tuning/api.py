"""`tune`: from a model and a budget to the spiking network that is nearest to the ANN at that cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from torch import nn
from torch.export import ExportedProgram

from ..bench.parse_settings import parse_settings
from ..bench.setting import Setting
from ..calib.samples import SAMPLES
from ..calib.sensitivity import steps_alone
from ..convert import convert
from ..convert.data_argument import takes_data
from ..cost.energy import EnergyModel
from ..cost.energy import energy_model as find_energy_model
from ..errors import InputError
from ..measure.steps import check_steps
from ..methods.corrections import CORRECTIONS
from ..network import SpikingNetwork
from ..progress import track
from ..provenance import provenance
from .budget import budget_of
from .finish import finished, trial_of, tuned_sites
from .result import Tuned
from .rounds import best, by_site, corrected, first_round
from .score import Judge
from .split import Part, split
from .trial import Family

CANDIDATES = "auto:cost=0.15,auto:cost=0.3,auto:cost=0.6,mt:bits=8,sdm-zero:beta=15"
STEPS = (1, 2, 4)
# Where a setting says nothing else: θ by what rounding at the site does to the output.
THRESHOLDS: dict[str, Any] = {"threshold": "sensitivity:0.08", "per_channel": True}


@takes_data("data")
def tune(
    model: nn.Module | ExportedProgram,
    data: Iterable[Any],
    *,
    budget_spikes: float | None = None,
    budget_energy: float | None = None,
    T: Iterable[int] = STEPS,
    methods: str = CANDIDATES,
    correction: str | None = "bias",
    refine: bool = True,
    calib_limit: int = 512,
    choose_limit: int = 1000,
    energy_model: str | EnergyModel = "45nm",
    seed: int = 0,
    **options: Any,
) -> tuple[SpikingNetwork, Tuned]:
    """Choose method, thresholds, most spikes a step and T for the least error under a budget.

    1. Every setting of `methods` is converted on the first `calib_limit` samples, with thresholds by the sensitivity of
       the output, per channel.
    2. At each T its θ are all made larger or smaller until it costs what it may, and the spikes of a step are fitted
       to them, site by site.
    3. The candidates are judged on the next `choose_limit` samples: by how often they name the class that the ANN
       names, and among those within one standard error of the most by the least divergence from its probabilities.
    4. The best three are tried with `correction` too, and the best of all with θ refined site by site (`refine.py`).

    Labels are not needed: the ANN is the teacher. What is chosen is chosen on calibration data alone; measure it on
    test data.

    Args:
        data: calibration batches; at least 64 samples.
        budget_spikes: spikes per neuron and sample over all steps; budget_energy: mJ per sample over all steps.
        T: time steps to choose among.
        methods: as in `grid`, such as "auto:cost=0.3,sdm-zero:beta=8"; β and bits are the most that a site may get.
        correction: a name in `CORRECTIONS`, or None.
        options: further arguments of `convert`, for all.

    Returns:
        The network, with its T, and how it was chosen.

    Raises:
        InputError: no budget or two, too few samples, a method that warms up or is set up for T, or no candidate that
            is cheap enough.
    """
    budget, steps, prices = budget_of(budget_spikes, budget_energy), check_steps(T), find_energy_model(energy_model)
    if correction is not None:
        CORRECTIONS[correction]  # an unknown one is refused, with the nearest
    settings = [tunable(setting) for setting in parse_settings(methods)]
    calibration, choice = split(data, calib_limit, choose_limit)
    families = [
        family(model, setting, calibration, seed, options) for setting in track(settings, "converting", len(settings))
    ]
    judge = Judge(families[0].base, choice, prices)
    found = first_round(families, steps, judge, budget)
    if not found:
        raise InputError(
            "no candidate fits the budget",
            expected=f"a candidate of at most {budget.words}",
            got=f"{len(families)} settings at T = {', '.join(map(str, steps))}, none of them",
            remedy="raise the budget, or allow a smaller T",
        )
    if correction is not None:
        found += corrected(found, correction, judge, budget)
    chosen = best(found)
    if refine and (finer := by_site(chosen, judge, budget)) is not None:
        found.append(finer)
        chosen = best([chosen, finer])
    snn = finished(chosen, budget)
    record = provenance(seed) | {
        "data": calibration.name,
        "calibration_samples": calibration.samples,
        "choice_samples": judge.samples,
        "energy_model": prices.name,
    }
    trials = [trial_of(candidate, candidate is chosen) for candidate in found]
    return snn, Tuned(trials, budget, tuned_sites(snn), record)


def tunable(setting: Setting) -> Setting:
    """The setting with thresholds by sensitivity, where it names no others.

    Raises:
        InputError: its options are wrong, or what it sets up depends on T.
    """
    words = [setting.method, *(f"{name}={value}" for name, value in setting.options.items())]
    whole = replace(setting, options={**THRESHOLDS, **setting.options}, name=" ".join(words))
    whole.check(1)
    if whole.at_T:
        raise InputError(
            f"{setting.label} is set up separately for each T, which tune does not",
            expected="methods without corrections, and rules that do not depend on T",
            remedy="name a correction for all with correction (--correct)",
        )
    return whole


def family(
    model: nn.Module | ExportedProgram, setting: Setting, calibration: Part, seed: int, options: dict[str, Any]
) -> Family:
    own = {**setting.options, "threshold": steps_alone(setting.options["threshold"])}
    base = convert(model, 1, data=calibration, method=setting.method, seed=seed, **own, **options)
    return Family.of(setting, base, calibration.first(SAMPLES))
