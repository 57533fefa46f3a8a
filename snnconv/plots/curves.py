"""What the pictures of a sweep have in common: its curves with their rows, and on what they were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .caption import data_name

if TYPE_CHECKING:
    from ..bench._sweep import Curve, Row, Sweep


def curves_of(sweep: Sweep) -> list[tuple[Curve, list[Row]]]:
    """Every curve with its rows by increasing T; a setting that has no row yet (an interrupted sweep) is left out."""
    rows: dict[str, list[Row]] = {}
    for row in sorted(sweep.rows, key=lambda row: row.T):
        rows.setdefault(row.setting, []).append(row)
    return [(curve, rows[curve.setting]) for curve in sweep.curves if curve.setting in rows]


def steps_of(sweep: Sweep) -> list[int]:
    """All numbers of time steps that were measured."""
    return sorted({row.T for row in sweep.rows})


def measured_on(sweep: Sweep) -> str:
    """The samples in one phrase."""
    return f"{sweep.samples:,} samples of {data_name(sweep.data)}"


def judged_by(sweep: Sweep) -> str:
    """The label of the axis that accuracies are on."""
    from ..measure.metrics import METRICS  # takes torch, which other pictures do without

    return f"{METRICS[sweep.metric].title if sweep.metric in METRICS else sweep.metric} (%)"
