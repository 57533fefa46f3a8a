"""Accuracy, spikes and energy against time steps."""

from __future__ import annotations

from dataclasses import asdict
from math import sqrt
from typing import Any

from ...bench.curves import Row, Sweep
from ...cost.energy.verdict import readable
from ...plots.curves import curves_of, measured_on, steps_of
from ..parts import Section, Table, Tile
from ..tables import resolution, table
from .sweep_figures import figures

CLOSE = 1.0  # points below the ANN that count as close


def sweep_section(sweep: Sweep) -> Section:
    return Section(
        name="sweep",
        title="Accuracy against time steps, spikes and energy",
        headline=headline(sweep),
        tiles=tiles(sweep),
        paragraphs=[uncertainty(sweep)],
        figures=figures(sweep),
        overview=[by_steps(sweep)],
        tables=[*baselines(sweep), every_row(sweep)],
        notices=notices(sweep),
    )


def best(sweep: Sweep) -> Row:
    """The most accurate; of several the one with the fewest steps, then spikes."""
    return min(sweep.rows, key=lambda row: (-row.accuracy, row.T, row.spikes))


def headline(sweep: Sweep) -> list[str]:
    """What it is, the highest accuracy, and what is needed to come close to the ANN."""
    top = best(sweep)
    gap = top.accuracy - sweep.ann_accuracy
    level = "level with" if abs(gap) < 0.005 else f"{abs(gap):.2f} points {'above' if gap > 0 else 'below'}"
    count = len(curves_of(sweep))
    versions = "One spiking version" if count == 1 else f"{count} spiking versions"
    told = [
        f"{versions} of an ANN that classifies {sweep.ann_accuracy:.2f} % of {measured_on(sweep)} correctly.",
        f"Highest accuracy: {top.accuracy:.2f} %, {level} the ANN ({described(top)}).",
    ]
    close = [row for row in sweep.rows if row.accuracy >= sweep.ann_accuracy - CLOSE]
    if not close:
        return [*told, f"No setting comes within {CLOSE:g} point of the ANN."]
    fast = min(close, key=lambda row: (row.latency, row.spikes_per_neuron))
    sparse = min(close, key=lambda row: row.spikes_per_neuron)
    within = f"Within {CLOSE:g} point of the ANN"
    if fast == sparse:
        return [*told, f"{within} with the fewest steps and the fewest spikes: {described(fast)}."]
    return [*told, f"{within} with the fewest steps: {described(fast)}; with the fewest spikes: {described(sparse)}."]


def described(row: Row) -> str:
    warm = f" after {row.latency - row.T} steps of warm-up" if row.latency > row.T else ""
    return f"{row.setting} at T = {row.T}{warm}, {row.spikes_per_neuron:.2f} spikes per neuron and sample"


def tiles(sweep: Sweep) -> list[Tile]:
    top = best(sweep)
    shown = [
        Tile("ANN accuracy", f"{sweep.ann_accuracy:.2f} %", measured_on(sweep)),
        Tile("best SNN accuracy", f"{top.accuracy:.2f} %", f"{top.setting}, T = {top.T}"),
        Tile("spikes per neuron there", f"{top.spikes_per_neuron:.2f}", f"per sample, all {top.latency} steps"),
    ]
    ann = next((baseline.energy for baseline in sweep.baselines if baseline.energy is not None), None)
    if top.energy is not None:
        note = f"FP32 ANN: {readable(ann)}" if ann is not None else "per sample"
        shown.append(Tile("energy there", readable(top.energy), f"{note}, model {sweep.energy_model}"))
    return shown


def uncertainty(sweep: Sweep) -> str:
    """What a difference between two accuracies may mean."""
    p = sweep.ann_accuracy / 100
    error = 100 * sqrt(p * (1 - p) / sweep.samples)
    return (
        f"Measured on {measured_on(sweep)}: {resolution(sweep.samples)}, and the standard error of "
        f"the ANN's accuracy is {error:.2g} points. All networks saw the same samples. Accuracy at equal T favours "
        "neurons that may fire more often: read it together with the spikes."
    )


def by_steps(sweep: Sweep) -> Table:
    """One line a setting, one column a T."""
    lines: list[dict[str, Any]] = [
        {"setting": curve.setting, **{f"T = {row.T}": row.accuracy for row in rows}} for curve, rows in curves_of(sweep)
    ]
    keys = ["setting", *(f"T = {t}" for t in steps_of(sweep))]
    found = table(f"Top-1 accuracy (%) after T steps; the ANN has {sweep.ann_accuracy:.2f} %", lines, keys)
    rounded = [
        [cell if n == 0 else type(cell)(two_digits(cell.key), cell.key) for n, cell in enumerate(row)]
        for row in found.rows
    ]
    return Table(found.caption, found.columns, rounded)


def two_digits(number: str) -> str:
    return f"{float(number):.2f}" if number else "–"


def baselines(sweep: Sweep) -> list[Table]:
    """The networks without time."""
    caption = "Networks without time on the same samples; per sample"
    return [table(caption, [asdict(baseline) for baseline in sweep.baselines])] if len(sweep.baselines) > 1 else []


def every_row(sweep: Sweep) -> Table:
    rows = [
        {**asdict(row), "latency_steps": row.latency, "vs_ann": row.accuracy - sweep.ann_accuracy} for row in sweep.rows
    ]
    costs = ("spikes_per_neuron", "spikes", "synops", "macs", "energy")
    keys = ("setting", "T", "latency_steps", "accuracy", "vs_ann", *costs)
    caption = "Every combination; spikes, operations and energy per sample over all steps, warm-up included"
    return table(caption, rows, keys, folded=len(rows) > 12)


def notices(sweep: Sweep) -> list[str]:
    """What the conversions had to say, with the settings it is about."""
    about: dict[str, list[str]] = {}
    for curve, _ in curves_of(sweep):
        for notice in curve.notices:
            about.setdefault(notice, []).append(curve.setting)
    everyone = len(curves_of(sweep))
    told = [text if len(settings) == everyone else f"{', '.join(settings)}: {text}" for text, settings in about.items()]
    if not sweep.complete:
        told.insert(0, "The sweep was interrupted: these are partial results. The same command again continues it.")
    short = [curve.setting for curve, _ in curves_of(sweep) if curve.samples < sweep.samples]
    if short:
        told.append(f"evaluated on fewer samples than the others: {', '.join(short)}")
    return told
