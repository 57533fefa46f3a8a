"""Regions of autocast, gradient modes and checkpoints are part of the network; branches on data are refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

import snnconv
from snnconv import METHODS, UnsupportedModelError
from snnconv.bench import count
from snnconv.capture.capture import capture
from snnconv.capture.inlining import inline_regions
from snnconv.capture.raise_modules import raise_modules
from snnconv.io.pt2 import load_program
from snnconv.verification import verify

from .raising import assert_same_outputs, raised_from

X = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(8, 16), nn.Linear(16, 5)


class Exact(Two):
    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(x))
        with torch.autocast("cpu", enabled=False):
            return self.second(x)


class Several(Two):
    """A region in a region, several values out of it, one of them twice, one written to afterwards."""

    def forward(self, x: Tensor) -> Any:
        with torch.enable_grad():
            x = self.first(x)
            with torch.autocast("cpu", enabled=False):
                x = F.relu(x)
                doubled = x * 2
            x.add_(1)
            return {"y": self.second(x), "more": [doubled, doubled]}


class Untouched(Two):
    """What goes through a region as it is."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.first(x))
        with torch.autocast("cpu", enabled=False):
            y, x = self.second(x), x
        return y, x


class WithoutGradients(Two):
    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            x = F.relu(self.first(x))
        with torch.set_grad_enabled(True):
            return self.second(x)


class Checkpointed(Two):
    def forward(self, x: Tensor) -> Tensor:
        return self.second(checkpoint(lambda value: F.relu(self.first(value)), x, use_reentrant=False))


class Low(Two):
    """Computed in bfloat16."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            x = self.second(F.relu(self.first(x)))
        return x.float()


KINDS = [Exact, Several, Untouched, WithoutGradients, Checkpointed]


@pytest.mark.parametrize("kind", KINDS)
def test_same_network(kind: type[Two]) -> None:
    model = kind().eval()
    raised = raised_from(model, X)
    assert_same_outputs(raised, model, (8,))
    assert [*raised.state_dict()] == [*model.state_dict()]
    assert {type(raised.get_submodule(name)) for name in ("first", "second")} == {nn.Linear}


def test_programs_keep_their_regions() -> None:
    """The caller's program stays as it is; one without regions is handed on."""
    program = capture(Several().eval(), (X,))
    before = str(program.graph)
    assert inline_regions(program) is not program
    assert str(program.graph) == before
    flat = inline_regions(program)
    assert inline_regions(flat) is flat
    assert count(program).ops == count(flat).ops == 8 * 16 + 16 * 5


def test_programs_from_files(tmp_path: Any) -> None:
    program = capture(Several().eval(), (X,))
    torch.export.save(program, tmp_path / "net.pt2")
    again, _ = load_program(tmp_path / "net.pt2")
    assert_same_outputs(raise_modules(again), Several().eval(), (8,))


@pytest.mark.parametrize("method", METHODS)
def test_methods(method: str) -> None:
    with_region, without = (snnconv.convert(model, 4, data=[X], method=method) for model in (Exact(), plain()))
    assert torch.equal(with_region(X), without(X))


def plain() -> nn.Module:
    model = Two()
    return nn.Sequential(model.first, nn.ReLU(), model.second).eval()


def test_low_precision_is_converted_unrounded() -> None:
    model = Low().eval()
    snn = snnconv.convert(model, 64, data=[X], method="sdm-zero")
    assert any("bfloat16" in notice and "unrounded" in notice for notice in snn.plan.notices)
    with torch.no_grad():
        assert torch.equal(snn.ann(X), plain()(X))
        assert float((snn(X) - model(X)).norm() / model(X).norm()) < 0.01
    assert verify(model, [X]).held


@pytest.mark.parametrize("reading", ["inspect", "convert"])
def test_branches_on_data_are_refused(reading: str) -> None:
    class Branch(Two):
        def forward(self, x: Tensor) -> Tensor:
            x = torch.cond(x.sum() > 0, lambda v: F.relu(self.first(v)), lambda v: self.first(v) * 2, (x,))
            return self.second(x)

    with pytest.raises(UnsupportedModelError, match=r"a branch \(torch.cond\)(.|\n)*torch.where"):
        getattr(snnconv, reading)(Branch().eval(), data=[X])
