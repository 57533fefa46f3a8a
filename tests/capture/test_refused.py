"""Refusals name the cause, the user's line and a remedy that can be followed; torch prints nothing of its own."""

from __future__ import annotations

import importlib
import logging
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv import InputError, UnsupportedModelError
from snnconv.capture.refused import muted_export_log
from snnconv.graph.operations import RECURRENT, is_random

from .raising import raised_from

CELLS = [nn.LSTMCell(8, 8), nn.GRUCell(8, 8), nn.RNNCell(8, 8), nn.RNNCell(8, 8, nonlinearity="relu")]
LAYERS = [
    nn.LSTM(8, 8, batch_first=True), nn.GRU(8, 8, batch_first=True), nn.RNN(8, 8, batch_first=True),
    nn.RNN(8, 8, nonlinearity="relu", batch_first=True),
    nn.LSTM(8, 4, num_layers=2, dropout=0.5, bidirectional=True, batch_first=True),
]  # fmt: skip
SEQUENCE = torch.randn(4, 3, 8)


class Recurrent(nn.Module):
    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.first, self.cell, self.head = nn.Linear(8, 8), cell, nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(x))
        if not isinstance(self.cell, nn.RNNCellBase):
            return self.head(self.cell(x)[0][:, -1])
        state: Any = None
        for step in x.unbind(1):
            state = self.cell(step, state)
        return self.head(state[0] if isinstance(state, tuple) else state)


@pytest.mark.parametrize("cell", [*LAYERS, *CELLS], ids=lambda cell: type(cell).__name__)
def test_recurrent_layers(cell: nn.Module) -> None:
    with pytest.raises(UnsupportedModelError, match=r"a recurrent layer(.|\n)*test_refused.py") as caught:
        snnconv.convert(Recurrent(cell).eval(), data=[SEQUENCE])
    words = str(caught.value)
    assert words.count("cell.") == 1  # a loop over the steps is one place
    assert "keep=" in words
    assert "eval mode" not in words
    report = snnconv.inspect(Recurrent(cell).eval(), data=[SEQUENCE])
    assert {entry.operation for entry in report.unsupported} <= RECURRENT


@pytest.mark.parametrize("cell", LAYERS, ids=lambda cell: type(cell).__name__)
def test_the_remedy_for_recurrent_layers_works(cell: nn.Module) -> None:
    """With what is before it analog, the layer is computed once and the rest converts."""

    class Ahead(Recurrent):
        def forward(self, x: Tensor) -> Tensor:
            return self.head(F.relu(self.cell(F.relu(self.first(x)))[0][:, -1]))

    model = Ahead(cell).eval()
    snn = snnconv.convert(model, 32, data=[SEQUENCE], method="sdm", keep="^relu$")
    wanted = model(SEQUENCE).detach()
    assert float((snn(SEQUENCE) - wanted).norm() / wanted.norm()) < 0.05


class Norm(nn.Module):
    def __init__(self, track: bool, training: bool) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=track)
        self.always = training

    def forward(self, x: Tensor) -> Tensor:
        norm = self.norm
        running = norm.running_mean, norm.running_var
        return F.relu(F.batch_norm(self.conv(x), *running, norm.weight, norm.bias, training=self.always, momentum=0.0))


@pytest.mark.parametrize("reading", ["inspect", "convert"])
@pytest.mark.parametrize(
    ("track", "message", "remedy"),
    [
        (
            False,
            "a BatchNorm without running statistics: samples of a batch see each other",
            "track_running_stats=True",
        ),
        (True, "a BatchNorm in train mode: samples of a batch see each other", "training=False"),
    ],
)
def test_batch_statistics(reading: str, track: bool, message: str, remedy: str) -> None:
    model, data = Norm(track, training=True).eval(), [torch.randn(4, 3, 8, 8)]
    if track:  # torch.export itself sees that the statistics would change
        model.norm.momentum = None
        with pytest.raises(UnsupportedModelError):
            snnconv.convert(model, data=data)
        return
    if reading == "inspect":
        (entry,) = snnconv.inspect(model, data=data).unsupported
        assert message in entry.detail
        assert remedy in entry.remedy
        return
    with pytest.raises(UnsupportedModelError, match=message) as caught:
        snnconv.convert(model, data=data)
    assert remedy in str(caught.value)
    assert "eval mode" not in str(caught.value)


