"""A calibration that was interrupted goes on to the same thresholds, without running again what it has seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv import InputError
from snnconv.calib import checkpoint as module
from snnconv.calib import samples
from snnconv.calib.histogram import ActivationHistogram
from snnconv.calib.statistics import NeuronMaximum

from ..networks import SHAPES, ResidualNet


class Fixed(nn.Module):
    """The network, the same at every call."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = ResidualNet().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Data:
    """Batches, of which reading one may fail."""

    name = "made"

    def __init__(self, fails_at: int | None = None) -> None:
        torch.manual_seed(1)
        self.batches, self.fails_at = [torch.randn(8, *SHAPES[ResidualNet]) for _ in range(6)], fails_at

    def __len__(self) -> int:
        return 48

    def __iter__(self) -> Iterator[Tensor]:
        for number, batch in enumerate(self.batches):
            if number == self.fails_at:
                raise KeyboardInterrupt
            yield batch


@pytest.fixture(autouse=True)
def every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written after each of them, and each a portion of its own."""
    monkeypatch.setattr(module, "EVERY", 0.0)
    monkeypatch.setattr(samples, "PORTION", 8)


@pytest.mark.parametrize("method", ["if", "sdm-zero", "snm", "auto"])
def test_goes_on_to_the_same_thresholds(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, file = Fixed(), tmp_path / "calibration"
    whole = snnconv.convert(model, data=Data(), method=method)
    with pytest.raises(KeyboardInterrupt):
        snnconv.convert(model, data=Data(fails_at=4), method=method, checkpoint=file)
    runs: list[int] = []
    for kind in (ActivationHistogram, NeuronMaximum):
        original = kind.add

        def counted(self: object, x: Tensor, original: object = original) -> None:
            runs.append(len(x))
            original(self, x)  # type: ignore[operator]

        monkeypatch.setattr(kind, "add", counted)
    resumed = snnconv.convert(model, data=Data(), method=method, checkpoint=file)
    assert len(runs) == 2 * len(whole.plan.sites)  # the last two batches, at every site
    for name, site in whole.plan.sites.items():
        again = resumed.plan.sites[name]
        assert site.threshold is not None
        assert again.threshold is not None
        assert torch.equal(site.threshold, again.threshold)
    runs.clear()
    snnconv.convert(model, data=Data(), method=method, checkpoint=file)  # all of it is there
    assert not runs


def test_another_calibration_is_refused(tmp_path: Path) -> None:
    model, file = Fixed(), tmp_path / "calibration"
    snnconv.convert(model, data=Data(), method="if", checkpoint=file)
    with pytest.raises(InputError, match=r"(?s)another calibration.*another granularity"):
        snnconv.convert(model, data=Data(), method="sdm-zero", checkpoint=file)
    with torch.no_grad():
        model.net.stem.weight += 1
    with pytest.raises(InputError, match="another model"):
        snnconv.convert(model, data=Data(), method="if", checkpoint=file)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 40, b"\x08\0\0\0\0\0\0\0{}      "])
def test_no_checkpoint(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "calibration"
    file.write_bytes(content)
    with pytest.raises(InputError, match="not a checkpoint"):
        snnconv.convert(Fixed(), data=Data(), method="if", checkpoint=file)
    assert file.read_bytes() == content


def test_nowhere_to_write(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder"):
        snnconv.convert(Fixed(), data=Data(), method="if", checkpoint=tmp_path / "no" / "calibration")
