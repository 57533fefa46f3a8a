"""Threshold rules: from a site's statistics to its λ. One rule a file, one `@RULES.register(name)` each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ..errors import InputError
from ..registry import Registry
from .statistics import Statistics

SPAN = 0.999  # of the activations, where thresholds do not say how far they reach


@dataclass(frozen=True)
class Site:
    """What a rule may look at.

    Attributes:
        values: the activation's histogram, one row per layer or per channel; or the maximum of every neuron.
        ceiling: where the ANN's activation itself is clipped, or None; learned: whether training put it there, or its
            levels. step: how high one of its levels is, [1] or [C], where it has levels.
        T: time steps meant. levels: spikes a neuron can fire in a step, β. scale: α. most: β with all the digits that a
            site of a rule with `fits_range` can be given; 0: β.
        equal_harm: the spike quantum at which rounding at every site does equal harm, and as much as there is signal
            (`sensitivity.equal_harm_thresholds`), for rules that ask for it.
    """

    name: str
    values: Statistics
    ceiling: float | Tensor | None
    T: int
    levels: int
    scale: float
    learned: bool = False
    equal_harm: Tensor | None = None
    most: int = 0
    step: Tensor | None = None


Rule = Callable[[Site], Tensor]  # → λ, float32 [R] with R = 1 or C, or the shape of one sample
RULES: Registry[Callable[[str], Rule]] = Registry("threshold rule")
LEARNED_ELSE = "learned else "


def parse_rule(threshold: str | Rule) -> Rule:
    """`"percentile:99.9"` → the rule; a callable is taken as it is.

    `"learned else percentile:99.9"` is λ where training put a clip, and the second rule at every other site. It depends
    on T where the second rule does.

    Raises:
        InputError: an unknown name or an argument the rule does not take.
    """
    if callable(threshold):
        return threshold
    if threshold.startswith(LEARNED_ELSE):
        learned, otherwise = parse_rule("learned"), parse_rule(threshold.removeprefix(LEARNED_ELSE))

        def rule(site: Site) -> Tensor:
            return (learned if site.learned else otherwise)(site)

        rule.__dict__.update(otherwise.__dict__)  # what it takes
        return rule
    name, _, argument = threshold.partition(":")
    return RULES[name](argument)


def at_T(rule: Rule) -> Rule:
    """Marks a rule whose λ depends on T, by an attribute `at_T`: a sweep then converts again for every T."""
    rule.at_T = True  # type: ignore[attr-defined]
    return rule


def depends_on_T(threshold: str | Rule) -> bool:
    """Whether the rule says that its λ depends on T; one of a user's own can say so too, by its attribute `at_T`."""
    return bool(getattr(parse_rule(threshold), "at_T", False))


def takes_learned(threshold: str | Rule) -> bool:
    """Whether the rule reads no activations where training put a clip."""
    return isinstance(threshold, str) and threshold.split(" ")[0] == "learned"


def takes_gradients(rule: Rule) -> bool:
    """Whether the rule needs `Site.equal_harm`, for which gradients have to be calculated."""
    return getattr(rule, "takes_gradients", False)


def fits_range(rule: Rule) -> bool:
    """Whether the rule sets θ alone, and the range has to be fitted to the largest activation by digits."""
    return getattr(rule, "fits_range", False)


def no_argument(name: str, argument: str) -> None:
    if argument:
        raise InputError(f"threshold rule {name!r} takes no argument", expected=name, got=f"{name}:{argument}")
