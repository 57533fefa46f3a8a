"""What all pictures share: fonts, colours that are safe for the colour-blind, axes, and writing them to a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from ...io import atomic_output

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#555555"  # Okabe & Ito 2008
MOST_TICKS = 8
STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "snnconv",  # same input, same file
}


@contextmanager
def picture(path: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches in the house style, written to `path` at the end of the block."""
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        with atomic_output(path, overwrite=True) as temporary:
            figure.savefig(temporary, dpi=200, format=path.suffix.lstrip("."), metadata=undated(path))


def step_axis(axes: Axes, steps: list[int]) -> None:
    """Time steps on a logarithmic axis with a tick at each, thinned where they would overlap."""
    axes.set_xscale("log", base=2)
    powers = [t for t in steps if t & (t - 1) == 0]
    every = -(-len(steps) // MOST_TICKS)
    shown = powers if every > 1 and len(powers) > 2 else steps[::every]
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([str(t) for t in shown])
    axes.set_xlabel("time steps T")


def undated(path: Path) -> dict[str, Any] | None:
    """An SVG otherwise holds the time it was drawn, and two equal runs differ."""
    return {"Date": None} if path.suffix == ".svg" else None
