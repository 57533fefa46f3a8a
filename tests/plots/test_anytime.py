"""The picture of a network over video: every layer named, nothing cut off, panels as there is something to draw."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import pytest

from snnconv.bench._anytime import Anytime, LayerRate, Moment
from snnconv.bench.early_exit import Exit
from snnconv.plots.anytime import plot_anytime

from .made import texts


def of_layers(count: int, learned: bool) -> Anytime:
    rows = [Moment(frames, 80 - 40 / frames, 5.0, 100.0 * frames) for frames in range(1, 17)]
    titles = [f"{stage}.{block} proj" for stage in range(1, 9) for block in range(5)][:count]
    layers = [LayerRate(t, t, "PLIF", 10, 2.0 + n % 7, 1.5 + n / 20, learned) for n, t in enumerate(titles)]
    exits = [Exit(0.5, 3.0, 70.0, 90.0), Exit(0.9, 9.5, 77.0, 50.0)]
    return Anytime(rows, 1, exits, layers, 0.5, 14, 200, "npz:/somewhere/clips.npz", "")


CASES = {"39 layers": (39, True), "fixed constants": (16, False), "no spikes": (0, False)}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_cut_off(case: str, tmp_path: Path) -> None:
    plot_anytime(of_layers(*CASES[case]), tmp_path / "plot.png")
    pixels = matplotlib.image.imread(tmp_path / "plot.png")[..., :3].min(-1)
    assert pixels.shape[1] == 1400  # 7 inches at 200 dpi
    for border in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert border.min() > 0.98


@pytest.mark.parametrize("case", CASES)
def test_what_is_written(case: str, tmp_path: Path) -> None:
    drawn = of_layers(*CASES[case])
    plot_anytime(drawn, tmp_path / "plot.svg")
    said = texts(tmp_path / "plot.svg")
    assert {layer.title for layer in drawn.layers} <= set(said)
    assert ("firing rate (%)" in said) == bool(drawn.layers)
    assert ("time constant τ (steps)" in said) == any(layer.learned for layer in drawn.layers)
    assert "14 frames: 77.14 %" in said
    sizes = re.findall(r"font(?:-size)?: ?([\d.]+)px", (tmp_path / "plot.svg").read_text())
    assert min(map(float, sizes)) >= 10


def test_an_answer_at_the_end_alone(tmp_path: Path) -> None:
    whole = of_layers(2, True)
    plot_anytime(replace(whole, rows=whole.rows[-1:], needed=16), tmp_path / "plot.svg")
    assert "16 frames: 77.50 %" in texts(tmp_path / "plot.svg")
