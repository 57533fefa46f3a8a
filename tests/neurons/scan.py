"""Running one neuron over time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from snnconv.neurons import Temporal


def scan(neuron: Temporal, current: Tensor, state: Any = None) -> tuple[Tensor, Any]:
    """Inputs [T, B, …] → outputs [T, B, …] and the last state, one `step` after the other."""
    outputs = []
    state = neuron.begin(current) if state is None else state
    for row in current:
        output, state = neuron.step(row, state)
        outputs.append(output)
    return torch.stack(outputs), state
