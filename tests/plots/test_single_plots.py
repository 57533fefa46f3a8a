"""The pictures of one network: diagnosis and latency, from one site and one step to very many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import pytest

from snnconv import SpikingNetwork
from snnconv.bench import Diagnosis, Latency, diagnose, latency
from snnconv.bench._diagnose import PARTS
from snnconv.bench._latency import Step
from snnconv.data import DataSource
from snnconv.plots import diagnose as plots

from ..bench.diagnose.sites import site


@pytest.fixture(scope="module")
def diagnosis(snn: SpikingNetwork, images: DataSource) -> Diagnosis:
    return diagnose(snn, images, T=2)


@pytest.fixture(scope="module")
def measured(snn: SpikingNetwork, images: DataSource) -> Latency:
    return latency(snn, images, T=8)


def texts(path: Path) -> list[str]:
    """What is written in an SVG."""
    return ["".join(node.itertext()).strip() for node in ElementTree.parse(path).iter() if node.tag.endswith("}text")]


def drawn(path: Path) -> float:
    """The share of a PNG that is not paper."""
    return float((matplotlib.image.imread(path)[..., :3].min(-1) < 0.9).mean())


def test_diagnosis(diagnosis: Diagnosis, tmp_path: Path) -> None:
    diagnosis.plot(tmp_path / "d.svg")
    diagnosis.plot(tmp_path / "d.png")
    written = texts(tmp_path / "d.svg")
    titles = ("Firing rate", "Silence, saturation", "Activation bias", "Error split", "share (%)", "mean |φ − a|")
    for text in (*titles, *PARTS, *(place.site for place in diagnosis.sites)):
        assert text in written
    assert any("sdm-zero α=0.2 β=5, T=2" in text and "150 samples of fashion:test" in text for text in written)
    assert 0.05 < drawn(tmp_path / "d.png") < 0.6


@pytest.mark.parametrize("plot", [plots.plot_firing_rate, plots.plot_activation_bias, plots.plot_error_split])
def test_single_panels(plot: Callable[[Diagnosis, Path], None], diagnosis: Diagnosis, tmp_path: Path) -> None:
    plot(diagnosis, tmp_path / "p.svg")
    plot(diagnosis, tmp_path / "p.png")
    assert {place.site for place in diagnosis.sites} <= set(texts(tmp_path / "p.svg"))
    assert drawn(tmp_path / "p.png") > 0.03


@pytest.mark.parametrize("count", [1, 17, 60, 200])
def test_many_sites_in_execution_order(count: int, diagnosis: Diagnosis, tmp_path: Path) -> None:
    names = [f"stage{number}.act" for number in range(count)]
    replace(diagnosis, sites=[site(name, 1.0, clipping=0.1) for name in names]).plot(tmp_path / "d.svg")
    shown = [text for text in texts(tmp_path / "d.svg") if text in names]
    assert shown == names[:: -(-count // 24)]


def test_sites_that_do_nothing_can_be_drawn(diagnosis: Diagnosis, tmp_path: Path) -> None:
    silent = replace(site("a", 0.0), firing_rate=0.0, negative=0.0)
    replace(diagnosis, sites=[silent, silent]).plot(tmp_path / "d.png")
    assert drawn(tmp_path / "d.png") > 0.01


def test_latency(measured: Latency, tmp_path: Path) -> None:
    measured.plot(tmp_path / "l.svg")
    measured.plot(tmp_path / "l.png")
    written = texts(tmp_path / "l.svg")
    found = measured.rows[(measured.needed or 0) - 1]
    for text in ("ANN", "within 0.5", "early exit", "SNN, fixed T", "time steps T", "mean time steps of a sample",
                 f"T = {found.latency}: {found.accuracy:.2f} %"):  # fmt: skip
        assert text in written
    assert drawn(tmp_path / "l.png") > 0.03


def test_a_latency_that_was_not_found_and_one_with_warm_up(measured: Latency, tmp_path: Path) -> None:
    one = replace(measured, rows=[Step(1, 4, 20.0)], needed=None, first=None, warm_up=3, within=0.0)
    one.plot(tmp_path / "l.svg")
    written = texts(tmp_path / "l.svg")
    assert "time steps T, 3 of warm-up counted" in written
    assert not any(text.startswith("T = ") for text in written)
