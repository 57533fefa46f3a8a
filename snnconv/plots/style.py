"""What all pictures share: fonts, colours that are safe for the colour-blind, axes, and writing them to a file.

Pictures are drawn 7 inches wide, the text width of a two-column paper, and stay readable at half of that, one column:
no text is below 10 pt. Series differ by colour, by mark and, from the eighth on, by dashes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from ..files import atomic_output

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

WIDTH = 7.0  # inches
# Okabe & Ito 2008, without the yellow that paper swallows.
BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
)  # fmt: skip
GREY = "#555555"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY, BLACK)
MARKS = "osD^vPX<>*ph"  # as many as can be told apart; 12 and 7 share no factor: 84 different pairs
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.5)))
MOST_TICKS = 8
LEGEND_LINE = 0.21  # inches
TITLE_LINE, TITLE = 0.2, 9.6  # inches; characters of 11 pt to the inch
STYLE: dict[str, Any] = {
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "legend.handlelength": 2.4,  # three dashes
    "lines.linewidth": 1.7,
    "lines.markersize": 5.5,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # names of sites and files may hold a $
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "snnconv",  # same input, same file
}


@contextmanager
def picture(path: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches in the house style, written to `path` at the end of the block."""
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.filterwarnings("ignore", "Glyph .* missing")  # names in any script: readers of an .svg have the fonts
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        with atomic_output(path, overwrite=True) as temporary:
            figure.savefig(temporary, dpi=200, format=path.suffix.lstrip("."), metadata=undated(path))


def series(number: int) -> dict[str, Any]:
    """How the line of a series looks: the same number looks the same in every picture of a result."""
    return {
        "color": PALETTE[number % len(PALETTE)],
        "marker": MARKS[number % len(MARKS)],
        "linestyle": DASHES[number // len(PALETTE) % len(DASHES)],
    }


def title_above(figure: Figure, text: str) -> None:
    """The line above all panels; what is longer than the picture is wide goes on below, and the picture grows."""
    lines = wrap(text, int(TITLE * figure.get_figwidth()), break_on_hyphens=False)
    figure.set_figheight(figure.get_figheight() + TITLE_LINE * max(len(lines) - 1, 0))
    figure.suptitle("\n".join(lines), fontsize=11)


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


def plain_ticks(axis: Axis) -> None:
    """0.1, 1, 10 rather than powers of ten; of few decades 1, 2, 5, of many every other one."""
    low, high = axis.get_view_interval()
    few, many = high < 50 * low, high > 3e4 * low
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=4 if many else 20))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))


def ann_line(axes: Axes, accuracy: float, label: str | None = None) -> None:
    """The accuracy of the ANN, dashed."""
    axes.axhline(accuracy, color=GREY, linestyle="--", linewidth=1.2, zorder=1, label=label)


def legend_below(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """A legend under all panels, where no curve can run into it; the picture grows by its height."""
    columns = fitting_columns(labels, figure.get_figwidth())
    figure.set_figheight(figure.get_figheight() + LEGEND_LINE * -(-len(labels) // columns) + 0.1)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)


def fitting_columns(labels: Sequence[str], width: float) -> int:
    """The most columns, up to six, in which names fit side by side, filled as matplotlib does: first ones longer."""
    room = 11.4 * width  # characters of 10 pt to the inch
    for columns in range(min(6, len(labels)), 1, -1):
        rows, longer = divmod(len(labels), columns)
        starts = [column * rows + min(column, longer) for column in range(columns + 1)]
        longest = [max(map(len, labels[start:end])) for start, end in pairwise(starts)]
        if sum(longest) + 8.7 * columns <= room:  # 8.7 characters for the line and the gap
            return columns
    return 1


def undated(path: Path) -> dict[str, Any] | None:
    """An SVG otherwise holds the time it was drawn, and two equal runs differ."""
    return {"Date": None} if path.suffix == ".svg" else None
