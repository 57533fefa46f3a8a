"""The command line in this process, and small model and data files to try it on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import snnconv
from snnconv.cli.main import main

from .forked import Forks

SHAPE = (1, 8, 8)


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it printed."""

    code: int | str | None
    out: str
    err: str


Command = Callable[..., Outcome]


def only_json(ended: Outcome) -> dict[str, object]:
    """The one JSON object, alone on standard output."""
    assert ended.code == 0, ended
    assert ended.out.count("\n") == 1
    document = json.loads(ended.out)
    assert isinstance(document, dict)
    return document


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`command("convert", path, …)`: what `snnconv convert path …` does, in this process."""

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["snnconv", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Outcome(ended.value.code, str(printed.out), str(printed.err))

    return call


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in an empty folder, in which nothing may be left behind by an error."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """`forks(arguments, log)`: what a command does in a process of its own."""
    made = Forks()
    yield made
    made.close()


class Payload:
    """Pickles to a call that makes a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("hacked",)


def tiny_network(*, classes: int = 10) -> nn.Sequential:
    first, last = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(4, classes)
    pool = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(first, nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), *pool, last).eval()


def images(count: int = 20) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.random((count, *SHAPE), dtype=np.float32), np.arange(count) % 10


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models (net.*, weights.*, snn.pt2 converted), data (*.npz), and broken ones of each."""
    folder = tmp_path_factory.mktemp("files")
    torch.manual_seed(0)
    network = tiny_network()
    torch.save(network, folder / "net.pt")
    torch.save(network.state_dict(), folder / "weights.pth")
    torch.save({"state": Payload()}, folder / "hostile.pt")
    pools = (nn.FractionalMaxPool2d(2, output_size=size) for size in (3, 1))
    jumping = nn.Sequential(nn.Conv2d(1, 4, 3), nn.SiLU(), *pools)
    torch.save(jumping.append(nn.Flatten()).append(nn.Softmax(1)), folder / "unsupported.pt")
    save_file(network.state_dict(), folder / "weights.safetensors")
    dynamic = ({0: torch.export.Dim("batch", max=1024)},)
    program = torch.export.export(network, (torch.randn(2, *SHAPE),), dynamic_shapes=dynamic)
    torch.export.save(program, folder / "net.pt2")
    whole = (folder / "net.pt").read_bytes()
    (folder / "truncated.pt").write_bytes(whole[: len(whole) // 2])
    (folder / "truncated.onnx").write_bytes(b"\x08\x08\x12\x70pytorch")
    (folder / "arch.py").write_text("from tests.cli.conftest import tiny_network\n")

    x, y = images()
    broken = x.copy()
    broken[3, 0, 2, 2] = np.nan
    np.savez(folder / "data.npz", x=x, y=y)
    np.savez(folder / "many.npz", x=images(90)[0], y=images(90)[1])
    np.savez(folder / "nan.npz", x=broken, y=y)
    np.savez(folder / "colour.npz", x=x.repeat(3, 1), y=y)
    np.savez(folder / "labels.npz", x=x, y=y + 5)
    np.savez(folder / "empty.npz", x=x[:0], y=y[:0])
    snnconv.convert(network, data=[torch.from_numpy(x)]).save(folder / "snn.pt2")
    return folder
