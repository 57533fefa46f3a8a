"""Sums over samples, neurons and time steps from which a diagnosis is made. They do not grow with the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ...network import SpikingNetwork
from ...neurons import Neuron, Sent
from ...neurons.codes import events
from .split import PARTS, split_error

AT_ONCE = 2**22  # neurons (of several samples) whose errors are computed at once: some ten float64 values each


@dataclass
class SiteSums:
    """What one site did, summed over the samples so far.

    Attributes:
        values: samples times neurons.
        spikes, negative, at_limit: spikes, negative ones, and how often a step had s = β; of the warm-up too.
        silent: how many of the values never fired.
        fired_once: which neurons fired for any sample, bool, shaped like one sample.
        activation, power, error: Σ|a|, Σ a² and Σ|φ − a|.
        absolute, signed, squared: Σ|part|, Σ part and Σ part².
    """

    values: int = 0
    spikes: int = 0
    negative: int = 0
    at_limit: int = 0
    silent: int = 0
    fired_once: Tensor | None = None
    activation: float = 0.0
    power: float = 0.0
    error: float = 0.0
    absolute: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    signed: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    squared: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))

    def add_spikes(self, spikes: Tensor, neuron: Neuron) -> None:
        """Spikes [steps, B, …] of a chunk; each counts as what it is on the wire."""
        size = events(spikes, neuron.code)
        self.spikes += total(size)
        self.negative += total(size * (spikes < 0))
        self.at_limit += total(spikes == getattr(neuron, "beta", 1))

    def add_activity(self, fired: Tensor) -> None:
        """Who fired in the whole run, bool [B, …]."""
        once = fired.any(0)
        self.values += fired.numel()
        self.silent += fired.numel() - total(fired)
        self.fired_once = once if self.fired_once is None else self.fired_once | once

    def add_errors(self, parts: dict[str, Tensor], wanted: Tensor) -> None:
        self.activation += float(wanted.double().abs().sum())
        self.power += float(wanted.double().square().sum())
        self.error += float(sum(parts.values(), torch.zeros_like(wanted, dtype=torch.float64)).abs().sum())
        for name, part in parts.items():
            self.absolute[name] += float(part.abs().sum())
            self.signed[name] += float(part.sum())
            self.squared[name] += float(part.square().sum())


@dataclass
class SiteTrace:
    """One site during one run.

    Attributes:
        drive, sent: Σ I and Σ y over the steps after the warm-up, [B, …]. Sums of spikes are whole, exact in float32.
        fired: who fired in any step, bool [B, …].
        standing_for: y of the spikes of the next step.
    """

    drive: Tensor
    sent: Tensor
    fired: Tensor
    standing_for: Sent


class Watch:
    """An observer of a run from a fresh state that is then compared with the ANN on the same input.

    Per neuron and sample it keeps 9 bytes during a run, about what the neuron's own state takes; 13 where spikes are
    differences.

    Args:
        T: time steps of each run, after those of the warm-up.
    """

    def __init__(self, snn: SpikingNetwork, T: int) -> None:
        self.neurons, self.ann, self.T, self.warm_up = snn.sites, snn.ann, T, snn.warm_up
        self.sites = {site: SiteSums() for site in self.neurons}
        self._courses: dict[str, SiteTrace] = {}

    def __call__(self, site: str, start: int, current: Tensor, spikes: Tensor) -> None:
        if start == 0:
            zeros = torch.zeros_like(spikes[0], dtype=torch.float32)
            fired = torch.zeros_like(zeros, dtype=torch.bool)
            self._courses[site] = SiteTrace(zeros, zeros.clone(), fired, Sent(self.neurons[site]))
        course = self._courses[site]
        # In the order of time, so that rounding is the same in any chunk.
        for step, (at_t, fired) in enumerate(zip(current, spikes), start):
            sent = course.standing_for(fired)
            course.fired |= fired != 0
            if step >= self.warm_up:
                course.drive.add_(at_t)
                course.sent.add_(sent)
        self.sites[site].add_spikes(spikes, self.neurons[site])

    def compare(self, arguments: tuple[Any, ...]) -> Any:
        """Run the ANN on the input of the run just observed and take up every site's errors; returns its output."""
        handles = [self.ann.get_submodule(site).register_forward_hook(self._hook(site)) for site in self.neurons]
        try:
            with torch.no_grad():
                return self.ann(*arguments)
        finally:
            for handle in handles:
                handle.remove()

    def _hook(self, site: str) -> Callable[..., None]:
        def take_up(activation: nn.Module, _: Any, wanted: Tensor) -> None:
            course, sums = self._courses.pop(site), self.sites[site]
            sums.add_activity(course.fired)
            rows = max(1, AT_ONCE // wanted[0].numel())
            for drive, sent, a in zip(course.drive.split(rows), course.sent.split(rows), wanted.split(rows)):
                # Its `forward`: a call of the module would come back here.
                parts = split_error(self.neurons[site], activation.forward, drive, sent, a, self.T, self.warm_up)
                sums.add_errors(parts, a)

        return take_up


def total(values: Tensor) -> int:
    """A sum of whole numbers, exact to 2^53."""
    return int(values.sum(dtype=torch.float64))
