"""Commands on folders of clips: what is measured, what is told, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from ..data.video.trees import ucf101
from ..data.video.videos import cut_off, noise_of, write_video
from .conftest import Command

OPTIONS = "?frames=3&stride=1&size=16"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    layers = (nn.Conv3d(3, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 2))
    nn.init.constant_(layers[0].bias, 1.0)  # some activations above 0
    torch.save(nn.Sequential(*layers), tmp_path / "model.pt")
    return tmp_path / "model.pt"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six clips in two classes; one is cut off."""
    for number, noise in enumerate(noise_of(36, 20, 28).reshape(6, 6, 20, 28, 3)):
        write_video(tmp_path / "clips" / "ab"[number % 2] / f"{number}.mp4", noise)
    cut_off(tmp_path / "clips" / "b" / "3.mp4", 0.5)
    return tmp_path / "clips"


def test_sweep(command: Command, model: Path, folder: Path, tmp_path: Path) -> None:
    data = f"clips:{folder}{OPTIONS}"
    arguments = (
        "sweep",
        model,
        "--calib",
        data,
        "--data",
        data,
        "--T",
        "1,2",
        "--workers",
        "2",
        "--json",
        "--method",
        "sdm",
    )
    single = command(*arguments, "-o", tmp_path / "single")
    views = command(*arguments, "-o", tmp_path / "views", "--views", "2x3")
    assert (single.code, views.code) == (0, 0)
    for ended in (single, views):
        assert ended.err.count("1 of 6 files cannot be read and are left out: b/3.mp4 (") == 1
    one, other = json.loads(single.out), json.loads(views.out)
    assert one["samples"] == other["samples"] == 5
    assert other["data"] == f"clips:{folder}{OPTIONS} in 2x3 views"
    resumed = command(*arguments, "-o", tmp_path / "single", "--views", "2x3")
    assert resumed.code == 2
    assert "another configuration" in resumed.err


def test_strict(command: Command, model: Path, folder: Path, tmp_path: Path) -> None:
    data = f"clips:{folder}{OPTIONS}"
    ended = command("sweep", model, "--data", data, "-o", tmp_path / "out", "--strict", "--workers", "0")
    assert ended.code == 2
    assert "a file cannot be read" in ended.err
    assert "where: b/3.mp4" in ended.err
    ended = command("convert", model, "--calib", data, "-o", tmp_path / "snn.pt2", "--strict", "--workers", "1")
    assert ended.code == 2
    assert "where: b/3.mp4" in ended.err


def test_official_parts(command: Command, model: Path, tmp_path: Path) -> None:
    root = ucf101(tmp_path / "data")
    parts = ("--calib", f"ucf101:{root}:train1{OPTIONS}", "--data", f"ucf101:{root}:test1{OPTIONS}")
    ended = command(
        "energy", model, *parts, "--method", "sdm", "--T", "2", "-o", tmp_path / "out", "--views", "2x1", "--json"
    )
    assert ended.code == 0
    assert json.loads(ended.out)["samples"] == 2


@pytest.mark.parametrize(("arguments", "said"), [
    (("--views", "5"), "this is not a number of views"),
    (("--workers", "-1"), "--workers"),
])  # fmt: skip
def test_wrong_options(
    command: Command, model: Path, folder: Path, tmp_path: Path, arguments: tuple[str, str], said: str
) -> None:
    ended = command("latency", model, "--data", f"clips:{folder}{OPTIONS}", "-o", tmp_path / "out", *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_views_of_images(command: Command, model: Path, tmp_path: Path) -> None:
    ended = command("sweep", model, "--data", "fashion", "--views", "5x3", "-o", tmp_path / "out")
    assert ended.code == 2
    assert "only video clips have views" in ended.err


def test_clips_are_fitted_to_the_network(command: Command, folder: Path, tmp_path: Path) -> None:
    """A network that tells its inputs, here 2 frames of 16×16, gets such clips where nobody asks for others."""
    layers = (nn.Conv3d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 2 * 16 * 16, 2))
    network = nn.Sequential(*layers)
    network.input_shapes = ((3, 2, 16, 16),)  # type: ignore[assignment]
    torch.save(network, tmp_path / "told.pt")
    data = f"clips:{folder}"
    quick = ("--method", "sdm", "--workers", "0", "-q", "--json")
    ended = command("sweep", tmp_path / "told.pt", "--calib", data, "--data", data, "--T", "1", *quick)
    assert ended.code == 0, ended
    assert command("convert", tmp_path / "told.pt", "--calib", data, "-o", "told.snn.pt2", *quick).code == 0
    ended = command("sweep", "told.snn.pt2", "--data", data, "--T", "1", "-o", "again", "--workers", "0", "-q")
    assert ended.code == 0, ended
    ended = command("sweep", "told.snn.pt2", "--data", f"{data}?frames=3", "--T", "1", "-o", "other", "--workers", "0")
    assert ended.code == 2, ended
