"""Networks with other spike quanta: every site's θ times a factor, and the most spikes of a step fitted to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..calib.sensitivity import whole_steps
from ..convert.build import with_sites
from ..network import SpikingNetwork
from ..neurons import NEURONS, Neuron
from ..plan import SitePlan

Options = dict[str, Any]


def burst(options: Options, most: int) -> Options:
    """β = most, α = 1/β: λ is what one step of all spikes represents."""
    down = most if options["down_limit"] == options["beta"] else min(options["down_limit"], most)
    return {**options, "alpha": 1 / most, "beta": most, "down_limit": down}


def digits(options: Options, most: int) -> Options:
    """As many binary digits as `most` has."""
    return {**options, "bits": max(1, math.ceil(math.log2(most + 1)))}


# neuron → its options for the most quanta that a step has to represent; other neurons keep theirs
FITTED: dict[str, Callable[[Options, int], Options]] = {"sd": burst, "binary": digits}


def resized(snn: SpikingNetwork, factors: Mapping[str, float]) -> SpikingNetwork:
    """The network with θ of each site in `factors` times its factor, and at least what one step has to represent.

        θ' = max(factor·θ, a/β),  β' = ⌈a/θ'⌉ ≤ β

    a is the activation that the site reaches (its span, or λ) and β the most spikes of a step as it is planned in `snn`
    (2ⁿ − 1 for n binary digits): a finer θ would saturate. β' is fitted per site, over its channels. Where the ANN
    clips, the ceiling stays a whole number of θ'.
    """
    return with_sites(snn, {name: resized_site(snn, name, factor) for name, factor in factors.items()})


def resized_site(snn: SpikingNetwork, name: str, factor: float) -> SitePlan:
    site = snn.plan.sites[name]
    assert site.neuron is not None
    assert site.threshold is not None
    neuron = NEURONS[site.neuron](site.threshold, **site.options)
    most, highest = int(neuron.reach(1)), reached(site, neuron)
    quantum = torch.maximum(neuron.theta * factor, highest / most)
    ceiling = getattr(snn.ann.get_submodule(name), "ceiling", None)
    if ceiling is not None:
        quantum = whole_steps(quantum, ceiling, highest / most)
    fitted = FITTED.get(site.neuron, lambda options, _: options)
    options = fitted(dict(site.options), least(highest, quantum, most))
    return replace(site, options=options, threshold=quantum / scale_of(site.neuron, options))


def reached(site: SitePlan, neuron: Neuron) -> Tensor:
    """The largest activation that one step has to represent, shaped as θ: its span, else what all spikes stand for."""
    if site.span is None:
        return neuron.theta * neuron.reach(1)
    return site.span.view_as(neuron.theta) if neuron.theta.dim() else site.span.max()


def least(reached: Tensor, quantum: Tensor, most: int) -> int:
    """β': the quanta that the channel which needs most of them reaches."""
    needed = (reached / quantum - 1e-4).ceil().max()  # 1e-4: a division that should give a whole number
    return max(1, min(most, int(needed)))


def scale_of(neuron: str, options: Options) -> float:
    """θ/λ."""
    made: Neuron = NEURONS[neuron](1.0, **options)
    return made.scale
