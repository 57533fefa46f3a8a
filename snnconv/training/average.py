"""A moving average of a network's weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """w̄ ← d·w̄ + (1 − d)·w after every step, of parameters and buffers; whole-numbered buffers are taken over.

    It starts at the weights training starts from, so there is nothing to warm up.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                self.values[name].lerp_(value, 1 - self.decay)
            else:
                self.values[name].copy_(value)

    def take(self, values: Mapping[str, Tensor]) -> None:
        for name, value in values.items():
            self.values[name].copy_(value)


@contextmanager
def averaged(network: nn.Module, average: Average | None) -> Iterator[None]:
    """Inside the block the network has the averaged weights, where there is an average."""
    if average is None:
        yield
        return
    own = {name: value.detach().clone() for name, value in network.state_dict().items()}
    network.load_state_dict(average.values)
    try:
        yield
    finally:
        network.load_state_dict(own)