def test_dropout_that_always_drops() -> None:
    class Drops(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(F.dropout(F.relu(self.fc(x)), 0.5))

    with pytest.raises(UnsupportedModelError, match=r"random numbers(.|\n)*training=self.training"):
        snnconv.convert(Drops().eval(), data=[torch.randn(4, 8)])


def test_what_may_draw_but_does_not() -> None:
    for layer in LAYERS:
        raised = raised_from(Recurrent(layer).eval(), SEQUENCE)
        assert not any(is_random(node) for node in raised.graph.nodes)


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(8, 16), nn.Linear(16, 5)


class Deciding(Two):
    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(x))
        if x.sum() > 0:  # data decide
            x = x * 2
        return self.second(x)


class Reading(Two):
    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x))) + int(x.argmax())  # data decide


class Array(Two):
    def forward(self, x: Tensor) -> Tensor:
        return self.second(torch.from_numpy(F.relu(self.first(x)).numpy()))  # leaves torch


class Failing(Two):
    def forward(self, x: Tensor) -> Tensor:
        raise KeyError("a mistake of its own")


@pytest.mark.parametrize(
    ("kind", "width", "error", "message"),
    [
        (
            Deciding,
            8,
            UnsupportedModelError,
            r"data decide(.|\n)*test_refused.py:\d+: if x.sum\(\) > 0(.|\n)*torch.where",
        ),
        (Reading, 8, UnsupportedModelError, r"data decide(.|\n)*test_refused.py:\d+: return .*int\(x.argmax"),
        (Array, 8, UnsupportedModelError, r"numpy(.|\n)*test_refused.py:\d+: return .*numpy(.|\n)*no NumPy"),
        (Failing, 8, InputError, r"Failing does not run on its inputs(.|\n)*float32 \[2, 8\]: KeyError"),
        (
            Deciding,
            9,
            InputError,
            r"Deciding does not run(.|\n)*float32 \[2, 9\](.|\n)*test_refused.py:\d+: x = F.relu",
        ),
    ],
)
def test_export(
    kind: type[Two], width: int, error: type[Exception], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(error, match=message) as caught:
        snnconv.convert(kind().eval(), data=[torch.randn(4, width)])
    assert ("data decide" in str(caught.value)) == (kind in (Deciding, Reading) and width == 8)
    printed = capfd.readouterr()
    assert printed.out + printed.err == ""


def test_detection_networks_are_told_to_convert_their_backbone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "detection").mkdir()
    (tmp_path / "detection" / "boxes_of_a_test.py").write_text("def keep(x):\n    return x * 2 if x.sum() > 0 else x\n")
    monkeypatch.syspath_prepend(tmp_path / "detection")
    keep = importlib.import_module("boxes_of_a_test").keep

    class Boxes(Two):
        def forward(self, x: Tensor) -> Tensor:
            return keep(self.second(F.relu(self.first(x))))

    with pytest.raises(UnsupportedModelError, match=r"boxes_of_a_test.py:2: return x(.|\n)*convert the backbone"):
        snnconv.convert(Boxes().eval(), data=[torch.randn(4, 8)])


def test_silence_ends() -> None:
    logger = logging.getLogger("torch.fx.experimental.symbolic_shapes")
    with muted_export_log():
        assert logger.disabled
    assert not logger.disabled
    with pytest.warns(UserWarning, match="heard"):
        warnings.warn("heard", stacklevel=1)


def test_a_second_input_of_whole_numbers_is_told_from_labels() -> None:
    class Picked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 2)

        def forward(self, x: Tensor, last: Tensor) -> Tensor:
            hidden = torch.relu(self.first(x))
            return self.second(hidden[torch.arange(x.shape[0]), last])

    inputs = torch.randn(3, 5, 4), torch.tensor([0, 4, 2])
    with pytest.raises(InputError, match=r"by \{'input': \(a, b\)\}"):
        snnconv.convert(Picked(), 4, data=[inputs])
    assert snnconv.convert(Picked(), 4, data=[{"input": inputs}])(*inputs).shape == (3, 2)
