"""Whether the spiking network is the ANN but for the rounding of its spikes: exact, whatever the method."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from ..network import SpikingNetwork
from ..neurons import Neuron
from .distance import error_or_inf, relative_error
from .means import Means, corrected_ann, function_of, unrounded
from .precision import compared, limit_of, outputs_of, type_of
from .result import Check

TELLING, ENOUGH = 100, 0.5  # times what rounding may be, up to half of the output: less says nothing about the neurons
NOTHING = (
    "the neurons make {:.2g} of the outputs, too little to tell whether they are right: leave out outputs that none "
    "reaches, and large constants"
)


def exact_check(snn: SpikingNetwork, leaves: tuple[Tensor, ...], rounding: float) -> Check:
    """With the ANN's own activation, not rounded to spikes, at every neuron, the network gives what the ANN gives.

    Time, thresholds and the range of the neurons do not matter to that: what differs is a weight, a quantum or an
    operation that the conversion got wrong.

    Args:
        rounding: relative error of the network's own precision.
    """
    networks = (unrounded(snn), corrected_ann(snn))
    (found, wanted), precision, _ = compared(
        lambda dtype: [outputs_of(network, leaves, dtype, snn.ann) for network in networks], type_of(snn.network)
    )
    error, limit = relative_error(found, wanted), limit_of(precision, rounding)
    expected = f"with spikes not rounded, the network within {limit:g} of the canonical ANN, relative L2, {precision}"
    share = share_of_spikes(snn, leaves, found) if error <= limit else 0.0
    if 0 < share < min(TELLING * limit, ENOUGH):  # where no neuron reaches the outputs, none can make them wrong
        return Check("exact", False, expected, NOTHING.format(share))
    held = error <= limit
    return Check("exact", held, expected, f"{error:.2g}" + ("" if held else first_wrong(snn, leaves, limit)))


def share_of_spikes(snn: SpikingNetwork, leaves: tuple[Tensor, ...], found: Any) -> float:
    """How much of the output comes of the neurons: its relative distance from what it is when all are silent."""

    def silent(site: str, module: nn.Module, x: Tensor) -> Tensor:
        return torch.zeros_like(x) if isinstance(module, Neuron) else function_of(module)(x)

    means = Means(snn.network, silent)
    (without,), _, _ = compared(lambda dtype: [outputs_of(means, leaves, dtype, snn.ann)], type_of(snn.network))
    share = error_or_inf(without, found)
    return share if share == share else math.inf  # a norm of nothing gives NaN


def first_wrong(snn: SpikingNetwork, leaves: tuple[Tensor, ...], limit: float) -> str:
    """Where the two begin to differ: the first site whose input does, or the output where none does."""
    found, wanted = (inputs_of(means, leaves, snn) for means in (unrounded(snn), corrected_ann(snn)))
    for site in snn.plan.sites:
        if site in found and site in wanted and isinstance(neuron := snn.network.get_submodule(site), Neuron):
            error = distance(found[site], wanted[site], neuron)
            if not error <= limit:
                return f", from the input of {site} on ({100 * error:.3g} %)"
    return ", behind the last neuron"


def inputs_of(means: Means, leaves: tuple[Tensor, ...], snn: SpikingNetwork) -> dict[str, Tensor]:
    """{site: its mean input, without the currents of corrections}, in the network's own types."""
    inner, seen = means.at, dict[str, Tensor]()

    def at(site: str, module: nn.Module, x: Tensor) -> Tensor:
        seen[site] = x
        return inner(site, module, x)

    means.at = at
    outputs_of(means, leaves, None, snn.ann)
    return seen


def distance(found: Tensor, wanted: Tensor, neuron: Neuron) -> float:
    """‖x − x′‖₂ / ‖x′‖₂ of a neuron's inputs; where x′ is next to nothing, in terms of a tenth of a quantum."""
    theta = neuron.per_unit(wanted).to(wanted.dtype).expand_as(wanted)
    size = torch.maximum(wanted.double().norm(), 0.1 * theta.double().norm())
    return float((found.double() - wanted.double()).norm() / size)
