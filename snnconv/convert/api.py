"""`convert`: the list of passes from a trained network to a spiking one."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, overload

from torch import fx, nn
from torch.export import ExportedProgram

from ..calib import parse_rule
from ..calib.checkpoint import Checkpoint
from ..calib.reach import cut_off
from ..capture.examples import InputShape, examples_of
from ..capture.source import source_of
from ..errors import InputError
from ..fingerprint import about_data, fingerprint
from ..graph.graphs import as_call
from ..graph.sites import activation_sites
from ..methods import METHODS, Method
from ..methods.parse import chosen
from ..network import SpikingNetwork
from ..neurons import NEURONS
from ..neurons.kernels.dispatch import has
from ..placement import placement_of
from ..plan import Plan
from ..provenance import provenance
from .batch_independence import refuse_batch_mixing
from .build import build, quantised
from .calibration import needs_calibration, statistics
from .canonical import MAXPOOLS, MaxPool
from .corrections import corrected
from .data_argument import takes_data
from .opening import opened
from .parts import convert_parts
from .planning import plan_sites, silenced, standing_in
from .preflight import Report, preflight

PER_NEURON = "{} has a threshold for every neuron"
LEARNED = "learned"  # in place of the calibration data, where all thresholds were trained
NO_ACTIVATION = (
    "put an activation of single values between the layers, as a ReLU: without one they are a linear map, and squares, "
    "gates (GLU) and maxima of several values are not neurons; a network that spikes already is measured as it is "
    "(snnconv anytime, energy, robustness, report FOLDER)"
)
log = logging.getLogger("snnconv")


@overload
def convert(
    model: nn.Module, T: int = 4, *, part: str | Sequence[str], data: Iterable[Any], **options: Any
) -> nn.Module: ...
@overload
def convert(
    model: nn.Module | ExportedProgram,
    T: int = 4,
    *,
    part: None = None,
    data: Iterable[Any] | None = None,
    input_shape: InputShape | None = None,
    method: str | Method = "auto",
    maxpool: MaxPool | None = None,
    keep: str | None = None,
    only: str | None = None,
    seed: int = 0,
    checkpoint: str | PathLike[str] | None = None,
    **options: Any,
) -> SpikingNetwork: ...
@takes_data("data")
def convert(
    model: nn.Module | ExportedProgram,
    T: int = 4,
    *,
    part: str | Sequence[str] | None = None,
    data: Iterable[Any] | None = None,
    input_shape: InputShape | None = None,
    method: str | Method = "auto",
    maxpool: MaxPool | None = None,
    keep: str | None = None,
    only: str | None = None,
    seed: int = 0,
    checkpoint: str | PathLike[str] | None = None,
    **options: Any,
) -> SpikingNetwork | nn.Module:
    """Turn a trained network, or a part of a model, into a spiking network.

    Every activation clip(x, 0, λ) becomes a neuron of threshold θ = αλ whose spikes s(t) are whole numbers; the mean
    over time of θ·s(t) approximates the activation, with an error of at most θ/2T inside the neuron's range. Any other
    elementwise activation becomes a neuron that tracks it by signed spikes. Normalisations, softmax and products of
    values that vary stay analog, on running means: `inspect` lists them.

    Args:
        model: a module that torch.export can take, or an exported program. It is not changed.
        part: names of submodules, such as "backbone": these alone are converted, each from what the model hands it on
            the data, which are then batches of the model (`convert.parts`); all else stays as it is, Python and all.
        T: time steps the result runs by default; ≥ 1. What some methods set up depends on it (`METHODS[…].at_T`).
        data: calibration batches: tensors, (x, y), tuples of tensors, or dicts. Without it, synthetic inputs.
        input_shape: shape of one input sample, such as (3, 224, 224); a list of shapes where the network takes several
            inputs; inferred where neither data nor model tells it.
        method: a registry name, such as "auto" or "sdm" (as published), which `snnconv methods` lists; one with options
            of its own, "sdm:alpha=0.2,beta=5", or as commands print it, "sdm α=0.2 β=5"; or a `Method`.
        maxpool: "exact" (on running sums), "avg" (average pooling in its place) or "lipool" (lateral inhibition).
        keep: regular expression of sites that stay analog. only: the sites that spike, all others stay analog.
        seed: of synthetic calibration data.
        checkpoint: file in which a calibration on a large set keeps what it has seen; the same call goes on from there.
        options: what replaces the method's own, each a row of `snnconv.methods.OPTIONS`: alpha, beta, gate, retract,
            down_limit, bits, tau, rho, delay and cost, where its neuron has them; and, of every method,
            threshold: rule for λ: "percentile:99.9", "max", "mse", "learned", or a callable `Site -> Tensor` (with an
            attribute `at_T` that is true where its λ depends on T); where the model has trained clips (`snnconv.clip`),
            methods take the λ learned there unless a rule is given.
            corrections: what is corrected under the actual spikes once thresholds are set, in order, in place of the
            method's own: "shift", "bias", "bias-per-step", "potential", "weights"; () for none. They depend on T.
            per_channel: one λ per channel rather than per layer.
            weight_bits: 8 or 16: every weight, threshold, potential and current a whole number (`quantised`).

    Returns:
        A SpikingNetwork, on the device of the model; with `part`, a copy of the model with `SpikingPart` modules in it.

    Raises:
        InputError: an option out of range, data that cannot be used.
        UnsupportedModelError: operations that have no spiking form, all of them at once.

    Source: You et al., IEEE TCDS 2024 (SDM).
    """
    if part is not None:
        if input_shape is not None or checkpoint is not None:
            given = "input_shape" if input_shape is not None else "checkpoint"
            raise InputError("parts see what the model hands them", got=f"{given}=", remedy=f"leave {given} out")
        own = {"method": method, "maxpool": maxpool, "keep": keep, "only": only, "seed": seed, **options}
        return in_parts(model, [part] if isinstance(part, str) else list(part), T, data, own)
    setting = chosen(method, options)
    maxpool = maxpool or setting.maxpool
    check_options(setting, T, maxpool)
    rule = parse_rule(setting.threshold)
    model = source_of(model)

    examples = examples_of(model, data, input_shape)
    fixed = PER_NEURON.format(setting.name) if setting.granularity == "neuron" else ""
    raised, canonical, sizes = opened(
        model, examples, maxpool, judge=lambda network: preflight_of(network, (), setting), fixed=fixed
    )
    examples.notices.extend(raised.meta["notices"])
    analog = analog_sites(canonical, keep, only)
    report = preflight_of(canonical, analog, setting)
    report.require_supported()
    refuse_batch_mixing(canonical, as_call(canonical, examples.leaves))
    calibrated = needs_calibration(canonical, analog, setting)
    keeper = None if checkpoint is None else checkpoint_for(checkpoint, canonical, data, setting)
    histograms, kept, notices = statistics(canonical, raised, examples, analog, setting, rule, seed, keeper)
    sites = plan_sites(canonical, histograms, analog, setting, rule, T, kept, seed)
    of_floats = replace(setting, weight_bits=None)  # weights are rounded when everything else is found
    plan = Plan(
        T=T,
        sites=sites,
        input_shapes=examples.shapes,
        settings={
            **settings_of(of_floats, T, maxpool, keep, only, examples.name if calibrated else LEARNED),
            "input_reach": [float(leaf.abs().max()) for leaf in examples.leaves if leaf.is_floating_point()],
        },
        normalization=examples.normalization,
        notices=[
            *([setting.instead] if setting.instead else []),
            *notices,
            *report.notices,
            *cut_off(sites, histograms, T),
            *silenced(setting),
        ],
        provenance=provenance(seed),
        sizes=sizes,
    )
    snn = corrected(build(canonical, plan), setting.corrections, kept, T)
    if setting.weight_bits:
        snn = quantised(snn, setting.weight_bits)
    for notice in [*snn.plan.notices, *slow_neurons(snn)]:
        log.warning(notice)
    return snn


def in_parts(
    model: nn.Module | ExportedProgram, names: list[str], T: int, data: Iterable[Any] | None, options: dict[str, Any]
) -> nn.Module:
    """`convert(…, part=)`."""
    if not isinstance(model, nn.Module) or data is None or not names:
        got = "no data" if data is None else type(model).__name__
        raise InputError("parts are converted of a module, from what runs through it", expected="a torch.nn.Module and "
                         "data=, batches that it takes", got=got)  # fmt: skip
    return convert_parts(model, names, data, lambda part, calls: convert(part, T, data=calls, **options))


def slow_neurons(snn: SpikingNetwork) -> list[str]:
    """What is lost on this machine: a notice of it, not of the network."""
    if placement_of(snn.network).device.type != "cpu" or has("numba"):
        return []
    return ["numba is not installed: every time step is several passes over memory (pip install 'snnconv[fast]')"]


def checkpoint_for(
    path: str | PathLike[str], canonical: fx.GraphModule, data: Iterable[Any] | None, setting: Method
) -> Checkpoint:
    about = {"data": about_data(data), "granularity": setting.granularity, "model": fingerprint(canonical)}
    return Checkpoint(path, about)


@takes_data("data")
def inspect(
    model: nn.Module | ExportedProgram,
    *,
    data: Iterable[Any] | None = None,
    input_shape: InputShape | None = None,
    maxpool: MaxPool | None = None,
) -> Report:
    """The pre-flight report of a model: what becomes of every site, and what cannot be converted. Changes nothing."""
    maxpool = maxpool or "exact"
    check_maxpool(maxpool)
    model = source_of(model)
    examples = examples_of(model, data, input_shape)
    auto = METHODS["auto"]
    found = opened(model, examples, maxpool, lambda network: preflight_of(network, (), auto))
    return replace(preflight_of(found.canonical, (), auto), sizes=found.sizes)


def preflight_of(canonical: fx.GraphModule, analog: Iterable[str], setting: Method) -> Report:
    norms = canonical.meta.get("folded_norms", ())
    return preflight(canonical, set(analog), norms, standing_in(canonical, setting), setting.name)


def check_options(setting: Method, T: int, maxpool: str) -> None:
    """Everything that can be wrong without looking at the model."""
    if T < 1 or int(T) != T:
        raise InputError("T is out of range", expected="a whole number of time steps, at least 1", got=repr(T))
    check_maxpool(maxpool)
    NEURONS[setting.neuron](1.0, **setting.neuron_options())  # the neuron checks its own options


def check_maxpool(maxpool: str) -> None:
    if maxpool not in MAXPOOLS:
        raise InputError("maxpool is out of range", expected=", ".join(map(repr, MAXPOOLS)), got=repr(maxpool))


def analog_sites(canonical: fx.GraphModule, keep: str | None, only: str | None) -> set[str]:
    """The sites that `keep` and `only` leave analog.

    Raises:
        InputError: no activation at all, none left to spike, or an expression that matches nothing or is none.
    """
    names = list(activation_sites(canonical))
    for option, pattern in (("keep", keep), ("only", only)):
        try:
            if pattern is not None and not any(re.search(pattern, name) for name in names):
                shown = ", ".join(names[:8])
                raise InputError(f"{option} matches no activation site", expected=f"one of {shown} …", got=pattern)
        except re.error as error:
            raise InputError(f"{option} is not a regular expression: {error}", got=str(pattern)) from error
    analog = {
        name
        for name in names
        if (keep is not None and re.search(keep, name)) or (only is not None and not re.search(only, name))
    }
    if not set(names) - analog:
        raise InputError(
            "there is nothing to convert",
            expected="at least one activation that is to spike: a ReLU, a clip, or another elementwise one",
            got=f"{len(names)} activation sites, {len(analog)} of them kept analog",
            remedy=None if names else NO_ACTIVATION,
        )
    return analog


def settings_of(
    setting: Method, T: int, maxpool: str, keep: str | None, only: str | None, calibration: str | None
) -> dict[str, Any]:
    """The resolved settings, for the record."""
    rule = setting.threshold if isinstance(setting.threshold, str) else getattr(setting.threshold, "__name__", "custom")
    return {
        "method": setting.name,
        "neuron": setting.neuron,
        **setting.options,
        **setting.neuron_options(),
        "threshold": rule,
        "granularity": setting.granularity,
        "maxpool": maxpool,
        "keep": keep,
        "only": only,
        "calibration": calibration,
        **({"warm_up": setting.warm_up_steps} if setting.warm_up else {}),
        **({"weight_bits": setting.weight_bits} if setting.weight_bits else {}),
        **({"at_T": T} if setting.at_T and calibration != LEARNED else {}),
    }
