"""Whether the mean over time goes through the network: what a neuron gets on average is what those before it gave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..network import SpikingNetwork
from ..neurons import LateralInhibition, Neuron, Sent, Temporal
from .distance import error_or_inf
from .exact import distance
from .means import Means, function_of, with_offset
from .precision import limit_of
from .result import Check


@dataclass
class Sums:
    """Of one site, over the steps so far: what it integrated, and what its spikes stand for."""

    drive: Tensor
    sent: Tensor
    standing_for: Callable[[Tensor], Tensor]


class Totals:
    """An observer that sums up what every site gets and gives; some 8 bytes per neuron and sample.

    Attributes:
        sums: {site: its sums}. steps: how many there were.
    """

    def __init__(self, modules: dict[str, Temporal]) -> None:
        self.modules, self.sums, self.steps = modules, dict[str, Sums](), 0

    def __call__(self, site: str, start: int, current: Tensor, spikes: Tensor) -> None:
        module = self.modules[site]
        if start == 0:
            drive, sent = (torch.zeros_like(x[0], dtype=torch.float32) for x in (current, spikes))
            self.sums[site] = Sums(drive, sent, Sent(module) if isinstance(module, Neuron) else torch.clone)
        sums = self.sums[site]
        for current_at_t, fired in zip(current, spikes):
            sums.drive += current_at_t
            sums.sent += sums.standing_for(fired)
        self.steps = start + len(spikes)


def watched(snn: SpikingNetwork) -> dict[str, Temporal]:
    """{name: module} of what has no closed form: neurons, and max pooling by lateral inhibition."""
    kinds = (LateralInhibition, Neuron)
    return {name: module for name, module in snn.network.named_modules() if isinstance(module, kinds)}


def steps_check(snn: SpikingNetwork, arguments: tuple[Any, ...], totals: Totals, last: Any, rounding: float) -> Check:
    """Run the network once more on the mean of what every neuron emitted, and compare what each one gets.

    That is the same only where every operation between neurons is affine in what varies, or of running means: a
    maximum of the spikes of each step is not, nor a bias that is added once.

    Args:
        totals: of a run on `arguments`. last: the mean output of that run; None where it leaves steps out.
        rounding: relative error of the network's own precision.
    """
    wrong: list[str] = []
    limit = limit_of("float32", rounding)

    def at(site: str, module: nn.Module, x: Tensor) -> Tensor:
        if site not in totals.sums:  # an activation of what is constant, or what never ran
            return function_of(module)(x) if not isinstance(module, Neuron) else torch.zeros_like(x)
        sums = totals.sums[site]
        if isinstance(module, Neuron):
            error = distance(sums.drive / totals.steps, with_offset(x, module.offset, totals.steps), module)
            if not error <= limit:
                wrong.append(f"{site} ({100 * error:.3g} %)")
        return (sums.sent / totals.steps).to(x.dtype)

    with torch.no_grad():
        output = Means(snn.network, at)(*arguments)
    if last is not None and not (error := error_or_inf(last, output)) <= limit:
        wrong.append(f"the output ({100 * error:.3g} %)")
    shown = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
    got = f"another mean reaches {shown}" if wrong else f"the same over {totals.steps} steps"
    return Check("steps", not wrong, f"every mean input that of the mean outputs before it, within {limit:g}", got)
