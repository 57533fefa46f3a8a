"""Data of several sizes: each batch holds samples of one, in an order that batches do not change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import snnconv
from snnconv.bench._diagnose import diagnose
from snnconv.bench._robustness import robustness
from snnconv.bench._sweep import sweep
from snnconv.data import DataSource, open_data
from snnconv.data.sizes import by_size
from snnconv.errors import InputError
from snnconv.measure.scoring import accuracy
from snnconv.verification import verify

from .video.videos import cut_off, frames_of, write_video

SIZES = [(12, 10), (8, 8), (12, 10), (9, 14), (8, 8), (8, 8)]  # (height, width), in the order of the data
PIXELS = np.random.default_rng(0).integers(0, 256, (len(SIZES), 14, 14, 3), dtype=np.uint8)


def cut(number: int) -> np.ndarray:
    height, width = SIZES[number]
    return PIXELS[number, :height, :width]


def pictures(folder: Path) -> str:
    """Two classes in turn: samples come as in `SIZES`."""
    for number in range(len(SIZES)):
        path = folder / "pictures" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(cut(number)).save(path)
    return f"imagefolder:{folder / 'pictures'}?size=none"


def arrays(folder: Path) -> str:
    """A file for each run of one size."""
    files = []
    for number in range(len(SIZES)):
        files.append(folder / f"{number}.npz")
        np.savez(files[-1], x=cut(number)[None], y=np.array([number % 2]))
    return "npz:" + ",".join(map(str, files))


def videos(folder: Path) -> str:
    for number, (height, width) in enumerate(SIZES):
        frames = frames_of(4, 4 * (height // 2), 4 * (width // 2))
        write_video(folder / "videos" / "ab"[number % 2] / f"{number}.mp4", frames)
    return f"clips:{folder / 'videos'}?size=none&frames=2&stride=1"


MADE = {"imagefolder": pictures, "npz": arrays, "clips": videos}
GROUPED = [0, 2, 1, 4, 5, 3]  # by size, sizes as they first come


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("sizes")
    return {kind: make(folder) for kind, make in MADE.items()}


def samples(data: DataSource) -> list[tuple[Tensor, int]]:
    return [(x, int(label)) for batch, labels in data for x, label in zip(batch, labels)]


@pytest.mark.parametrize("kind", MADE)
def test_the_same_samples_in_the_same_order_for_every_batch_size(kind: str, specs: dict[str, str]) -> None:
    alone = samples(open_data(specs[kind], batch_size=1))
    assert [label for _, label in alone] == [place % 2 for place in GROUPED]
    for batch_size in (2, 3, 64):
        data = open_data(specs[kind], batch_size=batch_size)
        batches = [tuple(x.shape) for x, _ in data]  # type: ignore[union-attr]
        assert len(batches) == data.batches
        assert all(shape[0] <= batch_size for shape in batches)
        together = samples(data)
        assert len(together) == len(data) == len(alone)
        assert all(torch.equal(x, other) and y == label for (x, y), (other, label) in zip(together, alone))
        for number, (x, _) in enumerate(data):
            assert torch.equal(data.batch(number)[0], x)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["imagefolder", "npz"])
def test_every_sample_keeps_its_own_size(kind: str, specs: dict[str, str]) -> None:
    for place, (x, _) in zip(GROUPED, samples(open_data(specs[kind]))):
        torch.testing.assert_close(x, torch.from_numpy(cut(place).copy()).permute(2, 0, 1) / 255)


@pytest.mark.parametrize("kind", MADE)
def test_a_limit_takes_the_first_of_the_data(kind: str, specs: dict[str, str]) -> None:
    data = open_data(specs[kind], limit=3, batch_size=2)
    assert [label for _, label in samples(data)] == [0, 0, 1]
    assert data.batches == 2


def test_by_size() -> None:
    assert by_size("abacbb", 2) == [[0, 2], [1, 4], [5], [3]]
    assert by_size("aaa", 2) == [[0, 1], [2]]


class Pooled(nn.Module):
    """Takes pictures of every size."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.relu, self.head = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.relu(self.conv(x)).mean((2, 3)))


@pytest.mark.parametrize("kind", ["imagefolder", "npz"])
def test_accuracy_and_noise_do_not_depend_on_the_batch_size(kind: str, specs: dict[str, str]) -> None:
    network = Pooled().eval()
    found = set()
    for batch_size in (1, 2, 64):
        data = open_data(specs[kind], batch_size=batch_size)
        rows = robustness(network, data, gaussian=(2.0,), salt_pepper=(0.5,)).rows
        found.add((accuracy(network, data), *(row.accuracy for row in rows)))
    assert len(found) == 1


@pytest.mark.parametrize("kind", ["imagefolder", "npz"])
@pytest.mark.parametrize("measure", [accuracy, sweep])
def test_a_network_of_one_size_names_the_first_sample_of_another(
    measure: Any, kind: str, specs: dict[str, str]
) -> None:
    """Its head takes as many features as a picture of 12 × 10 has."""
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(160, 2)).eval()
    snn = snnconv.convert(network, T=2, input_shape=(3, 12, 10))
    with pytest.raises(InputError, match=r"a size that the network does not take[\s\S]*got: sample 1, \(3, 8, 8\)"):
        measure(snn, open_data(specs[kind]))


def test_a_diagnosis_takes_one_size(specs: dict[str, str]) -> None:
    snn = snnconv.convert(Pooled().eval(), T=2, input_shape=(3, 12, 10))
    with pytest.raises(InputError, match=r"a diagnosis[\s\S]*one size[\s\S]*got: another one in sample 1"):
        diagnose(snn, open_data(specs["npz"]))


def test_calibration_and_verify_take_several_sizes(specs: dict[str, str]) -> None:
    """Thresholds come from all of them; what needs one size takes the first."""
    network = Pooled().eval()
    found = []
    for batch_size in (1, 64):
        data = open_data(specs["npz"], batch_size=batch_size)
        snn = snnconv.convert(network, T=4, data=data, method="sdm", corrections=("shift", "bias", "potential"))
        found.append(snn.network.state_dict())
    assert all(torch.allclose(value, found[1][name], atol=1e-6) for name, value in found[0].items())
    verified = verify(network, data=open_data(specs["npz"]))
    assert verified.held
    assert any("samples of one size, (3, 12, 10); the data hold others" in notice for notice in verified.notices)


def test_training_takes_one_size(specs: dict[str, str]) -> None:
    for kind in MADE:
        with pytest.raises(InputError, match=r"training takes samples of one size[\s\S]*sample 1"):
            next(open_data(specs[kind]).drawn([[0, 1]], [[0, 1]]))


def test_options_that_do_not_go_together(specs: dict[str, str]) -> None:
    for kind, more, problem in (
        ("imagefolder", "&resize=20", "do not go together"),
        ("clips", "&resize=20", "do not go together"),
        ("clips", "&views=1x3", "several crops of a frame need a size"),
    ):
        with pytest.raises(InputError, match=problem):
            open_data(specs[kind] + more)
    with pytest.raises(InputError, match="several crops"):
        open_data(specs["clips"], views="1x3")


def test_broken_files_among_several_sizes(tmp_path: Path) -> None:
    """A video is left out and named; a picture is an error."""
    spec = videos(tmp_path)
    cut_off(tmp_path / "videos" / "b" / "1.mp4", 0.1)
    data = open_data(spec)
    assert len(samples(data)) == len(SIZES) - 1
    spec = pictures(tmp_path)
    (tmp_path / "pictures" / "b" / "3.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"a picture cannot be read[\s\S]*3\.png"):
        samples(open_data(spec))
