"""A conversion method as plain data: a line of `snnconv methods`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..papers import rows_of_method

if TYPE_CHECKING:
    from ..methods import Method


def row_of(method: Method) -> dict[str, Any]:
    """What the method is and needs; its options with their defaults; the recipes that carry its published figures."""
    threshold = method.threshold if isinstance(method.threshold, str) else "custom"
    return {
        "method": method.name,
        "year": method.year,
        "needs": method.needs,
        "neuron": method.neuron,
        "options": {**method.neuron_options(), **method.options},
        "threshold": threshold,
        "granularity": method.granularity,
        "warm_up": method.warm_up_steps,
        "at_T": method.at_T,
        "corrections": list(method.corrections),
        "maxpool": method.maxpool,
        "summary": method.summary,
        "source": method.source,
        "recipes": list(dict.fromkeys(row.recipe for row in rows_of_method(method.name))),
    }
