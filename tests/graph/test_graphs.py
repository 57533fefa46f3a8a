"""Names and modules of a graph: what is free, and what is no longer called."""

from __future__ import annotations

import torch
from torch import nn

from snnconv.graph.codegen import graph_module_of, new_graph
from snnconv.graph.graphs import delete_unused_modules, free_name


def test_free_names() -> None:
    graph = new_graph()
    graph.output(graph.placeholder("x"))
    root = nn.Sequential(nn.BatchNorm1d(3), nn.Sequential(nn.ReLU()))
    module = graph_module_of(nn.Module(), graph)
    module.add_module("a", root)
    module.register_buffer("b", torch.zeros(1))
    for taken in ("a", "a.0", "a.1", "a.1.0", "a.0.weight", "a.0.running_mean", "b"):
        assert free_name(module, taken) == f"{taken}#2"
    for name in ("c", "a.2", "a.1.0.x", "a.0.weigh", "b.c", "c.d.e"):
        assert free_name(module, name) == name
    module.add_module("b#2", nn.ReLU())
    assert free_name(module, "b") == "b#3"


def test_modules_that_nothing_calls_go() -> None:
    """A module stays where it is called, where one below it is, or where a tensor of it is read."""
    root = nn.Module()
    for name in ("called", "read", "dead", "outer"):
        root.add_module(name, nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)))
    graph = new_graph()
    x = graph.placeholder("x")
    y = graph.call_module("called", (x,))
    w = graph.get_attr("read.0.weight")
    z = graph.call_module("outer.1", (y,))
    graph.output((z, w))
    module = graph_module_of(root, graph)
    module.add_module("dead", root.dead)  # type: ignore[arg-type]
    delete_unused_modules(module)
    kept = {name for name, _ in module.named_modules()}
    assert {"called", "called.0", "called.1", "read.0", "outer.1"} <= kept
    assert kept.isdisjoint({"dead.0", "dead.1", "read.1", "outer.0"})
