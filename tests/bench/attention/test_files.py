"""The files of the heat-maps, and what stands in the picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest

from snnconv import SpikingNetwork
from snnconv.bench import Attention, attention
from snnconv.data import DataSource, open_data

from .conftest import IMAGES, STEPS


@pytest.fixture(scope="module")
def folder(seen: Attention, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attention")
    seen.save(folder)
    return folder


def test_files(seen: Attention, folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [f"attention.{k}" for k in ("csv", "json", "png", "svg")]
    assert Attention.load(folder) == seen
    lines = (folder / "attention.csv").read_text().splitlines()
    assert lines[0] == "image,T,correlation,overlap,label,ann_class,snn_class"
    assert len(lines) == 1 + IMAGES * len(STEPS)
    assert len(json.loads((folder / "attention.json").read_text())["images"][0]["ann"]) == 7


def test_the_picture_says_what_it_shows(seen: Attention, folder: Path) -> None:
    drawn = ElementTree.parse(folder / "attention.svg").iter()
    written = ["".join(node.itertext()).strip() for node in drawn if node.tag.endswith("}text")]
    text = " ".join(written)
    assert seen.note.replace("-", "") in text.replace("-", "")
    for part in ("Whole spikes have no gradient", "the clip's gradient backward", "time-mean activations forward"):
        assert part in seen.note
    for title in ("input", "ANN", *(f"SNN, T={t}" for t in STEPS), f"class {seen.images[0].target}"):
        assert title in written
    step = seen.images[0].snn[0]
    assert f"{step.predicted} · r {step.correlation:.3f}" in written


def test_png(folder: Path) -> None:
    pixels = matplotlib.image.imread(folder / "attention.png")
    assert pixels.shape[1] == 1400
    colourful = np.ptp(pixels[..., :3], axis=-1) > 0.2
    assert 0.02 < colourful.mean() < 0.6


LONG = "a.module.with.quite_a_long_name.at_the.end_of_the.network.relu#2"


@pytest.mark.parametrize(("count", "steps", "layer"), [(1, 1, LONG), (1, 3, "relu4"), (3, 3, LONG), (2, 12, "relu4")])
def test_nothing_is_cut_off(seen: Attention, count: int, steps: int, layer: str, tmp_path: Path) -> None:
    """The outermost pixels are paper."""
    kept = [replace(image, snn=(image.snn * 4)[:steps]) for image in (seen.images * 3)[:count]]
    similarity = (seen.similarity * 4)[:steps]
    shown = replace(seen, images=kept, similarity=similarity, note=seen.note.replace("relu4", layer))
    shown.plot(tmp_path / "plot.png")
    pixels = matplotlib.image.imread(tmp_path / "plot.png")[..., :3].min(-1)
    for border in (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:]):
        assert border.min() > 0.98


def test_equal_measurements_give_equal_files(
    seen: Attention, snn: SpikingNetwork, images: DataSource, folder: Path, tmp_path: Path
) -> None:
    again = attention(snn, images, T=STEPS, images=IMAGES)
    assert again.images == seen.images
    again.save(tmp_path)
    for kind in ("csv", "png", "svg"):
        assert (tmp_path / f"attention.{kind}").read_bytes() == (folder / f"attention.{kind}").read_bytes()


def test_data_without_labels_and_fewer_than_asked(snn: SpikingNetwork, tmp_path: Path) -> None:
    x, _ = next(iter(open_data("fashion", limit=2)))
    result = attention(snn, [x], T=[1])
    assert [image.label for image in result.images] == [None, None]
    result.plot(tmp_path / "plot.png")
    assert {row["label"] for row in result.table()} == {None}
