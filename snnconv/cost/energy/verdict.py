"""One honest sentence: what the spiking network needs, against whom, and who needs least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

UNITS = (("J", 1e3), ("mJ", 1.0), ("µJ", 1e-3), ("nJ", 1e-6), ("pJ", 1e-9))
ROUNDS_TO_ONE = 0.9995  # to three digits
CLOSE = 1.0  # points of accuracy that a network may lose against the FP32 ANN and still compete


class Priced(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def accuracy(self) -> float | None: ...
    @property
    def energy_mJ(self) -> float: ...


def verdict_of(rows: Sequence[Priced]) -> str:
    """The sentence on rows that begin with the FP32 ANN and end with the ANN of as many levels, the SNN with weights
    of as many bits as that one, and the SNN.

    "SNN, T=4: 90.98 %, 33.1 µJ: 5.2× below ANN FP32 (91.50 %), 2.1× above ANN W8, 21 levels (91.30 %). SNN W8, T=4:
    90.96 %, 4.1 µJ: 1.2× below ANN W8, 21 levels. Least energy within 1 point of ANN FP32: ANN W4A4, 3.0 µJ (90.70 %)."
    """
    ann = rows[0]
    if not rows[-2].name.startswith("SNN"):  # a network of whole numbers is beside an ANN of as many bits itself
        equal, snn = rows[-2:]
        same = ", ".join(f"{compared(snn, other)} {named(other)}" for other in (*equal_weights(rows, equal), ann))
        return f"{shown(snn)}: {same}. {least_of(rows)}"
    equal, rounded, snn = rows[-3:]
    against = ", ".join(f"{compared(snn, other)} {named(other)}" for other in (ann, equal))
    return f"{shown(snn)}: {against}. {shown(rounded)}: {compared(rounded, equal)} {equal.name}. {least_of(rows)}"


def equal_weights(rows: Sequence[Priced], equal: Priced) -> list[Priced]:
    """The ANN of 8-bit weights and activations, and the one that tells as many activations apart as the spikes."""
    return [*(row for row in rows if row.name == "ANN W8A8"), equal]


def least_of(rows: Sequence[Priced]) -> str:
    """Who needs least of those that are as accurate as the first; where it was never trained, of all."""
    ann, snn = rows[0], rows[-1]
    if ann.accuracy is None:
        winner = min(rows, key=lambda row: row.energy_mJ)
        return f"Least energy: {winner.name}, {readable(winner.energy_mJ)}; no ANN of these layers was trained."
    close = [row for row in rows if row.accuracy is not None and row.accuracy >= ann.accuracy - CLOSE]
    winner = min(close, key=lambda row: row.energy_mJ)
    lost = 0.0 if snn.accuracy is None or snn in close else ann.accuracy - snn.accuracy
    loser = f"; {snn.name} loses {lost:.2f} points" if lost else ""
    return f"Least energy within {CLOSE:g} point of {ann.name}: {named(winner, readable(winner.energy_mJ))}{loser}."


def named(row: Priced, energy: str = "") -> str:
    """`ANN FP32 (91.50 %)`."""
    known = "" if row.accuracy is None else f" ({row.accuracy:.2f} %)"
    return f"{row.name}{', ' * bool(energy)}{energy}{known}"


def shown(row: Priced) -> str:
    known = "" if row.accuracy is None else f"{row.accuracy:.2f} %, "
    return f"{row.name}: {known}{readable(row.energy_mJ)}"


def compared(snn: Priced, other: Priced) -> str:
    """`5.2× below`, `2.1× above`, `level with`."""
    less, more = sorted((snn.energy_mJ, other.energy_mJ))
    if less == more or (less > 0 and f"{more / less:.2g}" == "1"):
        return "level with"
    times = f"{number(more / less)}× " if less > 0 else "infinitely "
    return times + ("below" if snn.energy_mJ < other.energy_mJ else "above")


def number(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio >= 1.95 else f"{ratio:.2f}"


def unit_of(energies: Sequence[float]) -> tuple[str, float]:
    """The unit, and its size in mJ, in which the largest of the energies (mJ) is at least 1."""
    largest = max(energies, default=0.0)
    return next(((name, size) for name, size in UNITS if largest >= ROUNDS_TO_ONE * size), UNITS[-1])


def readable(energy: float) -> str:
    """An energy in mJ, in the unit that suits it, to three digits."""
    name, size = unit_of([energy])
    return f"{digits(energy / size)} {name}"


def digits(value: float) -> str:
    """Three digits, and never an exponent for large numbers."""
    return f"{value:.0f}" if value >= 999.5 else f"{value:.3g}"
