"""`verify`: the list of checks of one model."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.export import ExportedProgram

from ..capture.examples import InputShape
from ..capture.source import source_of
from ..convert.api import convert, inspect
from ..convert.data_argument import takes_data
from ..convert.preflight import Report
from ..errors import InputError, UnsupportedModelError
from ..graph.graphs import as_call
from ..network import SpikingNetwork
from ..provenance import provenance
from ..simulate.observers import observing
from .canonical import canonical_check, compare_canonical
from .convergence import QUARTER, at_step, slope_of
from .error import error_checks
from .exact import exact_check
from .inputs import Inputs, inputs_of
from .precision import limit_of, rounding_of
from .result import Verification
from .round_trip import round_trip_check
from .sites import (
    analog_operators,
    levels_check,
    refusal_check,
    report_of,
    site_verdicts,
    sites_check,
    unsupported_operations,
)
from .spikes import SpikeRanges, spikes_check
from .steps import Totals, steps_check, watched

# Where no method is named: neurons so fine and so free that what is left of the error is the conversion's own.
GENEROUS = {"method": "sdm-zero", "alpha": 1 / 15, "beta": 15, "threshold": "max", "per_channel": False}
HARMLESS = {"maxpool", "keep", "only"}  # options that leave neurons and thresholds as fine as that
AVERAGED = (
    "average pooling stands in place of max pooling, as asked: where it does, the canonical ANN is another function"
)
STORED = (
    "a converted network keeps its canonical ANN, not its source model: that the two are one function is not checked "
    "here; verify the source model for it"
)
log = logging.getLogger("snnconv")


@takes_data("data")
def verify(
    model: nn.Module | ExportedProgram | SpikingNetwork,
    data: Iterable[Any] | None = None,
    *,
    input_shape: InputShape | None = None,
    T: int = 32,
    samples: int = 4,
    within: float | None = None,
    seed: int = 0,
    name: str | None = None,
    **options: Any,
) -> Verification:
    """Check that a model converts faithfully. Changes nothing in it.

    1. sites: every activation site spikes, and nothing is unsupported. levels: where activations are quantised, spikes
       are the ANN's levels, or follow them.
    2. canonical: the graph that conversion starts from is the same function as the model:
       ‖f_can(x) − f(x)‖ / ‖f(x)‖ ≤ 1e-5 in float64.
    3. exact: with the ANN's own activations, not rounded to spikes, at every neuron, the spiking network gives what
       the canonical ANN gives, within 1e-5 in float64: no weight, quantum or operation is another.
    4. steps: what every neuron gets on average over the T steps is what the mean outputs before it give: nothing
       between neurons depends on how spikes are spread over time.
    5. range: thresholds cut off at most 0.1 % of the activations of any site; 60 % where a method is named or the
       network is converted already, for published thresholds cut activations on purpose.
    6. convergence: the error at least halves as the time grows fourfold. A network whose error has not by T is run for
       up to 4T steps.
    7. within: the error at T is at most four times what rounding every neuron's output to a T-th of its quantum costs
       (16 times where a method is named or the network is converted already: some methods cannot take back early
       spikes); or at most `within`, if given.
    8. spikes: whole numbers, within the neuron's range.
    9. round trip: saved and loaded again, the same plan and the same outputs bit for bit.

    Errors are relative L2 of the mean output. `within` and `snn_error` are against the ANN; the default bound and the
    convergence against the ANN with its activations kept within the neurons' range: no time takes that part away.

    Thresholds are set by the very inputs that are verified. Without a method they are the largest activations (rule
    "max") of sdm-zero with α = 1/15, β = 15, one threshold for each layer; quantised activations send their own levels.

    Args:
        model: a module, an exported program, or a converted network, which is verified with its own settings.
        data: batches, of which the first samples are taken; labels are not looked at. None: random inputs, Gaussian
            ones, or words of the vocabulary where the model takes integers.
        input_shape: as for `convert`.
        T: time steps, at least 4.
        samples: how many at most.
        within: the largest error at T, for example 0.02 for 2 %, in place of the default bound.
        seed: of random inputs.
        name: of the model in the result; its class where None.
        options: further ones of `convert`, for example method="auto" or keep="head".

    Raises:
        InputError: T < 4, samples < 1, an option out of range, options for a network that is converted already, data
            that cannot be used, or a model that gives only 0.
    """
    if T < QUARTER:
        raise InputError("too few time steps to see the error fall", expected=f"T ≥ {QUARTER}", got=f"T = {T}")
    if within is not None and not within > 0:
        raise InputError("within is out of range", expected="a fraction above 0, for example 0.02", got=str(within))
    if isinstance(model, SpikingNetwork):
        if options:
            raise InputError(f"the network is converted already: it takes no {', '.join(options)}")
        inputs = inputs_of(model.ann, data, input_shape, samples, seed)
        return checked(model, None, inputs, T, within, seed, name or type(model.ann).__name__, fine=False)
    model = source_of(model)
    inputs = inputs_of(model, data, input_shape, samples, seed)
    name = name or (type(model).__name__ if isinstance(model, nn.Module) else "program")
    chosen = settled_options(options)
    try:
        snn = convert(model, T, data=inputs, seed=seed, **chosen)
    except UnsupportedModelError as error:
        return refused(model, inputs, T, seed, name, chosen, error)
    fine = {option for option, value in options.items() if value is not None} <= HARMLESS
    return checked(snn, model, inputs, T, within, seed, name, fine)


def settled_options(options: dict[str, Any]) -> dict[str, Any]:
    """The options as given where they name a method, else the generous ones with those given in their place."""
    given = {name: value for name, value in options.items() if value is not None}
    if "method" in given:
        return given
    merged = {**GENEROUS, **given}
    return {"down_limit": merged["beta"], **merged}


def checked(
    snn: SpikingNetwork,
    source: nn.Module | ExportedProgram | None,
    inputs: Inputs,
    T: int,
    within: float | None,
    seed: int,
    name: str,
    fine: bool,
) -> Verification:
    """Every check of a converted network.

    Args:
        source: the model that it was made from, where that is at hand.
        fine: whether neurons and thresholds are verify's own.
    """
    report, notices = report_of(snn), [*inputs.notices]
    levels = levels_check(snn)
    checks = [sites_check(report, snn), *([] if levels is None else [levels])]
    canonical_error = precision = None
    rounding = rounding_of(snn.ann, inputs.leaves)
    if source is None:
        notices.append(STORED)
    else:
        canonical_error, precision, more = compare_canonical(source, snn.ann, inputs.leaves)
        notices += [*more, *([AVERAGED] if snn.plan.settings.get("maxpool") == "avg" else [])]
        checks.append(canonical_check(canonical_error, precision, rounding))
    checks.append(exact_check(snn, inputs.leaves, rounding))
    arguments = as_call(snn.network, inputs.leaves)
    ranges, totals = SpikeRanges(), Totals(watched(snn))
    with observing(totals.modules, [totals]):
        run = snn.run(arguments, T, [ranges], count=False)
    last = None if snn.warm_up else at_step(run.logits, T)
    checks.append(steps_check(snn, arguments, totals, last, rounding))
    with torch.no_grad():
        wanted = snn.ann(*arguments)
    found, errors = error_checks(
        snn, arguments, run, wanted, T, within=within, fine=fine, floor=limit_of("float32", rounding), seed=seed
    )
    checks += [*found, spikes_check(snn.sites, ranges.ranges), round_trip_check(snn, arguments)]
    sites = site_verdicts(report, snn, ranges.ranges)
    result = Verification(
        model=name,
        sites=sites,
        converted=len(snn.sites),
        total=len(sites),
        analog=analog_operators(report),
        unsupported=unsupported_operations(report),
        canonical_error=canonical_error,
        canonical_precision=precision,
        snn_error=errors,
        slope=slope_of(errors),
        checks=checks,
        T=T,
        samples=inputs.samples,
        data=inputs.name,
        notices=notices,
        settings=dict(snn.plan.settings),
        provenance=provenance(seed),
    )
    return told(result)


def refused(
    model: nn.Module | ExportedProgram,
    inputs: Inputs,
    T: int,
    seed: int,
    name: str,
    chosen: dict[str, Any],
    error: UnsupportedModelError,
) -> Verification:
    """The verification of a model that cannot be converted: the report of why, and nothing that would need a run."""
    try:
        report = inspect(model, data=inputs, maxpool=chosen.get("maxpool"))
    except UnsupportedModelError:  # torch.export does not take it: there is no graph to report on
        report = Report([])
    sites = site_verdicts(report, None, {})
    result = Verification(
        model=name,
        sites=sites,
        converted=0,
        total=len(sites),
        analog=analog_operators(report),
        unsupported=unsupported_operations(report),
        canonical_error=None,
        canonical_precision=None,
        snn_error={},
        slope=None,
        checks=[refusal_check(report, str(error))],
        T=T,
        samples=inputs.samples,
        data=inputs.name,
        notices=list(inputs.notices),
        provenance=provenance(seed),
    )
    return told(result)


def told(result: Verification) -> Verification:
    for notice in result.notices:
        log.warning(notice)
    return result
