"""How far a spiking network may be from its ANN at T: what its thresholds cut off, and what rounding to spikes costs.

Neither is a constant. Rounding every neuron's mean output to a T-th of its quantum changes the output by so much or so
little, depending on the network: deep ones of SiLU amplify it, and where the output is a small difference of large
values it is a large part of it. It is therefore measured, by adding such noise at every neuron. The error of a
right conversion is about that: 0.6 to 2.3 times as much at T = 32 with the fine settings of `verify` (50 random
networks of tests/random_graphs), up to 9 times with published methods that cannot take back early spikes (snm, 25
random networks).

What thresholds cut off is nothing where they are the largest activations on the same inputs. Published rules cut up to
12 % of a site's activations, relative L2, on small random networks; rules that choose λ for few time steps up to 34 %
for T = 4 and 51 % for T = 2.
"""

from __future__ import annotations

import math
import statistics
from typing import Any

import torch
from torch import Tensor, nn

from ..network import SpikingNetwork
from ..neurons import Neuron
from .convergence import percent
from .distance import error_or_inf, relative_error
from .means import Means, activations_of, ideal, in_quanta, with_offset
from .result import Check

DRAWS = 3
FINE, PUBLISHED = 4.0, 16.0  # times the error of rounding is allowed, with verify's own settings and with others
CUT, PUBLISHED_CUT = 1e-3, 0.6  # of a site's activations may lie beyond its neurons' range


def tended_to(snn: SpikingNetwork, arguments: tuple[Any, ...], T: int) -> tuple[Any, dict[str, float]]:
    """What the spiking network tends to, its neurons kept within their range.

    Returns:
        The output, and {site: the relative L2 error of its activations that comes of the range}.
    """
    cut: dict[str, float] = {}
    means = ideal(snn, T)
    inner, functions = means.at, activations_of(snn)

    def at(site: str, module: nn.Module, x: Tensor) -> Tensor:
        spikes = inner(site, module, x)
        if isinstance(module, Neuron):
            wanted = in_quanta(module, functions[site](with_offset(x, module.offset))).double()
            size = float(wanted.norm())
            cut[site] = float((spikes.double() - wanted).norm()) / size if size else 0.0
        return spikes

    means.at = at
    return outputs(means, arguments), cut


def range_check(cut: dict[str, float], tends: Any, wanted: Any, fine: bool) -> Check:
    """What lies beyond the neurons' range is next to nothing, or within what published rules cut off.

    Args:
        cut, tends: as `tended_to` gives them. wanted: the output of the ANN.
        fine: thresholds are the largest activations on these very inputs.
    """
    allowed = CUT if fine else PUBLISHED_CUT
    site = max(cut, key=lambda name: cut[name], default="")
    worst = cut.get(site, 0.0)
    where = f" at {site}, which changes the output by {percent(relative_error(tends, wanted))}" if worst > CUT else ""
    expected = f"thresholds that cut off at most {percent(allowed)} of the activations of any site, relative L2"
    return Check("range", worst <= allowed, expected, f"at most {percent(worst)} is cut off{where}")


def rounding_error(snn: SpikingNetwork, arguments: tuple[Any, ...], tends: Any, T: int, seed: int) -> float:
    """What rounding to a T-th of a quantum costs at every neuron; the median of a few draws, at most 1."""
    generator = torch.Generator().manual_seed(seed)
    means = ideal(snn, T, noise=generator)
    drawn = [error_or_inf(outputs(means, arguments), tends) for _ in range(DRAWS)]
    return min(1.0, statistics.median(error if error == error else math.inf for error in drawn))


def outputs(means: Means, arguments: tuple[Any, ...]) -> Any:
    with torch.no_grad():
        return means(*arguments)


def default_check(error: float, rounding: float, T: int, fine: bool, floor: float) -> Check:
    """The error at T is what rounding can explain."""
    times = FINE if fine else PUBLISHED
    bound = max(floor, times * rounding)
    expected = f"an error of at most {percent(bound)} at T = {T}: {times:g} times what rounding to spikes costs"
    return Check("within", error <= bound, expected, percent(error))


def within_check(error: float, within: float, T: int) -> Check:
    return Check("within", error <= within, f"an error of at most {percent(within)} at T = {T}", percent(error))
