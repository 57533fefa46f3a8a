"""Files that 0.1.0 wrote open as they did: networks give the same numbers, results say the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv import InputError
from snnconv.bench import Diagnosis, Energy, Latency, Robustness, Sweep
from snnconv.data import open_data
from snnconv.io import open_model
from snnconv.measure.result import Result
from snnconv.training import FineTuning, Training, finetune
from snnconv.verification import Verification

FILES = Path(__file__).parent / "data" / "saved_by_0_1_0"
RESULTS: list[type[Result]] = [Sweep, Energy, Diagnosis, Latency, Robustness, Verification, FineTuning, Training]


def small(num_classes: int = 3) -> nn.Module:
    """What `trained.pt` was trained as: its `small:net`."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, num_classes)
    )


def expected(name: str) -> tuple[Tensor, Tensor]:
    outputs = np.load(FILES / "outputs.npz")
    return torch.from_numpy(outputs["x"]), torch.from_numpy(outputs[name])


@pytest.mark.parametrize("name", ["converted", "auto"])
def test_a_converted_network_gives_the_same_outputs(name: str) -> None:
    x, y = expected(name)
    snn = snnconv.load(FILES / f"{name}.snn.pt2")
    torch.testing.assert_close(snn(x), y, atol=1e-6, rtol=1e-6)
    with pytest.raises(InputError, match="saved with its sizes fixed; convert the model again"):
        snn(torch.zeros(1, 1, 16, 16))


def test_a_fine_tuned_network_gives_the_same_outputs_and_converts() -> None:
    x, y = expected("clipped")
    network = open_model(str(FILES / "clipped.pt2")).model
    torch.testing.assert_close(network.eval()(x), y, atol=1e-6, rtol=1e-6)
    assert snnconv.convert(network, method="sdm", T=2)(x).shape == (4, 3)


def test_a_trained_network_opens_where_its_code_is_named() -> None:
    with pytest.raises(InputError, match=r"could be any code(.|\n)*--arch small:net"):
        open_model(str(FILES / "trained.pt"))
    opened = open_model(str(FILES / "trained.pt"), arch=f"{__name__}:small", num_classes=3)
    assert opened.model(torch.zeros(2, 1, 8, 8)).shape == (2, 3)


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.NAME)
def test_results_say_the_same(kind: type[Result], tmp_path: Path) -> None:
    written = json.loads((FILES / f"{kind.NAME}.json").read_text())
    shutil.copy(FILES / f"{kind.NAME}.json", tmp_path)
    again = kind.load(tmp_path).to_dict()
    rows = next(key for key in ("rows", "checks", "epochs", "sites") if key in written)
    assert len(again[rows]) == len(written[rows]) > 0
    for found, before in zip(again[rows], written[rows], strict=True):
        assert {key: found[key] for key in before} == before


def test_journals_and_checkpoints_without_checks_are_refused_by_name(tmp_path: Path) -> None:
    """What they hold may be damaged, and nobody could tell: a run starts afresh, if it is told so."""
    data = open_data(f"npz:{FILES / 'data.npz'}")
    for name in ("sweep.jsonl", "checkpoint.pt"):
        shutil.copy(FILES / name, tmp_path)
    with pytest.raises(InputError, match=r"another version(.|\n)*format 1(.|\n)*start afresh"):
        snnconv.bench.sweep(snnconv.load(FILES / "converted.snn.pt2"), data, T=(1,), folder=tmp_path)
    with pytest.raises(InputError, match=r"format 1(.|\n)*start afresh"):
        finetune(open_model(str(FILES / "clipped.pt2")).model, data, data, epochs=1, folder=tmp_path)
