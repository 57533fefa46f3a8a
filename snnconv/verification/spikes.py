"""Whether neurons emit whole numbers, as many as they may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from ..neurons import Neuron
from .result import Check


@dataclass(frozen=True)
class Range:
    """The spikes of one site, over all its neurons, samples and steps.

    Attributes:
        least, most: in one step. whole: whether all are whole numbers.
    """

    least: float
    most: float
    whole: bool


class SpikeRanges:
    """An observer that keeps the range of every site's spikes.

    Attributes:
        ranges: {site: its spikes so far}.
    """

    def __init__(self) -> None:
        self.ranges: dict[str, Range] = {}

    def __call__(self, site: str, start: int, current: Tensor, spikes: Tensor) -> None:
        least, most = (float(bound) for bound in spikes.aminmax())
        whole = bool((spikes == spikes.round()).all())  # NaN is not a whole number either
        if site in self.ranges:
            before = self.ranges[site]
            least, most, whole = min(before.least, least), max(before.most, most), before.whole and whole
        self.ranges[site] = Range(least, most, whole)


def spikes_check(neurons: Mapping[str, Neuron], ranges: Mapping[str, Range]) -> Check:
    """Every site gave whole spikes of −down_limit … β."""
    wrong = [f"{site}: {fault}" for site, neuron in neurons.items() if (fault := fault_of(neuron, ranges.get(site)))]
    shown = "; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
    got = shown or f"whole and in range at {len(neurons)} of {len(neurons)} sites"
    return Check("spikes", not wrong, "whole numbers of spikes, no more in a step than the neuron may fire", got)


def fault_of(neuron: Neuron, spikes: Range | None) -> str:
    """What is wrong with the spikes of one neuron; empty where nothing is."""
    if spikes is None:
        return "never ran"
    lowest, highest = -getattr(neuron, "down_limit", 0), getattr(neuron, "beta", 1)
    if not spikes.whole:
        return f"fractions between {spikes.least:.4g} and {spikes.most:.4g}"
    if spikes.least < lowest or spikes.most > highest:
        return f"{spikes.least:g} to {spikes.most:g} in a step, allowed are {lowest} to {highest}"
    return ""
