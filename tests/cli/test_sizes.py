"""Commands that count operations, on data of several sizes that are not that of the conversion."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import snnconv
from snnconv.bench import Sweep
from snnconv.cost.energy import Energy

from .conftest import Command

SIZES = ((6, 9), (11, 7))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.relu, self.fc = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.relu(self.a(x)).mean((2, 3)))


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder, random = tmp_path_factory.mktemp("sizes"), np.random.default_rng(0)
    files = []
    for size in SIZES:
        x = random.integers(0, 256, (2, *size, 3), dtype=np.uint8)
        files.append(folder / f"{size[0]}.npz")
        np.savez(files[-1], x=x, y=np.array([0, 1]))
        for label, image in enumerate(x):
            path = folder / "pictures" / "ab"[label] / f"{size[0]}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    snnconv.convert(Net().eval(), 2, input_shape=(3, 8, 8)).save(folder / "snn.pt2")
    return {
        "npz": f"npz:{files[0]},{files[1]}",
        "imagefolder": f"imagefolder:{folder / 'pictures'}?size=none",
        "network": str(folder / "snn.pt2"),
    }


@pytest.mark.parametrize("kind", ["npz", "imagefolder"])
@pytest.mark.parametrize("name", ["sweep", "energy", "latency"])
def test_a_file_on_several_sizes(name: str, kind: str, command: Command, specs: dict[str, str]) -> None:
    """Pixels and samples are the same in both kinds of data."""
    T = {"sweep": ["--T", "1,2"], "energy": ["--T", "2"], "latency": ["--T", "2"]}[name]
    ended = command(name, specs["network"], "--data", specs[kind], *T, "-o", "out", "-q")
    assert (ended.code, ended.err) == (0, "")
    pixels = sum((height - 2) * (width - 2) for height, width in SIZES) / 2  # of a map, on average
    if name == "sweep":
        found = Sweep.load("out")
        assert found.curves[0].neurons == 4 * pixels
        assert [row.macs for row in found.rows] == [27 * 4 * pixels] * 2
        assert found.baselines[0].ops == 27 * 4 * pixels + 8
    elif name == "energy":
        rows = Energy.load("out").rows
        assert (rows[0].macs, rows[-1].macs) == (27 * 4 * pixels + 8, 27 * 4 * pixels)


def test_a_comparison_on_several_sizes(command: Command, specs: dict[str, str]) -> None:
    ended = command("compare", f"{__name__}:Net", "--methods", "sdm,if", "--T", "1,2", "--calib", specs["npz"],
                    "--data", specs["npz"], "-o", "out", "-q")  # fmt: skip
    assert ended.code == 0, ended
    assert {curve.neurons for curve in Sweep.load("out").curves} == {4 * (4 * 7 + 9 * 5) / 2}
