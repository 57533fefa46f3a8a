"""What spikes of several quanta cost."""

from __future__ import annotations

import pytest
import torch

from snnconv.neurons import NEURONS
from snnconv.neurons.codes import CODES, events, events_per_neuron

SPIKES = [0.0, 1.0, -1.0, 2.0, 3.0, -5.0, 7.0, 8.0, -255.0]


def test_unary() -> None:
    assert events(torch.tensor(SPIKES)).tolist() == [0, 1, 1, 2, 3, 5, 7, 8, 255]


def test_binary() -> None:
    """0, 1, 1, 10, 11, 101, 111, 1000, 1111 1111."""
    assert events(torch.tensor(SPIKES), "binary").tolist() == [0, 1, 1, 1, 2, 2, 3, 1, 8]


def test_signed() -> None:
    """0, 1, 1, 2, 4 − 1, 4 + 1, 8 − 1, 8, 256 − 1; and of each k no shorter sum of ±2^i exists."""
    assert events(torch.tensor(SPIKES), "signed").tolist() == [0, 1, 1, 1, 2, 2, 2, 1, 2]
    least, reached = {0: 0}, {0}
    for count in range(1, 5):
        reached = {k + sign * 2**i for k in reached for i in range(8) for sign in (-1, 1)}
        for k in reached:
            least.setdefault(k, count)
    numbers = list(range(-100, 101))
    assert events(torch.tensor(numbers), "signed").tolist() == [least[k] for k in numbers]


@pytest.mark.parametrize("code", CODES)
def test_types_and_inputs_stay(code: str) -> None:
    for dtype in (torch.float32, torch.bfloat16, torch.int64):
        spikes = torch.tensor(SPIKES[:-1]).to(dtype)
        before = spikes.clone()
        assert events(spikes, code).dtype == dtype  # type: ignore[arg-type]
        assert torch.equal(spikes, before)


def test_sums_over_the_batch_are_exact_in_low_precision() -> None:
    """257 spikes in bfloat16, which has 8 bits, would stop at 256."""
    spikes = torch.ones(2, 257, 3, 2, dtype=torch.bfloat16)
    assert events_per_neuron(spikes).tolist() == [[257.0] * 6] * 2


@pytest.mark.parametrize("name", list(NEURONS))
def test_every_neuron_names_a_code(name: str) -> None:
    assert NEURONS[name].code in CODES
