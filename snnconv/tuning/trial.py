"""One setting at one T, with its spike quanta turned until it costs what it may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..bench.setting import Setting
from ..convert.corrections import corrected
from ..cost.synops import Wirings
from ..network import SpikingNetwork
from .budget import Budget, fit
from .refine import Factors, scaled
from .resize import resized
from .score import Judge, Score

Samples = Sequence[tuple]  # type: ignore[type-arg]  # flat input leaves in batches


@dataclass(frozen=True)
class Family:
    """A setting, converted once: what all its trials are made of.

    Attributes:
        base: the network as calibrated. samples: calibration inputs, for corrections.
    """

    setting: Setting
    base: SpikingNetwork
    samples: Samples
    wirings: Wirings = field(repr=False)

    @classmethod
    def of(cls, setting: Setting, base: SpikingNetwork, samples: Samples) -> Family:
        return cls(setting, base, samples, Wirings(base))

    @property
    def even(self) -> Factors:
        """Every site as calibrated."""
        return dict.fromkeys(self.base.sites, 1.0)


@dataclass(frozen=True)
class Candidate:
    """One way to spend the budget.

    Attributes:
        factors: {site: θ in units of the calibrated one}.
        corrections: passes that correct the network for T.
        score: on the samples of choice, once it was judged there.
    """

    family: Family
    T: int
    factors: Mapping[str, float]
    corrections: tuple[str, ...] = ()
    refined: bool = False
    score: Score | None = None

    def network(self, factors: Mapping[str, float] | None = None) -> SpikingNetwork:
        """The spiking network, with other factors where they are given."""
        snn = resized(self.family.base, self.factors if factors is None else factors)
        return corrected(snn, self.corrections, self.family.samples, self.T)

    def measured(self, judge: Judge, factors: Mapping[str, float] | None = None) -> Score:
        return judge.score(self.network(factors), self.T, self.family.wirings)

    def fitted(self, judge: Judge, limit: float, budget: Budget, start: float = 1.0) -> Candidate | None:
        """All factors times one number, so that these samples cost at most `limit`; None: impossible."""
        found = fit(lambda by: budget.of(self.measured(judge, scaled(self.factors, by))), limit, start)
        return None if found is None else replace(self, factors=scaled(self.factors, found))

    def judged(self, judge: Judge, budget: Budget) -> Candidate | None:
        """With its score; made a little coarser where it costs too much on these samples. None: it still does."""
        candidate, score = self, self.measured(judge)
        if budget.of(score) > budget.limit:
            candidate = replace(self, factors=scaled(self.factors, 1.02 * budget.of(score) / budget.limit))
            score = candidate.measured(judge)
        return replace(candidate, score=score) if budget.of(score) <= budget.limit else None
