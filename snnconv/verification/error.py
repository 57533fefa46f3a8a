"""The checks of the error that is left after T steps: what was cut off, whether it falls, and how large it is."""

from __future__ import annotations

from typing import Any

from ..network import Run, SpikingNetwork
from .bounds import default_check, range_check, rounding_error, tended_to, within_check
from .convergence import FURTHER, convergence_check, errors_of, has_fallen, measured_steps, run_further
from .result import Check


def error_checks(
    snn: SpikingNetwork,
    arguments: tuple[Any, ...],
    run: Run,
    wanted: Any,
    T: int,
    *,
    within: float | None,
    fine: bool,
    floor: float,
    seed: int,
) -> tuple[list[Check], dict[int, float]]:
    """range, convergence and within; and the error against the ANN at 1, 2, 4, … T steps, and on where it took more.

    Args:
        run: of T steps. wanted: the output of the ANN.
        within: the largest error against the ANN at T; None for the bound that rounding sets.
        fine: whether neurons and thresholds are verify's own.
        floor: the relative error that is as good as none, for it is that of the arithmetic.
        seed: of the rounding noise.
    """
    tends, cut = tended_to(snn, arguments, T)
    to_ann, errors = errors_of(run.logits, wanted, T), errors_of(run.logits, tends, T)
    checks, horizon = [range_check(cut, tends, wanted, fine)], horizon_of(snn)
    if horizon is None:
        while not has_fallen(errors, floor) and (done := len(errors)) < FURTHER * T:
            means, run = run_further(snn, arguments, run, done, done)
            to_ann += errors_of(means, wanted, done)
            errors += errors_of(means, tends, done)
        checks.append(convergence_check(errors, floor))
    if within is None:
        rounding = rounding_error(snn, arguments, tends, min(T, horizon or T), seed)
        checks.append(default_check(errors[T - 1], rounding, T, fine, floor))
    else:
        checks.append(within_check(to_ann[T - 1], within, T))
    return checks, {t: to_ann[t - 1] for t in measured_steps(len(errors))}


def horizon_of(snn: SpikingNetwork) -> int | None:
    """The steps after which the network's mean output gets no closer to what it tends to; None where it always does."""
    return min((horizon for neuron in snn.sites.values() if (horizon := neuron.horizon) is not None), default=None)
