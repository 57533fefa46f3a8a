"""NIR as it is written here, run by arithmetic of its own: what the file says, no more."""

from __future__ import annotations

from collections.abc import Callable
from graphlib import TopologicalSorter
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import InputError


def run_graph(graph: Any, x: Tensor, steps: int) -> tuple[Tensor, dict[str, list[int]]]:
    """Outputs of every step [T, B, …], and the spikes of every IF node in each.

    Args:
        x: the input, the same at every step.

    Raises:
        InputError: a node that is not among `NODES`.
    """
    reads: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in graph.edges:
        reads[target].append(source)
    order = list(TopologicalSorter(reads).static_order())
    potentials: dict[str, Tensor] = {}
    outputs: list[Tensor] = []
    spikes: dict[str, list[int]] = {}
    for _ in range(steps):
        values: dict[str, Tensor] = {}
        for name in order:
            node, kind = graph.nodes[name], type(graph.nodes[name]).__name__
            given = [values[source] for source in reads[name]]
            current = x if kind == "Input" else sum(given[1:], given[0])
            if kind == "IF":
                values[name], potentials[name] = fire(node, current, potentials.get(name))
                spikes.setdefault(name, []).append(int(values[name].sum()))
            elif kind in NODES:
                values[name] = NODES[kind](node, current)
            else:
                raise InputError(f"the node {name} is not one that is written here", got=kind)
        outputs.append(values["output"])
    return torch.stack(outputs), spikes


def fire(node: Any, current: Tensor, v: Tensor | None) -> tuple[Tensor, Tensor]:
    """v ← v + I (r·dt = 1); a spike where v ≥ θ, or v > θ (metadata: fires), which takes θ off (metadata: reset) or
    ends at v_reset."""
    theta = torch.as_tensor(np.asarray(node.v_threshold))
    start = torch.as_tensor(np.asarray(node.metadata.get("v0", 0.0)), dtype=torch.float32)
    v = (torch.zeros_like(current) + start if v is None else v) + current
    above = text(node.metadata.get("fires", "")) == "v > v_threshold"
    spikes = ((v > theta) if above else (v >= theta)).to(current.dtype)
    if text(node.metadata.get("reset", "")) == "subtract":
        return spikes, v - spikes * theta
    return spikes, torch.where(spikes > 0, torch.as_tensor(np.asarray(node.v_reset)), v)


def text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def tensor(value: Any) -> Tensor:
    return torch.as_tensor(np.asarray(value), dtype=torch.float32)


def numbers(value: Any) -> Any:
    found = np.asarray(value)
    return int(found) if found.ndim == 0 else [int(part) for part in found]


def convolve(node: Any, x: Tensor) -> Tensor:
    run = F.conv1d if type(node).__name__ == "Conv1d" else F.conv2d
    geometry = [numbers(part) for part in (node.stride, node.padding, node.dilation, node.groups)]
    return run(x, tensor(node.weight), tensor(node.bias), *geometry)


NODES: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "Input": lambda node, x: x,
    "Output": lambda node, x: x,
    "Affine": lambda node, x: F.linear(x, tensor(node.weight), tensor(node.bias)),
    "Conv1d": convolve,
    "Conv2d": convolve,
    "Scale": lambda node, x: x * tensor(node.scale),
    "Flatten": lambda node, x: x.flatten(1),
    "AvgPool2d": lambda node, x: F.avg_pool2d(
        x, numbers(node.kernel_size), numbers(node.stride), numbers(node.padding)
    ),
}
