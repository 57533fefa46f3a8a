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
from ..neurons import NEURONS
from ..plan import SitePlan
from .elementwise import Elementwise
from .passes.sites import activation_sites


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
    spiking = {name: histogram for name, histogram in histograms.items() if name not in analog}
    neuron = NEURONS[setting.neuron](1.0, **setting.neuron_options())
    levels = getattr(neuron, "beta", 1)
    fair = fair_quanta(canonical, samples, spiking, seed) if takes_gradients(rule) and samples else None
    most = most_spikes(setting.neuron, setting.neuron_options())
    values = thresholds(canonical, spiking, rule, T=T, levels=levels, scale=neuron.scale, fair=fair, most=most)
    spans = {name: spiking[name].quantile(SPAN).cpu() for name in spiking} if fair else {}
    rows = {name: seen for name, seen in spiking.items() if isinstance(seen, ActivationHistogram) and seen.per_channel}
    layers = {name: seen.quantile_of_layer(SPAN).cpu() for name, seen in rows.items() if seen.maximum.numel()}
    sites = {
        name: SitePlan(
            name,
            *standing_at(canonical, name, setting),
            values[name].cpu(),
            span=spans.get(name),
            layer_span=layers.get(name),
        )
        if name in values
        else SitePlan(name, None)
        for name in activation_sites(canonical)
    }
    if fits_range(rule):
        digital = "bits" in setting.options
        sites |= {name: widened(sites[name], seen.maximum, digital=digital) for name, seen in spiking.items()}
    return sites


def standing_at(canonical: fx.GraphModule, name: str, setting: Method) -> tuple[str, dict[str, Any]]:
    """The neuron at a site and its options: the method's own where it stands for a ReLU or a clip, elsewhere one that
    tracks the function with the same quantum, as many spikes a step and the same code."""
    if isinstance(canonical.get_submodule(name), Elementwise):
        return "tracking", setting.tracking_options()
    return setting.neuron, setting.neuron_options()
