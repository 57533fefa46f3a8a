"""The picture of an energy measurement: named, complete, readable, nothing cut off, whatever is in it."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib.image
import pytest

from snnconv.cost.energy import Energy, EnergyRow
from snnconv.cost.energy.workload import Breakdown
from snnconv.plots.energy import plot_energy

from .made import texts

NAMES = ("ANN FP32", "ANN W8A8", "ANN W4A4", "ANN W8, 161 levels", "SNN W8, T=32", "SNN, T=32")


def measured(*costs: Breakdown) -> Energy:
    """One row for each breakdown, in mJ."""
    rows = [
        EnergyRow(name, 90 - place, 0, 0, 0, cost.total, None, cost.by_cause)
        for place, (name, cost) in enumerate(zip(NAMES, costs))
    ]
    return Energy(
        rows, 32, "", {}, {}, {}, {}, "mac", "exact", "once", {"name": "memory"}, 200, "npz:/somewhere/test.npz",
        {"method": "sdm", "alpha": 0.2, "beta": 5}, None,
    )  # fmt: skip


ALL = Breakdown(macs=2, acs=3, biases=1, neurons=1, weights=4, potentials=5, activations=2)
CASES = {
    "every cause": measured(*[ALL] * 6),
    "one cause": measured(*[Breakdown(macs=size) for size in (12.0, 0.3, 0.1, 0.2)]),
    "tiny": measured(*[Breakdown(acs=size) for size in (1e-9, 1e-12)]),
    "uneven": measured(ALL, Breakdown(macs=1e-3), Breakdown(acs=900.0, potentials=9000.0)),
    "nothing": measured(Breakdown(), Breakdown()),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_cut_off(case: str, tmp_path: Path) -> None:
    plot_energy(CASES[case], tmp_path / "plot.png")
    pixels = matplotlib.image.imread(tmp_path / "plot.png")[..., :3].min(-1)
    assert pixels.shape[1] == 1400
    for border in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert border.min() > 0.98
    assert 0.01 < float((pixels < 0.9).mean()) < 0.5


def test_every_bar_has_its_name_energy_and_accuracy(tmp_path: Path) -> None:
    plot_energy(CASES["one cause"], tmp_path / "plot.svg")
    written = texts(tmp_path / "plot.svg")
    assert set(NAMES[:4]) <= set(written)
    assert {"12 mJ, 90.00 %", "0.3 mJ, 89.00 %", "0.1 mJ, 88.00 %", "0.2 mJ, 87.00 %"} <= set(written)
    assert "sdm α=0.2 β=5, T=32 — 200 samples of test.npz" in written


def test_the_legend_names_what_can_be_seen(tmp_path: Path) -> None:
    plot_energy(CASES["every cause"], tmp_path / "all.svg")
    causes = {"MACs", "ACs", "biases, norms", "neuron updates", "weight reads", "potentials", "activations, spikes"}
    assert causes <= set(texts(tmp_path / "all.svg"))
    plot_energy(CASES["uneven"], tmp_path / "uneven.svg")
    assert causes & set(texts(tmp_path / "uneven.svg")) == {"ACs", "potentials"}  # 4 of 9,900 mJ are not even a line
    plot_energy(CASES["one cause"], tmp_path / "one.svg")
    assert "MACs" in texts(tmp_path / "one.svg")


def test_text_is_readable_at_half_size(tmp_path: Path) -> None:
    plot_energy(CASES["every cause"], tmp_path / "plot.svg")
    document = (tmp_path / "plot.svg").read_text()
    assert 'width="504pt"' in document
    assert min(float(size) for size in re.findall(r"font(?:-size)?: ?([\d.]+)px", document)) >= 10


def test_equal_results_give_equal_files(tmp_path: Path) -> None:
    for name in "ab":
        plot_energy(CASES["every cause"], tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
