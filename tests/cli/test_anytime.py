"""`snnconv anytime` on small video networks, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from snnconv.bench import Anytime, ClipAttention
from snnconv.models import svformer

from .conftest import Command

FILES = [f"anytime.{kind}" for kind in ("csv", "json", "png", "svg")]
RESPIKE = ("snnconv:respike", "--arch-arg", "in_channels=1", "--num-classes", "4")
SVFORMER = ("snnconv:svformer", "--arch-arg", "variant=3stg", "--arch-arg", "T=4", "--arch-arg", "size=32",
            "--arch-arg", "in_channels=1", "--num-classes", "4")  # fmt: skip


@pytest.fixture
def clips() -> Path:
    """6 clips of 4 grey frames of 32²."""
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (6, 4, 32, 32), dtype=np.uint8)
    np.savez("clips.npz", x=x, y=np.arange(6) % 4, command=np.arange(6) % 3)
    return Path("clips.npz").absolute()


def test_anytime(command: Command, clips: Path) -> None:
    ended = command("anytime", *RESPIKE, "--data", f"npz:{clips}?layout=NTHW", "--within", "100", "-o", "out", "-q")
    assert (ended.code, ended.err) == (0, "")
    assert sorted(os.listdir("out")) == FILES
    found = Anytime.load("out")
    assert (found.samples, found.within, found.needed, found.unit) == (6, 100.0, 4, 4)
    assert found.model == "snnconv:respike with random weights"
    words = [line.split() for line in ended.out.splitlines() if line]
    assert [line[0] for line in words if line[0] == "4"] == ["4"]
    assert [line[0] for line in words if line[0].startswith("0.")] == [f"{e.confidence:g}" for e in found.exits]
    assert [" ".join(line[:2]) for line in words if line[1].startswith("conv")] == [x.title for x in found.layers]
    assert found.verdict in ended.out.splitlines()
    assert ended.out.splitlines()[-1] == "plot: out/anytime.png"


def test_weights_of_a_file_and_json(command: Command, clips: Path) -> None:
    model = svformer("3stg", 4, T=4, size=32, in_channels=1)
    torch.save(model.state_dict(), "weights.pth")
    model.head.bias.data += torch.tensor([0.0, 9.0, 0.0, 0.0])
    torch.save(model.state_dict(), "other.pth")
    found = []
    for weights in ("weights.pth", "other.pth"):
        ended = command("anytime", *SVFORMER, "--weights", weights, "--data", f"npz:{clips}?layout=NTHW&y=command",
                        "--limit", "5", "--batch-size", "2", "--json", "-o", weights[:5])  # fmt: skip
        assert ended.code == 0
        document = json.loads(ended.out)
        assert sorted(document.pop("files")) == [f"{weights[:5]}/{name}" for name in FILES]
        assert document == json.loads(Path(weights[:5], "anytime.json").read_text())
        found.append(document)
    assert [len(document["rows"]) for document in found] == [4, 4]
    assert found[1]["rows"][-1]["accuracy"] == 40.0  # everything is class 1: 2 of 5
    assert found[1]["exits"][-2]["latency"] == 1.0
    assert found[0]["exits"][-2]["latency"] > 1.0
    assert found[0]["samples"] == 5


def test_an_earlier_one_is_kept(command: Command, clips: Path) -> None:
    arguments = ("anytime", *SVFORMER, "--data", f"npz:{clips}?layout=NTHW", "-o", "out")
    assert command(*arguments).code == 0
    before = Path("out/anytime.json").read_text()
    ended = command(*arguments)
    assert (ended.code, Path("out/anytime.json").read_text()) == (2, before)
    assert "holds a anytime.json already" in ended.err
    assert command(*arguments, "--overwrite", "--seed", "1").code == 0
    assert Path("out/anytime.json").read_text() != before


def test_heat_maps_lie_beside(command: Command, clips: Path) -> None:
    arguments = ("anytime", *RESPIKE, "--data", f"npz:{clips}?layout=NTHW", "-o", "out", "-q", "--attention")
    ended = command(*arguments, "2")
    assert (ended.code, ended.err) == (0, "")
    maps = [f"clip_attention.{kind}" for kind in ("csv", "json", "png", "svg")]
    assert sorted(os.listdir("out")) == sorted([*FILES, *maps])
    assert ended.out.splitlines()[-2:] == ["plot: out/anytime.png", "plot: out/clip_attention.png"]
    found = ClipAttention.load("out")
    assert [(clip.number, clip.label, len(clip.frames)) for clip in found.clips] == [(0, 0, 4), (1, 1, 4)]
    Path("out/anytime.json").unlink()
    ended = command(*arguments, "2")
    assert (ended.code, ended.out) == (2, "")
    assert "clip_attention.json already" in ended.err


DATA = "--data npz:{clips}?layout=NTHW"
ERRORS = {
    f"{{files}}/net.pt {DATA}": ("does not say what it knows", "anytime(x)", "Sequential", "snnconv:respike"),
    f"{{files}}/snn.pt2 {DATA}": ("a program holds no network that can be measured as it is", "snn.pt2"),
    f"snnconv:respike {DATA} --within -1": ("within is out of range", "-1"),
    f"snnconv:respike --arch-arg in_channels=1 {DATA} --device cuda:99": ("device 'cuda:99' is not there",),
    f"snnconv:respike --arch-arg stride=3 --arch-arg in_channels=1 {DATA}": (
        "whole segments",
        "a multiple of the stride 3",
    ),
    f"snnconv:respike --num-classes 2 --arch-arg in_channels=1 {DATA}": ("a label is out of range", "0 to 1"),
    f"snnconv:respike {DATA} -o {{files}}/net.pt": ("output folder is a file",),
    f"snnconv:respike {DATA} --T 4": ("--T",),
    f"snnconv:respike --arch-arg in_channels=1 {DATA} --attention 0": ("too few clips", "clips = 0"),
    "snnconv:respike": ("Missing option '--data'",),
}


@pytest.mark.parametrize("line", ERRORS)
def test_error(line: str, command: Command, files: Path, clips: Path) -> None:
    ended = command("anytime", *line.format(files=files, clips=clips).split())
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    assert all(part in ended.err for part in ERRORS[line])
    assert os.listdir() == ["clips.npz"]
