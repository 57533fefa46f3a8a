"""Where a network is, and in which type: what inputs are moved to."""

from __future__ import annotations

from itertools import chain

import torch
from torch import Tensor, nn


def placement_of(network: nn.Module) -> Tensor:
    """A tensor on the network's device and in its type: its first parameter of real numbers, or buffer where it has no
    such parameters, or else a number in float32 on the CPU: networks of activations and pooling alone hold nothing."""
    values = chain(network.parameters(), network.buffers())
    return next((value for value in values if value.is_floating_point()), torch.zeros((), dtype=torch.float32))
