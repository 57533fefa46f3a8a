"""Names that are not plain names: the network converts, its code holds none of them, its state_dict all of them."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from torch import Tensor, fx, nn

import snnconv
from snnconv.capture.capture import capture
from snnconv.capture.plain_names import PART, claimed, plain_path
from snnconv.capture.raise_modules import raise_modules
from snnconv.errors import UnsupportedModelError
from snnconv.graph.sites import name_sites

from ..hostile_names import hostile_name

MARK = "HOSTILE"
NAME = f'{MARK}") or print("ran") or ("'


def test_paths_become_plain_and_stay_so() -> None:
    chance = random.Random(0)
    names = {hostile_name(chance, "touch") for _ in range(300)}
    paths = [plain_path(name) for name in names]
    assert all(PART.fullmatch(part) for path in paths for part in path.split("."))
    assert [plain_path(path) for path in paths] == paths
    assert len(set(paths)) == len(names)


@pytest.mark.parametrize("path", ["layer1.0.conv2", "relu#2_quantum", "a.code.meta", "_x.__y", "0"])
def test_ordinary_paths_are_left_alone(path: str) -> None:
    assert plain_path(path) == path


@pytest.mark.parametrize(
    "name", ["code", "graph", "meta", "forward", "training", "_modules", "class", "class_name", "self"]
)
def test_names_that_torch_or_python_has_for_itself(name: str) -> None:
    assert plain_path(name) == name + "_"
    assert plain_path(f"{name}_") == name + "_"
    assert name in claimed()[1] or name == "class"


class Strange(nn.Module):
    def __init__(self, name: str = NAME) -> None:
        super().__init__()
        self.name = name
        self.layers = nn.ModuleDict({name: nn.Conv2d(2, 3, 3), "norm ": nn.BatchNorm2d(3, momentum=None)})
        self.meta = nn.ReLU()
        self.scales = nn.ParameterDict({name: nn.Parameter(torch.full((1,), 2.0))})

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers["norm "](self.layers[self.name](x))
        y = self.meta(y.mul_(self.scales[self.name]))
        view = y[:, :1]  # a write through a view: torch decomposes such a program
        view.add_(1.0)
        return torch.relu(y).flatten(1)


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All code that torch.fx runs."""
    run: Any = fx.graph_module._exec_with_source
    seen: list[str] = []

    def watched(source: str, *args: Any, **kwargs: Any) -> None:
        seen.append(source)
        run(source, *args, **kwargs)

    monkeypatch.setattr(fx.graph_module, "_exec_with_source", watched)
    return seen


def test_a_network_with_strange_names(sources: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    model, x = Strange().eval(), torch.randn(4, 2, 6, 6)
    raised = raise_modules(capture(model, (x[:2],)), model)
    assert torch.allclose(raised(x), model(x), atol=1e-6)
    assert set(raised.state_dict()) == set(model.state_dict())
    raised.load_state_dict(model.state_dict())
    assert [m.momentum for m in raised.modules() if isinstance(m, nn.BatchNorm2d)] == [None]
    assert any("plain names" in notice and MARK in notice for notice in raised.meta["notices"])
    assert sources
    assert not any("print(" in source for source in sources)
    assert "ran" not in capsys.readouterr().out


def test_a_program_that_is_exported_again_keeps_the_originals() -> None:
    model = Strange().eval()
    program = torch.export.export(model, (torch.randn(2, 2, 6, 6),))  # its batch size is fixed
    before = list(program.state_dict)
    clipped = snnconv.clip(program, data=[torch.randn(4, 2, 6, 6)])
    assert {key for key in clipped.state_dict() if MARK in key} == {key for key in model.state_dict() if MARK in key}
    assert list(program.state_dict) == before  # the caller's own is left alone


@pytest.mark.parametrize("name", ["self", "torch", "pytree", "getattr", "meta"])
def test_names_that_the_code_of_a_graph_reads(name: str) -> None:
    model, x = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval(), torch.randn(4, 3)
    model._modules = {name: model[0], f"{name} ": model[1], f"{name}_2": model[2]}
    raised = raise_modules(capture(model, (x,)))
    assert torch.equal(raised(x), model(x))
    assert list(raised.state_dict()) == list(model.state_dict())


def test_names_that_become_the_same_are_refused() -> None:
    model = nn.Sequential()
    model.add_module("code", nn.Conv2d(2, 2, 1))
    model.add_module("code_", nn.Conv2d(2, 2, 1))
    with pytest.raises(UnsupportedModelError, match="become the same"):
        capture(model, (torch.randn(2, 2, 3, 3),))


class ChildFirst(nn.Linear):
    def __init__(self) -> None:
        super().__init__(3, 3)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.act(x))


def test_a_layer_may_call_its_own_child_first() -> None:
    model, x = nn.Sequential(nn.Linear(3, 3), ChildFirst()).eval(), torch.randn(2, 3)
    assert torch.equal(name_sites(raise_modules(capture(model, (x,))))(x), model(x))


def test_a_site_inside_a_site_is_refused() -> None:
    """Only a file can say so."""
    paths = ("a", "a.b")
    program = capture(nn.Sequential(nn.ReLU(), nn.Linear(3, 3), nn.ReLU()).eval(), (torch.randn(2, 3),))
    told = iter(paths)
    for node in program.graph.nodes:
        if "relu" in node.name:
            node.meta["nn_module_stack"] = {"x": (next(told), "torch.nn.modules.activation.ReLU")}
    with pytest.raises(UnsupportedModelError, match="inside each other"):
        name_sites(raise_modules(program))


def test_modules_that_nest_without_end_are_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="nest 100 deep"):
        plain_path(".".join("a" * 100))
