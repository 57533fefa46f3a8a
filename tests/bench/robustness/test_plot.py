"""The picture: a panel a kind of noise, a line a network, nothing cut off."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import pytest

from snnconv.bench._robustness import NoiseRow, Robustness

from ...plots.made import texts

QUERY = "mouths_of_one_speaker.npz?layout=NTHW&y=command&where=!train&frames=0:16"
GAUSSIAN, SALT = (0.05, 0.1, 0.5, 1.0), (0.1, 0.2, 0.3)


def made(
    networks: tuple[str, ...], gaussian: tuple[float, ...] = GAUSSIAN, salt: tuple[float, ...] = SALT
) -> Robustness:
    cases = [("none", 0.0), *(("gaussian", a) for a in gaussian), *(("salt-pepper", P) for P in salt)]
    rows = [
        NoiseRow(network, kind, level, 90 / (1 + 2 * level + number))
        for number, network in enumerate(networks)
        for kind, level in cases
    ]
    settings = {"method": "sdm", "alpha": 0.5, "beta": 2} if len(networks) > 1 else {}
    T = 4 if len(networks) > 1 else None
    return Robustness(rows, True, 1000, "npz:/somewhere/test.npz", T, settings, None)


CASES = {
    "converted": made(("SNN, T=4", "ANN")),
    "as it is": made(("a_network_with_quite_a_long_name",)),
    "gaussian alone": made(("net",), salt=()),
    "many levels": made(("net",), tuple(round(0.02 * n, 2) for n in range(1, 51)), tuple(n / 50 for n in range(1, 51))),
    "no noise": made(("net",), (), ()),
    "a query": replace(made(("a_network",)), data="npz:/somewhere/" + QUERY),
}


@pytest.mark.parametrize("case", list(CASES))
def test_nothing_is_cut_off(case: str, tmp_path: Path) -> None:
    CASES[case].plot(tmp_path / "plot.png")
    CASES[case].plot(tmp_path / "plot.svg")
    pixels = matplotlib.image.imread(tmp_path / "plot.png")[..., :3].min(-1)
    assert pixels.shape[1] == 1400  # 7 inches at 200 dpi
    for border in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert border.min() > 0.98
    sizes = re.findall(r"font(?:-size)?: ?([\d.]+)px", (tmp_path / "plot.svg").read_text())
    assert min(map(float, sizes)) >= 10


def test_what_is_written(tmp_path: Path) -> None:
    CASES["converted"].plot(tmp_path / "plot.svg")
    written = texts(tmp_path / "plot.svg")
    assert {"Gaussian noise", "Salt-and-pepper noise", "SNN, T=4", "ANN", "probability P of a pixel"} <= set(written)
    assert "sdm α=0.5 β=2, T=4 — 1,000 samples of test.npz" in written
    assert {"0", "0.1", "0.2", "0.3", "0.5", "1"} <= set(written)
    assert "0.05" not in written  # no room beside 0
    CASES["gaussian alone"].plot(tmp_path / "plot.svg")
    written = texts(tmp_path / "plot.svg")
    assert "net — 1,000 samples of test.npz" in written
    assert "Salt-and-pepper noise" not in written


def test_equal_results_give_equal_files(tmp_path: Path) -> None:
    for name in "ab":
        CASES["converted"].plot(tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
