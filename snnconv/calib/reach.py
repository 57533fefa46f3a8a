"""How far the neurons of a site reach: digits for the largest activation of the calibration, and what is cut off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..neurons import NEURONS
from ..neurons.binary import MOST_BITS
from ..plan import SitePlan
from .histogram import ActivationHistogram
from .statistics import Statistics

LARGE = 0.01  # of what a site's activations add up to: more than that is told
SHOWN = 3  # sites
SAME = 1e-6  # of λ, by which float32 may miss


def most_spikes(neuron: str, options: Mapping[str, Any]) -> int:
    """The most spikes that `widened` can give a step: a digit costs only where it is used, a unit spike always."""
    grown = {**options, "bits": MOST_BITS} if "bits" in options else options
    return int(NEURONS[neuron](1.0, **grown).reach(1))


def widened(site: SitePlan, maximum: Tensor, *, digital: bool) -> SitePlan:
    """The site with as many digits as its largest activation needs, and no fewer than it had; θ stays.

    Args:
        maximum: largest activation of each row or neuron, as many as thresholds or one.
        digital: whether the method's own neuron has digits; a tracking neuron then takes as large spikes.
    """
    assert site.neuron is not None
    assert site.threshold is not None
    neuron = NEURONS[site.neuron](site.threshold, **site.options)
    needed = float((maximum.flatten().to(neuron.theta) / neuron.theta.flatten()).nan_to_num(0.0).max())
    options, most = dict(site.options), neuron.reach(1)
    if not digital or needed <= most * (1 + SAME):
        return site
    if "bits" not in options:  # a tracking neuron
        return SitePlan(**{**vars(site), "options": {**options, "beta": int(-(-needed * (1 - SAME) // 1))}})
    while needed > NEURONS[site.neuron](1.0, **options).reach(1) * (1 + SAME) and options["bits"] < MOST_BITS:
        options["bits"] += 1
    grown = NEURONS[site.neuron](1.0, **options)
    if options.get("down_limit") == most:  # as many down as up
        options["down_limit"] = int(grown.reach(1))
    return SitePlan(**{**vars(site), "options": options, "threshold": (neuron.theta / grown.scale).cpu()})


def cut_off(sites: Mapping[str, SitePlan], seen: Mapping[str, Statistics], T: int) -> list[str]:
    """A notice of the sites that lose much to a range that ends below their largest activation, the worst first."""
    lost: list[tuple[float, str]] = []
    for name, site in sites.items():
        if site.neuron is None or site.threshold is None or name not in seen or not seen[name].maximum.numel():
            continue
        neuron, values = NEURONS[site.neuron](site.threshold, **site.options), seen[name]
        reach = neuron.theta.flatten().cpu() * neuron.reach(T)
        if reach.numel() > values.maximum.numel():
            reach = reach.max().view(1)  # which of the layer's activations belong to which λ is not known
        share = share_above(values, reach)
        if share > LARGE:
            largest, reach = torch.broadcast_tensors(values.maximum.flatten().cpu(), reach)  # one may be of the layer
            worst = int((largest / reach).argmax())
            highest, cut = float(largest[worst]), float(reach[worst])
            lost.append((share, f"{name} ({share:.0%}: {cut:.3g} of {highest:.3g})"))
    if not lost:
        return []
    shown = ", ".join(text for _, text in sorted(lost, reverse=True)[:SHOWN]) + (", …" if len(lost) > SHOWN else "")
    return [
        f"thresholds cut the range of {len(lost)} of {len(sites)} sites: {shown} (share of the sum of activations that "
        "is lost: the most that is sent of the largest seen); no number of steps makes up for it, threshold='max' does"
    ]


def share_above(values: Statistics, reach: Tensor) -> float:
    """Σ (x − r)⁺ / Σ x over all activations of a site; of the maxima where only these are known."""
    if isinstance(values, ActivationHistogram):
        x, weight = values.centres.cpu(), values.counts.cpu()
    else:
        x, weight = values.maximum.flatten()[:, None].double().cpu(), torch.ones(1, 1)
    above = (x - reach.double().view(-1, 1)).clamp(min=0)
    return float((weight * above).sum() / (weight * x).sum().clamp(min=1e-30))
