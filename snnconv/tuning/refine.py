"""Layer by layer: which sites should have finer spikes, and which coarser ones, at the same cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..progress import progress
from .budget import Budget
from .score import Score

STEP = 1.3  # by which the θ of one site is changed
SLOPE = 1.15  # by which all are, to see what a spike is worth
Factors = dict[str, float]
Measure = Callable[[Mapping[str, float]], Score]


def worth(measure: Measure, factors: Factors, budget: Budget) -> float:
    """μ: how much divergence the last unit of the budget buys, by making every θ 15 % larger and smaller; ≥ 0."""
    coarse, fine = (measure(scaled(factors, SLOPE**sign)) for sign in (1, -1))
    spared = budget.of(fine) - budget.of(coarse)
    return max(0.0, (coarse.divergence - fine.divergence) / spared) if spared > 0 else 0.0


def refined(measure: Measure, factors: Factors, budget: Budget) -> Factors:
    """Every site's factor moved up or down by 30 % where that lowers divergence + μ·cost, each tried alone.

    At the best network of a cost no site can spare what another needs more: the divergence that a spike more prevents
    is the same, μ, at all sites. `sensitivity` thresholds have that property where rounding errors are small; the
    sites that move are where they are not. The result has another cost: fit all factors to the budget after it.
    """
    price = worth(measure, factors, budget)
    standing = lagrangian(measure(factors), price, budget)
    result = dict(factors)
    with progress("refining sites", 2 * len(factors)) as bar:
        for name, factor in factors.items():
            moves: dict[float, float] = {}
            for step in (STEP, 1 / STEP):
                moves[step] = lagrangian(measure({**factors, name: factor * step}), price, budget)
                bar.advance()
            best = min(moves, key=lambda step: moves[step])
            if moves[best] < standing:
                result[name] = factor * best
    return result


def lagrangian(score: Score, price: float, budget: Budget) -> float:
    return score.divergence + price * budget.of(score)


def scaled(factors: Mapping[str, float], by: float) -> Factors:
    return {name: factor * by for name, factor in factors.items()}
