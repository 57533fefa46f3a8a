"""Clips in several views: accuracy is of clips, by their mean softmax; files that cannot be read are passed over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv import SpikingNetwork, convert
from snnconv.bench import energy, latency, sweep
from snnconv.data import DataSource, open_data
from snnconv.measure.evaluate import is_empty, of_samples

from ..data.video.videos import cut_off, noise_of, write_video

STEPS = (1, 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 clips of noise in two classes. In batches of two, the second has no clip that can be read."""
    root = tmp_path_factory.mktemp("clips")
    noise = noise_of(12 * 10, 20, 28)
    for number in range(12):
        path = write_video(root / "ab"[number % 2] / f"{number:02d}.mp4", noise[number * 10 : number * 10 + 10])
        if number in (2, 3, 8):
            cut_off(path, 0.5)
    return root


def source(folder: Path, views: str | None, batch_size: int) -> DataSource:
    return open_data(f"clips:{folder}?frames=3&stride=1&size=16&resize=18", batch_size=batch_size, views=views)


@pytest.fixture(scope="module")
def snn(folder: Path) -> SpikingNetwork:
    torch.manual_seed(1)
    layers = (nn.Conv3d(3, 6, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(6, 8))
    return convert(nn.Sequential(*layers, nn.ReLU(), nn.Linear(8, 2)), data=source(folder, None, 4), method="sdm")


def views_of(data: DataSource, V: int) -> Iterator[tuple[Tensor, int]]:
    """The views of every clip that can be read, and its class."""
    for x, y in data:
        assert isinstance(x, Tensor)
        yield from zip(x.split(V), y[::V].tolist())


def test_the_mean_softmax() -> None:
    scores = torch.tensor([[4.0, 0.0], [0.0, 1.0], [0.0, 2.0], [0.0, 0.0]])
    found = of_samples(scores[None], 2)
    assert found.shape == (1, 2, 2)
    torch.testing.assert_close(found.exp()[0, 0], scores[:2].softmax(1).mean(0))
    assert of_samples(scores, 1) is scores
    # a sure view counts for more than two that lean the other way, which a vote would follow
    assert of_samples(torch.tensor([[4.0, 0.0], [0.0, 0.4], [0.0, 0.4]]), 3).argmax() == 0


@pytest.mark.parametrize("views", ["2x3", "1x1"])
def test_sweeps_count_clips(snn: SpikingNetwork, folder: Path, views: str, tmp_path: Path) -> None:
    V = {"2x3": 6, "1x1": 1}[views]
    data = source(folder, views, 2 * V)
    assert is_empty(data.batch(1))
    result = sweep(snn, data, STEPS, folder=tmp_path)
    assert result.samples == 9
    assert result.complete
    clips = list(views_of(data, V))
    with torch.no_grad():
        right = sum(int(snn.ann(x).softmax(1).mean(0).argmax()) == y for x, y in clips)
        assert result.ann_accuracy == pytest.approx(100 * right / 9)
        for row in result.rows:
            runs = [(snn.run(x, T=row.T), y) for x, y in clips]
            right = sum(int(run.logits[-1].softmax(1).mean(0).argmax()) == y for run, y in runs)
            assert row.accuracy == pytest.approx(100 * right / 9)
            spikes = sum(int(fired.sum()) for run, _ in runs for fired in run.spikes.values())
            assert row.spikes == pytest.approx(spikes / (9 * V)), "of one view"
    assert any("6 views" in notice for notice in result.curves[0].notices) == (V == 6)
    again = sweep(snn, data, STEPS, folder=tmp_path)  # from its journal
    assert again.rows == result.rows


def test_the_other_measurements_agree(snn: SpikingNetwork, folder: Path) -> None:
    data = source(folder, "2x3", 12)
    swept, spent, waited = sweep(snn, data, (3,)), energy(snn, data, T=3), latency(snn, data, T=3)
    assert spent.samples == waited.samples == 9
    assert spent.rows[-1].accuracy == waited.rows[-1].accuracy == swept.rows[0].accuracy
    assert spent.rows[0].accuracy == waited.ann_accuracy == swept.ann_accuracy
    assert spent.rows[-1].acs == pytest.approx(swept.rows[0].synops)
    assert spent.rows[0].macs == pytest.approx(energy(snn, source(folder, None, 4), T=3).rows[0].macs)
    for notices in (spent.notices, waited.notices):
        assert any("mean softmax of 6 views; costs are of one view" in notice for notice in notices)


def test_broken_files_are_named_at_the_end(snn: SpikingNetwork, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    sweep(snn, source(folder, None, 2), (1,))
    told = [record.getMessage() for record in caplog.records if "cannot be read" in record.getMessage()]
    assert len(told) == 1
    assert told[0].startswith("3 of 12 files cannot be read and are left out: a/02.mp4 (")


def test_validation_counts_clips(snn: SpikingNetwork, folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    plain = nn.Sequential(nn.Conv3d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 2))
    data, val = source(folder, None, 4), source(folder, "2x3", 12)
    clipped = snnconv.clip(plain, data=data)
    course = snnconv.training.finetune(clipped, data, val, epochs=1, batch_size=4, folder=tmp_path)
    with torch.no_grad():
        right = sum(int(clipped(x).softmax(1).mean(0).argmax()) == y for x, y in views_of(val, 6))
    assert course.accuracy == pytest.approx(100 * right / 9)
