"""Which curves belong together in the picture of α."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from snnconv.bench import Sweep
from snnconv.plots.alpha import families, plot_alpha

from .made import made, texts


def both_betas() -> Sweep:
    """The same three α at β = 2 and at β = 5, and one neuron that has no α."""
    two = made(3)
    five = [
        replace(curve, setting=f"{curve.setting} five", settings={**curve.settings, "beta": 5}) for curve in two.curves
    ]
    plain = replace(two.curves[0], setting="if", settings={"method": "if"})
    rows = [replace(row, setting=name) for row in two.rows for name in (row.setting, f"{row.setting} five")]
    return replace(
        two, rows=rows + [replace(row, setting="if") for row in two.rows[:5]], curves=two.curves + five + [plain]
    )


def test_one_family_a_method_and_beta_by_rising_alpha() -> None:
    found = [[curve.settings["alpha"] for curve, _ in family] for family in families(both_betas())]
    assert found == [[0.86, 0.93, 1.0], [0.86, 0.93, 1.0]]


def test_settings_that_differ_in_more_than_alpha_are_no_family() -> None:
    sweep = made(2)
    other = replace(sweep.curves[1], settings={**sweep.curves[1].settings, "retract": "zero"})
    assert families(replace(sweep, curves=[sweep.curves[0], other])) == []


def test_panels_and_lines_are_named(tmp_path: Path) -> None:
    plot_alpha(both_betas(), tmp_path / "alpha.svg")
    written = texts(tmp_path / "alpha.svg")
    for text in ("sdm, β = 2", "sdm, β = 5", "α = 0.86", "α = 0.93", "α = 1", "time steps T"):
        assert text in written
