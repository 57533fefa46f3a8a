"""The files of a sweep: they agree, they are valid, and they appear together or not at all."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import pytest

from snnconv import InputError
from snnconv.bench import Row, Sweep

FILES = ["sweep.csv", "sweep.json", "sweep.png", "sweep.svg"]


@pytest.fixture(scope="module")
def folder(swept: Sweep, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("swept") / "new" / "folder"
    assert swept.save(folder) == [folder / f"sweep.{kind}" for kind in ("json", "csv", "png", "svg")]
    return folder


def with_steps(swept: Sweep, *steps: int) -> Sweep:
    return replace(swept, rows=[Row(swept.curves[0].setting, t, 90.0, 0.5 * t, 10.0 * t) for t in steps])


def test_nothing_else_is_written(folder: Path) -> None:
    assert sorted(os.listdir(folder)) == FILES


def test_csv_and_json_agree(swept: Sweep, folder: Path) -> None:
    document = json.loads((folder / "sweep.json").read_text())
    with (folder / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert document["rows"] == [asdict(row) for row in swept.rows]
    shown = [{key: "" if value is None else str(value) for key, value in row.items()} for row in document["rows"]]
    assert rows == shown
    assert document == swept.to_dict()


def test_png(folder: Path) -> None:
    pixels = matplotlib.image.imread(folder / "sweep.png")
    height, width = pixels.shape[:2]
    assert width == 1400
    assert 550 < height < 750
    assert 0.02 < float((pixels[..., :3].min(-1) < 0.9).mean()) < 0.5  # drawn, and mostly paper
    assert 5_000 < (folder / "sweep.png").stat().st_size < 500_000


def texts(path: Path) -> list[str]:
    """What is written in an SVG."""
    return ["".join(node.itertext()).strip() for node in ElementTree.parse(path).iter() if node.tag.endswith("}text")]


def test_svg(swept: Sweep, folder: Path) -> None:
    written = texts(folder / "sweep.svg")
    for text in ("Accuracy", "Activity", "time steps T", "top-1 accuracy (%)", "spikes per neuron", "SNN"):
        assert text in written
    assert f"ANN {swept.ann_accuracy:.2f} %" in written
    assert written.count("4") >= 2  # the longest T, on both axes
    assert any("sdm-zero α=0.2 β=5" in text and "150 samples of fashion:test" in text for text in written)
    assert (folder / "sweep.svg").stat().st_size < 200_000


def test_equal_sweeps_give_equal_files(swept: Sweep, folder: Path, tmp_path: Path) -> None:
    swept.save(tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize(
    ("steps", "shown"),
    [
        ((4,), ["4"]),
        ((1, 3, 9), ["1", "3", "9"]),
        (tuple(range(1, 33)), ["1", "2", "4", "8", "16", "32"]),
        (tuple(range(33, 53)), ["33", "36", "39", "42", "45", "48", "51"]),
    ],
)
def test_ticks_are_time_steps_that_were_measured(
    steps: tuple[int, ...], shown: list[str], swept: Sweep, tmp_path: Path
) -> None:
    with_steps(swept, *steps).plot(tmp_path / "plot.svg")
    written = texts(tmp_path / "plot.svg")
    start = written.index(shown[0])
    assert written[start : start + len(shown) + 1] == [*shown, "time steps T"]


def test_a_network_that_never_fires_can_be_drawn(swept: Sweep, tmp_path: Path) -> None:
    silent = replace(swept, rows=[replace(row, spikes=0.0, spikes_per_neuron=0.0) for row in swept.rows])
    silent.plot(tmp_path / "plot.png")


def test_pdf_by_its_suffix(swept: Sweep, tmp_path: Path) -> None:
    swept.plot(tmp_path / "plot.pdf")
    assert (tmp_path / "plot.pdf").read_bytes().startswith(b"%PDF")


def test_all_files_or_none(swept: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure while the last file is written leaves what was there."""
    (tmp_path / "sweep.json").write_text("earlier")
    plot = Sweep.plot

    def fail_on_svg(self: Sweep, path: Path) -> None:
        if path.suffix == ".svg":
            raise KeyboardInterrupt
        plot(self, path)

    monkeypatch.setattr(Sweep, "plot", fail_on_svg)
    with pytest.raises(KeyboardInterrupt):
        swept.save(tmp_path)
    assert os.listdir(tmp_path) == ["sweep.json"]
    assert (tmp_path / "sweep.json").read_text() == "earlier"
    monkeypatch.undo()
    swept.save(tmp_path)
    assert sorted(os.listdir(tmp_path)) == FILES


def test_folder_that_cannot_be_made(swept: Sweep, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot make the output folder"):
        swept.save(tmp_path / "file" / "folder")
