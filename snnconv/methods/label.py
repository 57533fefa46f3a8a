"""What a setting is called in tables and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from .catalogue import METHODS
from .options import OF_EVERY_METHOD, OPTIONS

MOST_PARTS = 100  # of a fraction that is told as one
TOGETHER = ("alpha", "beta")  # told together, where a method has both
OTHERS = [name for name in OPTIONS if name not in (*TOGETHER, "corrections", "per_channel")]


def label_of(settings: Mapping[str, Any]) -> str:
    """A short name for resolved settings: the method, α and β where it has both, and what is not the method's own.

    `parse_methods` reads it back.

    Args:
        settings: as in `SpikingNetwork.plan.settings`.
    """
    name = str(settings.get("method", "network"))
    if name not in METHODS:
        return name
    core = {key: settings[key] for key in TOGETHER if settings.get(key) is not None}
    own = METHODS[name].options
    usual = METHODS[name].override({key: value for key, value in core.items() if key in own})
    defaults = {**usual.options, **usual.neuron_options(), "threshold": usual.threshold}
    words = [
        f"{OPTIONS[key].label}={number(value)}"
        for key, value in core.items()
        if set(TOGETHER) <= set(own) or value != own.get(key)
    ]
    told = [key for key in OTHERS if key in settings and (key in own or key in OF_EVERY_METHOD)]
    words += [f"{OPTIONS[key].label}={settings[key]}" for key in told if settings[key] != defaults.get(key)]
    corrections = list(settings.get("corrections", []))
    if corrections != list(usual.corrections):
        words.append(f"{OPTIONS['corrections'].label}={'+'.join(corrections) or 'none'}")
    granularity = settings.get("granularity", usual.granularity)
    if granularity != usual.granularity:
        words.append(f"per {granularity}")
    return " ".join([name, *words])


def number(value: float) -> str:
    """As short as it can be while different numbers stay different: 0.2, 1/15, 0.06666."""
    short = f"{value:g}"
    if float(short) == value:
        return short
    part = Fraction(value).limit_denominator(MOST_PARTS)
    return str(part) if float(part) == value else repr(value)
