"""What stands at every site: a neuron, its options and its threshold."""

from __future__ import annotations

from typing import Any

from torch import Tensor, fx

from ..calib import Rule, Statistics, fits_range, takes_gradients
from ..calib.calibrate import thresholds
from ..calib.histogram import ActivationHistogram
from ..calib.reach import most_spikes, widened
from ..calib.rules import SPAN
from ..calib.sensitivity import fair_quanta
from ..methods import Method
from ..neurons import NEURONS, Neuron
from ..plan import SitePlan
from .activations import Activation
from .composed import Composed
from .passes.sites import activation_sites, level_sites

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
    fair = fair_quanta(canonical, samples, spiking, seed) if takes_gradients(rule) and samples and spiking else None
    most = most_spikes(setting.neuron, setting.neuron_options())
    values = thresholds(canonical, spiking, rule, T=T, levels=levels, scale=neuron.scale, fair=fair, most=most)
    spans = {name: spiking[name].quantile(SPAN).cpu() for name in spiking} if fair else {}
    rows = {name: seen for name, seen in spiking.items() if isinstance(seen, ActivationHistogram) and seen.per_channel}
    layers = {name: seen.quantile_of_layer(SPAN).cpu() for name, seen in rows.items() if seen.maximum.numel()}
    for name, value in values.items():
        neuron, options = standing_at(canonical, name, setting)
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


def standing_at(canonical: fx.GraphModule, name: str, setting: Method) -> tuple[str, dict[str, Any]]:
    """The neuron at a site and its options: the method's own where it stands for a ReLU or a clip, elsewhere one that
    tracks the function with the same quantum, as many spikes a step and the same code."""
    if canonical.get_submodule(name).tracked:
        return "tracking", setting.tracking_options()
    return setting.neuron, setting.neuron_options()
