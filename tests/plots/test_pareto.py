"""The Pareto front, and what the two pictures show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from snnconv.plots.pareto import Point, front, plot_energy, plot_spikes, points_of

from .made import made, texts


def test_front_by_hand() -> None:
    points = [Point(2, 50), Point(1, 40), Point(3, 45), Point(4, 60), Point(4, 55), Point(5, 60), Point(1, 30)]
    assert front(points) == [Point(1, 40), Point(2, 50), Point(4, 60)]
    assert front([]) == []


def test_front_holds_what_nothing_beats() -> None:
    """By the definition, over all pairs."""
    values = torch.randint(0, 20, (200, 2)).tolist()
    points = {Point(*value) for value in values}

    def beaten(p: Point) -> bool:
        return any(q != p and q.cost <= p.cost and q.accuracy >= p.accuracy for q in points)

    assert front(points) == sorted(p for p in points if not beaten(p))


def test_what_a_logarithmic_axis_cannot_show_is_left_out() -> None:
    assert points_of([(0.0, 10.0), (None, 20.0), (float("inf"), 30.0), (2.0, 40.0)]) == [Point(2.0, 40.0)]
    assert points_of([(0.002, 40.0)], 1e-3) == [Point(2.0, 40.0)]


def test_rivals_stand_in_the_energy_picture_alone(tmp_path: Path) -> None:
    plot_energy(made(), tmp_path / "energy.svg")
    plot_spikes(made(), tmp_path / "spikes.svg")
    energy, spikes = texts(tmp_path / "energy.svg"), texts(tmp_path / "spikes.svg")
    for name in ("FP32 ANN", "W8A8", "W4A4"):
        assert name in energy
        assert name not in spikes
    assert "Pareto front" in energy
    assert "Pareto front" in spikes
    assert "spikes per neuron and sample" in spikes
    assert "ANN 90.00 %" in spikes


@pytest.mark.parametrize(("factor", "unit"), [(1e5, "J"), (10, "mJ"), (1, "µJ"), (1e-4, "nJ")])
def test_energy_in_a_unit_that_fits(factor: float, unit: str, tmp_path: Path) -> None:
    """The FP32 ANN, the dearest of all, costs 0.2 mJ times the factor."""
    sweep = made()
    rows = [replace(row, energy=(row.energy or 0) * factor) for row in sweep.rows]
    baselines = [replace(baseline, energy=(baseline.energy or 0) * factor) for baseline in sweep.baselines]
    plot_energy(replace(sweep, rows=rows, baselines=baselines), tmp_path / "energy.svg")
    assert f"energy per sample ({unit}), model 45nm" in texts(tmp_path / "energy.svg")


def test_a_network_that_never_fires_can_be_drawn(tmp_path: Path) -> None:
    sweep = made()
    silent = replace(sweep, rows=[replace(row, spikes=0.0, spikes_per_neuron=0.0) for row in sweep.rows])
    plot_spikes(silent, tmp_path / "spikes.png")
    assert (tmp_path / "spikes.png").stat().st_size > 5_000


def test_close_to_the_best_is_magnified_only_where_that_helps(tmp_path: Path) -> None:
    plot_spikes(made(), tmp_path / "wide.svg")  # from 30 to 86 %
    assert "within 5 points of the best" in texts(tmp_path / "wide.svg")
    flat = replace(made(), rows=[replace(row, accuracy=89.0) for row in made().rows])
    plot_spikes(flat, tmp_path / "flat.svg")
    assert "within 5 points of the best" not in texts(tmp_path / "flat.svg")
