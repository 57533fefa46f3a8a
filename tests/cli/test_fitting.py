"""Clips become what the network takes as it was built, in every command alike; what somebody chose may not go in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import snnconv
from snnconv.convert.fitting import fit
from snnconv.data import open_data
from snnconv.errors import InputError
from snnconv.models import respike

from ..data.video.videos import noise_of, write_video
from .conftest import Command

slowfast_of = pytest.importorskip("pytorchvideo.models.slowfast")
net = pytest.importorskip("pytorchvideo.models.net")
ALPHA = 4


def slowfast(num_classes: int = 2, pools: tuple[tuple[int, int, int], ...] = ((1, 2, 2), (4, 2, 2))) -> nn.Module:
    """A stem for each pathway with strides of 1 and 8, a lateral connection, pooling, a classifier."""

    def stem(width: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv3d(3, width, 1, (1, 8, 8)), nn.ReLU())

    across = nn.Conv3d(2, 2, (3, 1, 1), (ALPHA, 1, 1), (1, 0, 0))
    lateral = slowfast_of.FuseFastToSlow(across, activation=nn.ReLU())
    pooling = nn.ModuleList(nn.AvgPool3d(pool, 1) for pool in pools)
    blocks = (
        net.MultiPathWayWithFuse(multipathway_blocks=nn.ModuleList([stem(4), stem(2)]), multipathway_fusion=lateral),
        slowfast_of.PoolConcatPathway(pool=pooling),
        nn.Sequential(nn.Flatten(), nn.Linear(8, num_classes)),
    )
    model = net.Net(blocks=nn.ModuleList(blocks)).eval()
    for layer in model.modules():
        if isinstance(layer, nn.Conv3d) and layer.bias is not None:
            nn.init.constant_(layer.bias, 2.0)  # some activations are above 0
    return model


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("clips")
    for number, noise in enumerate(noise_of(48, 20, 28).reshape(4, 12, 20, 28, 3)):
        write_video(folder / "ab"[number % 2] / f"{number}.mp4", noise)
    return f"clips:{folder}"


MODEL = ("tiny_video:slowfast", "--arch-arg", "pools=((2, 2, 2), (8, 2, 2))")
TRAINING = ("--epochs", "1", "--batch-size", "4", "--num-classes", "2")
COMMANDS: dict[str, tuple[str, ...]] = {
    "finetune": ("--val", "DATA", *TRAINING),
    "train": ("--val", "DATA", *TRAINING),
    "convert": (),
    "sweep": ("--T", "1", "--calib", "DATA"),
    "energy": ("--T", "1"),
    "report": ("--T", "1", "--method", "sdm"),
}


def arguments_of(name: str, data: str) -> list[str]:
    """The command on the network and the data, which converting calibrates on."""
    given = ["--calib" if name == "convert" else "--data", data, *COMMANDS[name]]
    return [name, *MODEL, *(data if word == "DATA" else word for word in given), "--workers", "0", "-q"]


@pytest.fixture(autouse=True)
def module(tmp_path: Path, unpainted: None) -> None:
    (tmp_path / "tiny_video.py").write_text("from tests.cli.test_fitting import slowfast\n")


SLOW = ("report",)  # sweeps, measures and paints
QUICK_FIRST = [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in COMMANDS]


@pytest.mark.parametrize("name", QUICK_FIRST)
def test_every_command_fits_clips_to_the_network(command: Command, clips: str, name: str) -> None:
    ended = command(*arguments_of(name, clips))
    assert ended.code == 0, ended


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(("options", "got"), [("size=8", "3×2×8×8 and 3×8×8×8"), ("frames=6", "3×6×16×16")])
def test_every_command_refuses_clips_that_do_not_go_in(
    command: Command, clips: str, name: str, options: str, got: str
) -> None:
    ended = command(*arguments_of(name, f"{clips}?{options}"))
    assert ended.code == 2, ended
    assert "the data do not go into the network\n  expected: 3×2×16×16 and 3×8×16×16" in ended.err
    assert f"got: {got}\n" in ended.err
    assert "Traceback" not in ended.err


def test_a_file_of_the_network_is_fitted_too(command: Command, clips: str) -> None:
    """A pickled network tells by its layers, a converted one by its graph."""
    torch.save(slowfast(), "net.pt")
    ended = command(
        "convert", "net.pt", "--calib", clips, "--workers", "0", "-q", "--allow", "pytorchvideo.models.net.Net"
    )
    assert ended.code == 0, ended
    ended = command("sweep", "net.snn.pt2", "--data", clips, "--T", "1", "--workers", "0", "--json", "-q")
    assert ended.code == 0, ended
    assert json.loads(ended.out)["samples"] == 4


def test_respike_takes_frames_that_follow_one_another(clips: str) -> None:
    data, consecutive, every_fourth = (open_data(f"{clips}{options}") for options in ("", "?stride=1", "?stride=4"))
    fit(data, respike(num_classes=2))
    assert isinstance(data.first, torch.Tensor)
    assert isinstance(every_fourth.first, torch.Tensor)
    assert torch.equal(data.first, consecutive.first)  # type: ignore[arg-type]
    fit(every_fourth, respike(num_classes=2))  # chosen
    assert not torch.equal(data.first, every_fourth.first)


def test_arrays_of_clips_come_in_two_pathways(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((4, 3, 4, 16, 16), dtype=np.float32)
    np.savez(tmp_path / "clips.npz", x=x, y=np.arange(4) % 2)
    spec = f"npz:{tmp_path / 'clips.npz'}?layout=NCTHW"
    data = open_data(spec)
    fit(data, slowfast())
    assert data.shape == ((3, 1, 16, 16), (3, 4, 16, 16))
    (slow, fast), _ = data.batch(0)
    assert torch.equal(fast, torch.from_numpy(x))
    assert torch.equal(slow, fast[:, :, :1])
    assert snnconv.convert(slowfast(), T=1, data=spec).plan.input_shapes == [(3, 1, 16, 16), (3, 4, 16, 16)]
    np.savez(tmp_path / "odd.npz", x=x[:, :, :3], y=np.arange(4) % 2)
    with pytest.raises(InputError, match="a multiple of 4 frames"):
        fit(open_data(f"npz:{tmp_path / 'odd.npz'}?layout=NCTHW"), slowfast())
