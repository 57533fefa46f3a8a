"""The result of tuning: what was tried under the budget, what was chosen, and what stands at each site then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

from ..documents import Count, Steps
from ..errors import InputError
from ..measure.result import Result
from .budget import Budget
from .score import Score

DEPENDS_ON = ("energy_model", "data", "calibration_samples", "choice_samples")  # in the record of how it was made


@dataclass(frozen=True)
class Trial:
    """One candidate, its spike quanta turned until it costs what it may.

    Attributes:
        setting: as "auto cost=0.6". factor: its θ in units of those calibrated, geometric mean over sites.
        latency: T and the warm-up.
        refined: whether θ was refined site by site.
        score: on the samples of choice.
    """

    setting: str
    T: Steps
    latency: Count
    factor: float
    corrections: tuple[str, ...]
    refined: bool
    chosen: bool
    score: Score

    @property
    def name(self) -> str:
        """`auto cost=0.6 + bias, refined`."""
        corrected = "".join(f" + {name}" for name in self.corrections)
        return self.setting + corrected + ", refined" * self.refined


@dataclass(frozen=True)
class TunedSite:
    """What stands at one site of the chosen network.

    Attributes:
        theta: θ in the unit of the activation, least, median and largest over channels.
        most: quanta that a step has to represent, at the channel that needs most of them.
    """

    site: str
    neuron: str
    theta: tuple[float, float, float]
    most: int


@dataclass(frozen=True)
class Tuned(Result):
    """Trials under one budget, all of them within it.

    Attributes:
        trials: in the order in which they were made; one is chosen.
        sites: of the chosen network, in execution order.
    """

    NAME: ClassVar[str] = "tune"
    PICTURE = "snnconv.plots.tune.plot_tune"  # divergence and disagreement of every trial

    trials: list[Trial]
    budget: Budget
    sites: list[TunedSite]
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def chosen(self) -> Trial:
        return next(trial for trial in self.trials if trial.chosen)

    @property
    def configuration(self) -> dict[str, Any]:
        """What the choice depends on: the budget, its energy model, and the data."""
        known = {name: self.provenance[name] for name in DEPENDS_ON if name in self.provenance}
        return {"budget": asdict(self.budget), **known}

    @property
    def ranked(self) -> list[Trial]:
        """The chosen trial, then the others, the nearest to the ANN first."""
        return sorted(self.trials, key=lambda trial: (not trial.chosen, trial.score.divergence))

    @classmethod
    def from_dict(cls, document: dict[str, Any], where: str = "the given document") -> Self:
        found = super().from_dict(document, where)
        chosen = sum(trial.chosen for trial in found.trials)
        if chosen != 1:
            raise InputError("not one of the trials is the chosen one", got=f"{chosen} of them", where=where)
        return found

    def table(self) -> Iterable[dict[str, Any]]:
        for trial in self.trials:
            row = {key: value for key, value in asdict(trial).items() if key not in ("score", "corrections")}
            yield row | {"corrections": "+".join(trial.corrections)} | asdict(trial.score)
