"""λ by what rounding at the site does to the output: coarse where it does little harm."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import InputError
from .rules import RULES, SPAN, Rule, Site
from .statistics import NeuronMaximum

SAME = 1e-4  # of a step, which a division that should give a whole number may be off
FEW = 15  # spikes a step


@RULES.register("sensitivity")
def sensitivity(argument: str = "", *, covers: bool = True) -> Rule:
    """`sensitivity:E`: θ = E·θ_fair at every channel (`equal_harm_thresholds`); 0.08 where no E is given.

    E is the relative error of the output that is meant in one step, for a neuron that rounds to whole θ; in T steps it
    falls to about E/T. λ is θ/α: θ does not depend on the neuron's own scale.

    θ is at most the size of the channel's activations, E x² / E x: with larger θ almost all would be rounded to
    nothing, at once and in one direction, which no output takes for noise. Only where a channel is not read at all it
    is the largest activation. It is at least what carries 99.9 % of the activations in one step of β spikes: an output
    that is nearly the same for all samples, as of noise or of one sample, asks for steps finer than any β is for. The
    largest activation can always be sent: neurons with digits get as many more as it needs (`reach.widened`), others a
    θ of at least its β-th part. Where the activation is clipped, the ceiling is a whole number of θ, which are made
    smaller for it.

    Args:
        covers: False leaves the range to whoever asks, as `tune`, which fits spikes to steps: nothing is done for the
            largest activation, and nothing for the 99.9 % where β ≤ 15.
    """
    try:
        error = float(argument) if argument else 0.08
    except ValueError:
        error = float("nan")
    if not error > 0:
        raise InputError("not an error", expected="sensitivity:E with E > 0", got=f"sensitivity:{argument}")

    def rule(site: Site) -> Tensor:
        if site.equal_harm is None:
            raise InputError("the sensitivity of the output is not known", where=f"site {site.name}")
        largest = site.values.maximum.flatten()
        equal_harm = (
            site.equal_harm if largest.numel() == site.equal_harm.numel() else site.equal_harm.pow(-2).mean().pow(-0.5)
        )
        coarsest = torch.where(equal_harm.isinf(), largest, size(site))
        fits = covers or site.levels > FEW
        finest = span(site) / site.levels if fits else torch.zeros_like(largest)
        least = largest / (site.most or site.levels) if covers else torch.zeros_like(largest)
        quantum = torch.minimum(torch.maximum(error * equal_harm, finest), coarsest).maximum(least)
        if site.ceiling is not None:
            quantum = whole_steps(quantum, site.ceiling, least)
        return quantum / site.scale

    rule.__dict__.update(takes_gradients=True, fits_range=covers)
    return rule


def steps_alone(threshold: str | Rule) -> str | Rule:
    """The rule without what it does for the range, where it is this one."""
    name, _, argument = threshold.partition(":") if isinstance(threshold, str) else ("", "", "")
    return sensitivity(argument, covers=False) if name == "sensitivity" else threshold


def size(site: Site) -> Tensor:
    """E x² / E x over all activations of a row, the mean of x weighted by x; the maximum where only that is known."""
    if isinstance(site.values, NeuronMaximum):
        return site.values.maximum.flatten()
    x, weight = site.values.centres, site.values.counts
    mean = (weight * x * x).sum(1) / (weight * x).sum(1)
    return torch.minimum(mean.nan_to_num(0.0).float(), site.values.maximum)  # x are the middles of bins


def span(site: Site) -> Tensor:
    """What 99.9 % of the activations of each row do not exceed; the maximum where only that is known."""
    whole = isinstance(site.values, NeuronMaximum)
    return (site.values.maximum if whole else site.values.quantile(SPAN)).flatten()


def whole_steps(quantum: Tensor, ceiling: float | Tensor, least: Tensor | float = 0.0) -> Tensor:
    """θ made so much smaller that the ceiling is a whole number of them, but not below `least`.

    All of them one value or one per channel.
    """
    highest = torch.as_tensor(ceiling).flatten().to(quantum)
    highest = highest if len(highest) > 1 else highest[0]
    steps = (highest / quantum - SAME).ceil().minimum((highest / least + SAME).floor()).clamp(min=1)
    return torch.where(quantum > 0, highest / steps, 0.0)
