"""No graph gets code from a text that is not plain, whatever path led there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import fx, nn
from torch.fx.graph import _PyTreeInfo
from torch.utils import _pytree as pytree

import snnconv
from snnconv.errors import InputError
from snnconv.graph.codegen import TreeCodeGen, graph_module_of, new_graph

HOSTILE = '1") if print("ran") else getattr(self, "0'
relu = torch.ops.aten.relu.default


class Shown:
    """Writes itself as code."""

    def __repr__(self) -> str:
        return "print('ran')"


class Text(str):
    def __repr__(self) -> str:
        return "print('ran')"


def called(graph: fx.Graph, x: fx.Node, **kwargs: object) -> fx.Node:
    node = graph.call_function(relu, (x,))
    node.kwargs = kwargs  # type: ignore[assignment]
    return node


def renamed(graph: fx.Graph, x: fx.Node, target: str) -> fx.Node:
    x.target = target
    return x


PLACES: dict[str, Callable[[fx.Graph, fx.Node], fx.Node]] = {
    "module": lambda graph, x: graph.create_node("call_module", HOSTILE, (x,)),
    "dunder": lambda graph, x: graph.create_node("call_module", "a.ü", (x,)),
    "attribute": lambda graph, x: graph.create_node("get_attr", f"a.{HOSTILE}"),
    "Python's word": lambda graph, x: graph.create_node("call_module", "a.None", (x,)),
    "method": lambda graph, x: graph.create_node("call_method", HOSTILE, (x,)),
    "keyword": lambda graph, x: called(graph, x, **{"a=print(1),b": 1}),
    "value": lambda graph, x: called(graph, x, a=Shown()),
    "value inside": lambda graph, x: called(graph, x, a=[(1, {"k": slice(Shown())})]),
    "key": lambda graph, x: called(graph, x, a={Shown(): 1}),
    "text of a class of its own": lambda graph, x: called(graph, x, a=Text("a")),
    "input": lambda graph, x: renamed(graph, x, "x=print('ran')"),
}


@pytest.mark.parametrize("place", list(PLACES))
def test_a_graph_with_other_text_gets_no_code(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    graph = new_graph()
    x = graph.placeholder("x")
    graph.output(PLACES[place](graph, x))
    root = nn.Module()
    inner: Any = nn.Module()
    root._modules[HOSTILE], root._modules["a"] = nn.ReLU(), inner
    inner._modules["None"] = inner._modules["ü"] = inner._buffers[HOSTILE] = nn.ReLU()
    with pytest.raises(InputError, match="could be code"):
        graph_module_of(root, graph)
    assert "ran" not in capsys.readouterr().out


def test_control_torch_runs_such_text(capsys: pytest.CaptureFixture[str]) -> None:
    """If not, the tests above prove nothing."""
    graph, root = fx.Graph(), nn.Module()
    root._modules["1"] = root._modules[HOSTILE] = nn.ReLU()
    x = graph.placeholder("x")
    graph.output(graph.create_node("call_module", HOSTILE, (x,)))
    module = fx.GraphModule(root, graph)
    with pytest.raises((TypeError, AttributeError, SyntaxError, RuntimeError)):
        module(torch.ones(1))
    assert "ran" in capsys.readouterr().out


def test_what_is_written_after_the_fact_is_refused_too() -> None:
    graph = new_graph()
    graph.output(graph.call_function(relu, (graph.placeholder("x"),)))
    module = graph_module_of(nn.Module(), graph)
    next(iter(module.graph.nodes)).target = "x=print('ran')"
    with pytest.raises(InputError, match="could be code"):
        module.recompile()


@pytest.mark.parametrize("names", [["x=print(1)"], ["class"], ["x, y"]])
def test_names_of_parameters(names: list[str]) -> None:
    _, spec = pytree.tree_flatten(((1,), {}))
    with pytest.raises(InputError, match="could be code"):
        TreeCodeGen(_PyTreeInfo(names, spec, None))


def test_names_of_keywords_and_classes() -> None:
    _, spec = pytree.tree_flatten(((), {"a'+print(1)+'": 1}))
    with pytest.raises(InputError, match="could be code"):
        TreeCodeGen(_PyTreeInfo(["x"], spec, None))
    with pytest.raises(InputError, match="could be code"):
        graph_module_of(nn.Module(), new_graph(), "A\nprint(1)")


def test_graphs_are_made_in_one_place() -> None:
    """Elsewhere in the package nobody makes a graph whose code is not looked at."""
    package = Path(snnconv.__file__).parent
    made = re.compile(r"fx\.Graph\(|GraphModule\(|_PyTreeCodeGen\(|symbolic_trace|\bexec\(|\beval\((?!\))")
    found = {
        str(path.relative_to(package)): line.strip()
        for path in package.rglob("*.py")
        for line in path.read_text().splitlines()
        if made.search(line) and not line.strip().startswith(("#", "class ")) and "`" not in line
    }
    assert set(found) <= {"graph/codegen.py", "capture/plain_names.py"}, found
    with pytest.raises(InputError, match="nobody checks"):
        graph_module_of(nn.Module(), fx.Graph())
