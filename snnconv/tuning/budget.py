"""What a network may cost, and the one number that is turned until it costs that."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..errors import InputError
from .score import Score

NEAR = 0.03  # a cost so little below the limit, relatively, is on it
MOST_TRIES = 8
FARTHEST = 4.0  # by which a factor is changed at once
Kind = Literal["spikes", "energy"]


@dataclass(frozen=True)
class Budget:
    """The most that one sample may cost over the whole inference, warm-up included.

    Attributes:
        kind: "spikes", spikes per neuron; "energy", mJ by an energy model.
        limit: > 0.
    """

    kind: Kind
    limit: float

    def of(self, score: Score) -> float:
        """What of the budget's kind a network spends."""
        return score.spikes_per_neuron if self.kind == "spikes" else score.energy

    @property
    def words(self) -> str:
        unit = "spikes per neuron" if self.kind == "spikes" else "mJ per sample"
        return f"{self.limit:g} {unit}"


def budget_of(spikes: float | None, energy: float | None) -> Budget:
    """The one of the two that is given.

    Raises:
        InputError: none, both, or no positive number.
    """
    if (spikes is None) == (energy is None):
        got = "neither" if spikes is None else f"both, {spikes:g} and {energy:g}"
        raise InputError("tune takes one budget", expected="budget_spikes or budget_energy", got=got)
    limit = spikes if spikes is not None else energy
    assert limit is not None
    if not 0 < limit < math.inf:
        raise InputError("the budget is out of range", expected="a number above 0", got=repr(limit))
    return Budget("energy" if spikes is None else "spikes", limit)


def fit(cost_of: Callable[[float], float], limit: float, start: float = 1.0) -> float | None:
    """The smallest factor found whose cost is at most `limit`, of a cost that falls as the factor grows.

    Secant steps on log cost over log factor, which is nearly a line; ends within 3 % below the limit, or with the best
    after 8 tries.

    Returns:
        None where no factor that was tried is cheap enough.
    """
    aim = math.log(limit * (1 - NEAR / 2))
    tried: list[tuple[float, float]] = []  # log factor, log cost
    place = math.log(start)
    for _ in range(MOST_TRIES):
        cost = cost_of(math.exp(place))
        tried.append((place, math.log(cost) if cost > 0 else -math.inf))
        if limit * (1 - NEAR) <= cost <= limit:
            break
        place = next_place(tried, aim)
    affordable = [place for place, cost in tried if cost <= math.log(limit)]
    return math.exp(min(affordable)) if affordable else None


def next_place(tried: list[tuple[float, float]], aim: float) -> float:
    """Where the line through the two nearest tries meets the aim; halfway where it leaves the bracket."""
    above = max((t for t in tried if t[1] > aim), default=None)  # too dear: the largest such factor
    below = min((t for t in tried if t[1] <= aim), default=None)
    latest = tried[-1]
    if above is None or below is None:
        step = latest[1] - aim if len(tried) == 1 else 2 * (latest[1] - aim)  # cost falls about as 1 / factor
        bound = math.log(FARTHEST)
        return latest[0] + max(-bound, min(bound, step if math.isfinite(step) else -bound))
    (left, dear), (right, cheap) = above, below
    if not math.isfinite(cheap) or dear == cheap or left >= right:
        return (left + right) / 2
    share = (dear - aim) / (dear - cheap)
    return left + (right - left) * min(0.9, max(0.1, share))
