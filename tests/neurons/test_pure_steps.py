"""The step functions: the same values whether they write into given memory or not, and pure where none is given."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from snnconv.neurons import IntegrateFire, Neuron, ScalableDualThreshold
from snnconv.neurons.integrate_fire import integrate_fire_step
from snnconv.neurons.sd import sd_step

Step = Callable[..., tuple[Tensor, Any]]


def sd(gate: str, retract: str, down: int) -> tuple[Neuron, Step]:
    def step(x: Tensor, state: Any, **out: Any) -> tuple[Tensor, Any]:
        return sd_step(x, state, torch.tensor(0.5), 3, down, gate, retract, **out)  # type: ignore[arg-type]

    options: Any = {"alpha": 0.5, "beta": 3, "down_limit": down, "gate": gate, "retract": retract}
    return ScalableDualThreshold(1.0, **options), step


def integrate_fire(x: Tensor, state: Any, **out: Any) -> tuple[Tensor, Any]:
    return integrate_fire_step(x, state, torch.tensor(0.5), **out)


CASES = [
    (IntegrateFire(0.5), integrate_fire),
    *(sd(*case) for case in itertools.product(("memory", "input"), ("threshold", "zero"), (0, 1, 3))),
]


@pytest.mark.parametrize(("neuron", "step"), CASES, ids=lambda case: repr(case) if isinstance(case, Neuron) else "")
def test_pure_without_memory_and_equal_with_it(neuron: Neuron, step: Step) -> None:
    state = neuron.begin(torch.randn(1, 3, 4))
    reused = pytree.tree_map_only(Tensor, torch.clone, state)
    for _ in range(6):
        x = torch.randn(3, 4)
        x_before, before = x.clone(), pytree.tree_map_only(Tensor, torch.clone, state)
        spikes, after = step(x, state)
        assert torch.equal(x, x_before)
        assert tensors_equal(state, before)
        in_place, reused = step(x, reused, out=reused)
        assert torch.equal(in_place, spikes)
        assert tensors_equal(reused, after)
        assert torch.equal(x, x_before)
        state = after


def tensors_equal(a: Any, b: Any) -> bool:
    pairs = zip(pytree.tree_leaves(a), pytree.tree_leaves(b), strict=True)
    return all(torch.equal(x, y) if isinstance(x, Tensor) else x is y for x, y in pairs)
