"""Run in a process of its own, in Triton's interpreter: every kind of step on whole numbers, beside the eager step."""

from __future__ import annotations

from typing import Any

import torch

from snnconv.neurons import NEURONS
from snnconv.neurons.codes import events
from snnconv.neurons.kernels.dispatch import Parts
from snnconv.neurons.kernels.layout import Layout
from snnconv.neurons.kernels.triton_scan import on_gpu
from snnconv.neurons.temporal import Temporal, added

from .test_scan import SETTINGS


def check(name: str, options: dict[str, Any], whole: bool, residual: bool) -> None:
    if not whole and options.get("alpha") == 0.2:  # the interpreter rounds a fused product twice
        options = {**options, "alpha": 0.25}
    draw = torch.Generator().manual_seed(1)
    neuron = NEURONS[name](2.0 ** torch.randint(-1, 2, (5,), generator=draw), **options)  # exact sums
    neuron.correct(offset=torch.randint(-2, 3, (5,), generator=draw) / 4)
    if whole:
        neuron.make_whole(torch.randint(3, 9, (5,), generator=draw).float())
    states: list[Any] = [None, None]
    for steps in (1, 3):
        x = torch.randint(-40, 60, (steps * 2, 5, 4, 3), generator=draw) / (1 if whole else 4)
        spikes = torch.randint(-3, 4, x.shape, generator=draw).float() if residual else None
        factor = torch.full((5, 1, 1), 3.0) if residual else None
        parts = Parts(x, True, spikes, True, factor)
        step, layout = neuron.fused(x), Layout.of(x)
        assert step is not None
        held = states[0] or tuple(
            torch.empty(2, 5, 4, 3) if need else None
            for need in (True, step.rounding not in ("reach", "exceed"), step.gate == "input")
        )
        out, counts = torch.empty_like(x), torch.zeros(steps, dtype=torch.int64)
        on_gpu(layout, parts, step, steps, states[0] is None, True, True, *held, out, counts)
        states[0] = held
        current, _ = added(parts, steps)
        wanted, states[1] = Temporal.forward(neuron, neuron.driven(current)[0], states[1], steps)
        assert torch.equal(out, wanted), (name, options, whole)
        for one, other in zip(neuron.held(states[1]), held):
            assert one is None or other is None or torch.equal(one, other), (name, options, whole)
        assert counts.tolist() == events(wanted, neuron.code).view(steps, -1).sum(1).tolist()


if __name__ == "__main__":
    for name, options in SETTINGS:
        for whole in (False, True):
            for residual in (False, True):
                check(name, options, whole, residual)
    print("same bits")
