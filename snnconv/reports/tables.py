"""From rows of plain data to tables that people read: headings, units, digits."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..cost.energy.verdict import readable
from .parts import Cell, Column, Table

Format = Callable[[Any], str]
NOTHING = "–"
PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def amount(value: float) -> str:
    """Operations and spikes: `12.3 M`."""
    size, prefix = next(((size, prefix) for size, prefix in PREFIXES if abs(value) >= size), (1.0, ""))
    return f"{value / size:.4g} {prefix}".strip()


def digits(places: int) -> Format:
    return lambda value: f"{value:.{places}f}"


def resolution(samples: int) -> str:
    """What a difference between two accuracies on so many samples is a multiple of."""
    return f"one sample is {100 / samples:.2g} points"


def count(value: float) -> str:
    return f"{value:,.0f}"


# key → heading, format. Keys that are not here are shown under their own name, numbers to four digits.
FORMATS: dict[str, tuple[str, Format]] = {
    "T": ("T", count),
    "accuracy": ("accuracy (%)", digits(2)),
    "vs_ann": ("vs ANN (points)", lambda value: f"{value:+.2f}"),
    "spikes_per_neuron": ("spikes per neuron", digits(3)),
    "spikes": ("spikes", amount),
    "synops": ("synaptic operations", amount),
    "macs": ("MACs", amount),
    "int_macs": ("integer MACs", amount),
    "dense_macs": ("dense MACs", amount),
    "acs": ("accumulations", amount),
    "ops": ("operations", amount),
    "amount": ("amount", amount),
    "bias_adds": ("bias additions", amount),
    "energy": ("energy", readable),
    "energy_mJ": ("energy", readable),
    "of_ann": ("energy / ANN's", digits(3)),
    "weight_bits": ("weight bits", count),
    "neurons": ("neurons", count),
    "firing_rate": ("spikes per step", digits(4)),
    "silent": ("silent (%)", digits(1)),
    "saturated": ("saturated (%)", digits(1)),
    "negative": ("negative (%)", digits(1)),
    **{part: (part, digits(2)) for part in ("error", "inherited", "clipping", "quantisation", "unevenness")},
    "confidence": ("confidence", lambda value: f"{value:g}"),
    "latency": ("mean T", digits(2)),
    "latency_steps": ("latency (steps)", count),
    "early": ("stopped early (%)", digits(1)),
    "frames": ("frames", count),
    "mean_frames": ("mean frames", digits(2)),
    "firing": ("firing rate (%)", digits(3)),
    "tau": ("τ (time steps)", digits(3)),
    "hottest": ("hottest, of the clip's", digits(2)),
    "change": ("change (points)", lambda value: f"{value:+.2f}"),
    "train_accuracy": ("training accuracy (%)", digits(2)),
    "val_accuracy": ("validation accuracy (%)", digits(2)),
    "agreement": ("names the ANN's class (%)", digits(2)),
    "divergence": ("KL divergence (nats)", digits(4)),
    **{f"theta_{part}": (f"θ, {part}", lambda value: f"{value:.3g}") for part in ("least", "median", "largest")},
    "theta_factor": ("θ × calibrated", lambda value: f"{value:.3g}"),
    "lr": ("learning rate", lambda value: f"{value:.3g}"),
}


def table(
    caption: str, rows: Iterable[Mapping[str, Any]], keys: Sequence[str] | None = None, *, folded: bool = False
) -> Table:
    """A table of some or all keys of the rows; a key without any value is left out."""
    given = list(rows)
    wanted = keys if keys is not None else list(dict.fromkeys(key for row in given for key in row))
    shown = [key for key in wanted if any(row.get(key) is not None for row in given)]
    columns = [Column(heading(key), all(is_number(row.get(key)) for row in given)) for key in shown]
    return Table(caption, columns, [[cell(key, row.get(key)) for key in shown] for row in given], folded)


def is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def cell(key: str, value: Any) -> Cell:
    """A value as its key is written."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Cell(NOTHING, "")
    if is_number(value):
        return Cell(format_of(key)(value), repr(value))
    if isinstance(value, str):
        return Cell(value, value)
    text = json.dumps(value, ensure_ascii=False)
    return Cell(text, text)


def format_of(key: str) -> Format:
    return FORMATS[key][1] if key in FORMATS else readable if key.startswith("mJ_") else plain


def heading(key: str) -> str:
    name = key.removeprefix("mJ_")
    return FORMATS[name][0] if name in FORMATS else name.replace("_", " ")


def used(rows: Iterable[Mapping[str, Any]], keys: Iterable[str]) -> list[str]:
    """The keys that are anything but 0 in some row."""
    given = list(rows)
    return [key for key in keys if any(row.get(key) for row in given)]


def plain(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
