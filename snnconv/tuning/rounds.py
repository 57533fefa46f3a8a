"""The rounds of tuning: all settings at every T, the best with a correction, the best of all site by site."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ..progress import progress
from .budget import Budget
from .refine import refined
from .score import Judge, Score
from .trial import Candidate, Family

COARSE = 128  # samples on which a cost is found
MIDDLE = 256  # on which sites are refined
CORRECTED = 3  # of the best candidates, that are tried with a correction


def score_of(candidate: Candidate) -> Score:
    assert candidate.score is not None  # candidates are judged before they are compared
    return candidate.score


def best(candidates: Sequence[Candidate]) -> Candidate:
    """The least divergence among those whose agreement is within one standard error of the best."""
    scores = [score_of(candidate) for candidate in candidates]
    top = max(scores, key=lambda score: score.agreement)
    close = [c for c, s in zip(candidates, scores) if s.agreement >= top.agreement - top.uncertainty]
    return min(close, key=lambda candidate: score_of(candidate).divergence)


def first_round(families: Sequence[Family], steps: Sequence[int], judge: Judge, budget: Budget) -> list[Candidate]:
    """Every setting at every T, fitted to the budget; those that cannot be that cheap are left out."""
    few, found = judge.first(COARSE), list[Candidate]()
    with progress("fitting to the budget", len(families) * len(steps)) as bar:
        for family in families:
            start = 1.0
            for T in steps:
                bar.describe(f"{family.setting.label}, T={T}")
                candidate = Candidate(family, T, family.even).fitted(few, budget.limit, budget, start)
                judged = candidate and candidate.judged(judge, budget)
                if judged:
                    found.append(judged)
                    start = geometric_mean(judged) * 2  # the next T spends more
                bar.advance()
    return found


def corrected(found: Sequence[Candidate], correction: str, judge: Judge, budget: Budget) -> list[Candidate]:
    """The best few once more, each with the correction."""
    ranked = list(found)
    chosen: list[Candidate] = []
    while ranked and len(chosen) < CORRECTED:
        chosen.append(best(ranked))
        ranked.remove(chosen[-1])
    few = judge.first(COARSE)
    result: list[Candidate] = []
    with progress(f"trying {correction}", len(chosen)) as bar:
        for candidate in chosen:
            changed = replace(candidate, corrections=(correction,), score=None)
            fitted = changed.fitted(few, budget.limit, budget)
            judged = fitted and fitted.judged(judge, budget)
            result += [judged] if judged else []
            bar.advance()
    return result


def by_site(candidate: Candidate, judge: Judge, budget: Budget) -> Candidate | None:
    """The candidate with θ refined site by site, at the same cost; None where it cannot be brought to that."""
    plain = replace(candidate, corrections=(), score=None)  # corrections follow θ: found again at the end
    moved = refined(partial(plain.measured, judge.first(MIDDLE)), dict(plain.factors), budget)
    changed = replace(candidate, factors=moved, refined=True, score=None)
    fitted = changed.fitted(judge.first(COARSE), budget.limit, budget)
    return fitted and fitted.judged(judge, budget)


def geometric_mean(candidate: Candidate) -> float:
    values = [math.log(factor) for factor in candidate.factors.values()]
    return math.exp(sum(values) / len(values))
