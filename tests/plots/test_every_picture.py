"""What holds for every picture of a sweep, whatever its size: nothing is cut off, all is readable, equal runs agree."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import pytest

from snnconv.bench import Sweep
from snnconv.plots.alpha import plot_alpha
from snnconv.plots.pareto import plot_energy, plot_spikes
from snnconv.plots.rates import plot_rates
from snnconv.plots.style import fitting_columns, series
from snnconv.plots.sweep import plot_sweep
from snnconv.plots.transfer import plot_transfer

from .made import made, texts

LONG = " retract=zero down_limit=2"


def transfer(_: Sweep, path: Path) -> None:
    plot_transfer(path)


PLOTS = (plot_sweep, plot_spikes, plot_energy, plot_rates, plot_alpha, transfer)
every_plot = pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
SWEEPS = {
    "one": made(1),
    "two": made(2),
    "twelve": made(12, sites=19),
    "long names": made(7, suffix=LONG),
    "deep": made(3, sites=150),
    "one step": made(2, steps=(4,)),
    "no energy": made(2, energy=False),
}


@pytest.mark.parametrize(
    ("plot", "kind"), [(plot, kind) for plot in PLOTS for kind in SWEEPS if (plot, kind) != (plot_alpha, "one")]
)
def test_nothing_is_cut_off(plot: Callable[[Sweep, Path], None], kind: str, tmp_path: Path) -> None:
    """The outermost pixels are paper: no label, legend or name runs out of the picture. (Warnings are errors.)"""
    plot(SWEEPS[kind], tmp_path / "plot.png")
    pixels = matplotlib.image.imread(tmp_path / "plot.png")[..., :3].min(-1)
    assert pixels.shape[1] == 1400  # 7 inches at 200 dpi
    for border in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert border.min() > 0.98
    assert 0.01 < float((pixels < 0.9).mean()) < 0.5  # drawn, and mostly paper


@every_plot
def test_text_is_readable_at_half_size(plot: Callable[[Sweep, Path], None], tmp_path: Path) -> None:
    """7 inches wide with text of at least 10 pt; 5 pt in a column of 3.5 inches."""
    plot(SWEEPS["twelve"], tmp_path / "plot.svg")
    document = (tmp_path / "plot.svg").read_text()
    assert 'width="504pt"' in document  # 7 × 72
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: ?([\d.]+)px", document)]
    assert len(sizes) >= 10
    assert min(sizes) >= 10


@every_plot
def test_equal_results_give_equal_files(plot: Callable[[Sweep, Path], None], tmp_path: Path) -> None:
    for name in "ab":
        plot(SWEEPS["two"], tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("plot", [plot_sweep, plot_spikes, plot_energy, plot_rates])
def test_every_setting_is_named(plot: Callable[[Sweep, Path], None], tmp_path: Path) -> None:
    plot(SWEEPS["twelve"], tmp_path / "plot.svg")
    assert {curve.setting for curve in SWEEPS["twelve"].curves} <= set(texts(tmp_path / "plot.svg"))


def test_series_differ_by_mark_too() -> None:
    looks = [series(number) for number in range(12)]
    assert len({look["marker"] for look in looks}) == 12  # so that they differ without any colour
    assert len({(look["color"], look["marker"]) for look in map(series, range(84))}) == 84
    assert len({(look["color"], str(look["linestyle"])) for look in looks}) == 12


@pytest.mark.parametrize(
    ("lengths", "columns"),
    [
        ([4] * 6, 6),  # 7 inches have room for 79.8 characters: 6 · (4 + 8.7) = 76.2
        ([5] * 6, 5),  # 6 · 13.7 = 82.2 are too many
        ([40, 4, 4, 4, 4], 3),  # four columns hold 2, 1, 1, 1 names: 48.7 + 3 · 12.7 = 86.8; three hold 2, 2, 1: 74.1
        ([40, 10], 2),
        ([80, 80], 1),
        ([5], 1),
    ],
)
def test_as_many_columns_as_fit(lengths: list[int], columns: int) -> None:
    assert fitting_columns(["x" * length for length in lengths], 7.0) == columns
