"""What stands at every site: a neuron, its options and its threshold."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, fx

from ..calib import Rule, Statistics, fits_range, takes_gradients
from ..calib.calibrate import thresholds
from ..calib.histogram import ActivationHistogram
from ..calib.output_sensitivity import equal_harm_thresholds
from ..calib.reach import most_spikes, widened
from ..calib.rules import SPAN
from ..graph.activations import Activation
from ..graph.composed import Composed
from ..graph.sites import activation_sites, clip_sites, level_sites
from ..methods import Method
from ..neurons import NEURONS, Neuron
from ..neurons.temporal import FOR_EVER, SAME
from ..plan import SitePlan
from .verdicts import Standing

ROUNDING = 0.5  # v(0)/θ of neurons that round to nearest


def plan_sites(
    canonical: fx.GraphModule,
    histograms: dict[str, Statistics],
    analog: set[str],
    setting: Method,
    rule: Rule,
    T: int,
    samples: list[tuple[Tensor, ...]],
    seed: int,
) -> dict[str, SitePlan]:
    """A neuron with its threshold for every site that spikes."""
    chosen = {name: histogram for name, histogram in histograms.items() if name not in analog}
    sent = level_sites(canonical) if setting.sends_levels else set()
    planned = {name: sending(canonical, name, seen, setting) for name, seen in chosen.items() if name in sent}
    spiking = {name: histogram for name, histogram in chosen.items() if name not in planned}
    neuron = NEURONS[setting.neuron](1.0, **setting.neuron_options())
    levels = getattr(neuron, "beta", 1)
    equal_harm = (
        equal_harm_thresholds(canonical, samples, spiking, seed)
        if takes_gradients(rule) and samples and spiking
        else None
    )
    most = most_spikes(setting.neuron, setting.neuron_options())
    values = thresholds(
        canonical, spiking, rule, T=T, levels=levels, scale=neuron.scale, equal_harm=equal_harm, most=most
    )
    spans = {name: spiking[name].quantile(SPAN).cpu() for name in spiking} if equal_harm else {}
    rows = {name: seen for name, seen in spiking.items() if isinstance(seen, ActivationHistogram) and seen.per_channel}
    layers = {name: seen.quantile_of_layer(SPAN).cpu() for name, seen in rows.items() if seen.maximum.numel()}
    for name, value in values.items():
        neuron, options = standing_at(canonical, name, setting, value)
        start = start_at(canonical, name, NEURONS[neuron](value.cpu(), **options))
        spanned = {"span": spans.get(name), "layer_span": layers.get(name)}
        planned[name] = SitePlan(name, neuron, options, value.cpu(), potential=start, **spanned)
    if fits_range(rule):
        digital = "bits" in setting.options
        planned |= {name: widened(planned[name], seen.maximum, digital=digital) for name, seen in spiking.items()}
    return {name: planned.get(name, SitePlan(name, None)) for name in activation_sites(canonical)}


def sending(canonical: fx.GraphModule, name: str, seen: Statistics, setting: Method) -> SitePlan:
    """A neuron that sends the ANN's own levels: a quantum is one level, and one step carries all of them, or where
    they have no end as many as calibration saw."""
    activation = canonical.get_submodule(name)
    assert isinstance(activation, Composed)
    assert activation.levels is not None
    step = activation.levels.step.float()
    most = activation.levels.largest or max(1, round(float(seen.maximum.max() / step.min())))
    options = {**setting.tracking_options(), "alpha": 1 / most, "beta": most}
    several = step.numel() > 1
    return SitePlan(name, "tracking", options, step.view(activation.shape) * most if several else step[0] * most)


def start_at(canonical: fx.GraphModule, name: str, neuron: Neuron) -> Tensor | None:
    """v(0) where the ANN rounds otherwise than to nearest, of neurons that do: offset · θ; else None, the neuron's own.

    ⌊x/θ + o⌋ spikes are what starts at o·θ. Neurons that do not start at θ/2 round down as published.
    """
    activation = canonical.get_submodule(name)
    assert isinstance(activation, Activation)
    if not neuron.integrates or activation.levels is None or neuron.v0 != ROUNDING:
        return None
    offset = activation.levels.offset
    return None if offset == ROUNDING else offset * neuron.theta.clone()


def silenced(setting: Method) -> list[str]:
    """A notice of neurons that stop to listen: the error then ends where it is."""
    horizon = NEURONS[setting.neuron](1.0, **setting.neuron_options()).horizon
    if horizon is None:
        return []
    return [
        f"neurons that {setting.name} silences after {horizon} steps stay silent, as published: an error may stay, "
        "however long the network runs; tau=0 silences none"
    ]


def standing_in(canonical: fx.GraphModule, setting: Method) -> dict[str, Standing]:
    """Where something else will stand than the method's own neuron: at sites of the ReLU family, and of levels."""
    sent = level_sites(canonical) if setting.sends_levels else set()
    overshoots = NEURONS[setting.neuron](1.0, **setting.neuron_options()).overshoots
    sites = {name: canonical.get_submodule(name) for name in clip_sites(canonical)}
    others = [name for name, site in sites.items() if isinstance(site, Activation) and not is_plain_relu(site)]
    tracked: dict[str, Standing] = {name: "tracking" for name in others if overshoots}
    return {**tracked, **dict.fromkeys(sent, "levels")}


def standing_at(canonical: fx.GraphModule, name: str, setting: Method, threshold: Tensor) -> tuple[str, dict[str, Any]]:
    """The neuron at a site and its options: the method's own where it stands for a ReLU or a clip, elsewhere one that
    tracks the function with the same quantum, as many spikes a step and the same code.

    A clip is tracked, too, where the method's own neuron can send beyond its end: it would do so for ever. The tracking
    neuron then takes as large spikes as reach that end, no larger than the other could add up to. Such neurons are
    published for ReLUs alone, so that levels are tracked as well.
    """
    activation = canonical.get_submodule(name)
    assert isinstance(activation, Activation)
    if activation.tracked:
        return "tracking", setting.tracking_options()
    own = NEURONS[setting.neuron](threshold.cpu(), **setting.neuron_options())
    if is_plain_relu(activation) or not own.overshoots:
        return setting.neuron, setting.neuron_options()
    options = setting.tracking_options()
    if activation.ceiling is not None:
        wanted = torch.as_tensor(activation.ceiling).max().cpu() / own.theta.min() * (1 - SAME)
        options["beta"] = max(options["beta"], min(math.ceil(float(wanted)), int(own.reach(FOR_EVER))))
    return "tracking", options


def is_plain_relu(activation: Activation) -> bool:
    return not activation.tracked and activation.ceiling is None and activation.levels is None
