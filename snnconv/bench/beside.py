"""Sweeps of other networks on the same samples, put beside one another: a method is shown on the ANN trained for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import InputError
from .counting import ANN
from .curves import Sweep


def beside(sweep: Sweep, others: Mapping[str, Sweep]) -> Sweep:
    """The sweep with the curves of others after its own, the names of whose settings end in what they are called.

    The first sweep's ANN stays the one that accuracies are compared with; those of the others are baselines beside it.

    Args:
        others: {name of the network: its sweep}.

    Raises:
        InputError: a sweep of other samples, of another energy model, or one that was interrupted.
    """
    rows, curves, baselines = list(sweep.rows), list(sweep.curves), list(sweep.baselines)
    for name, other in others.items():
        require_same(sweep, other, name)
        rows += [replace(row, setting=named(row.setting, name)) for row in other.rows]
        curves += [replace(curve, setting=named(curve.setting, name)) for curve in other.curves]
        baselines += [
            replace(baseline, name=named(baseline.name, name)) for baseline in other.baselines if baseline.name == ANN
        ]
    return replace(sweep, rows=rows, curves=curves, baselines=baselines)


def named(setting: str, network: str) -> str:
    return f"{setting} ({network})"


def require_same(sweep: Sweep, other: Sweep, name: str) -> None:
    """Refuse what cannot stand in one table."""
    for what, mine, yours in (
        ("samples", judged_on(sweep), judged_on(other)),
        ("metrics", sweep.metric, other.metric),
        ("energy models", sweep.energy_model, other.energy_model),
        ("states", "complete", "complete" if other.complete else "interrupted"),
    ):
        if mine != yours:
            raise InputError(
                f"the sweep called {name!r} cannot stand beside this one: they have different {what}",
                expected=str(mine),
                got=str(yours),
                remedy="sweep both networks on the same --data, with the same --limit and --energy-model",
            )


def judged_on(sweep: Sweep) -> dict[str, Any]:
    """How many samples, and the first of them, of which the configuration holds a hash."""
    data = sweep.configuration.get("data") or {}
    return {"samples": sweep.samples, "first": data.get("first")}
