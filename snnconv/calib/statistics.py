"""What calibration keeps of a site: for layers and channels a histogram, for single neurons the maximum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from ..errors import InputError
from .histogram import ActivationHistogram, require_finite

Granularity = Literal["layer", "channel", "neuron"]


class NeuronMaximum:
    """The largest value of every neuron over any number of batches.

    A histogram for each of a million neurons would not fit into memory, and its tail would hold a handful of values.

    Attributes:
        maximum: [C, …], the shape of one sample.
    """

    per_channel = False

    def __init__(self) -> None:
        self.maximum = torch.zeros(0)

    def add(self, x: Tensor) -> None:
        """Take in a batch of non-negative activations [B, C, …].

        Raises:
            InputError: a value that is not finite.
        """
        largest = x.detach().float().amax(0)
        require_finite(largest)
        self.maximum = torch.maximum(self.maximum, largest) if self.maximum.numel() else largest

    def state(self) -> dict[str, Tensor]:
        """All that is kept."""
        return {"maximum": self.maximum}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self.maximum = state["maximum"]

    def quantile(self, q: float) -> Tensor:
        raise needs_distribution()

    @property
    def counts(self) -> Tensor:
        raise needs_distribution()

    @property
    def centres(self) -> Tensor:
        raise needs_distribution()


def needs_distribution() -> InputError:
    return InputError(
        "this threshold rule needs the distribution of the activations, which is not kept for single neurons",
        expected="threshold='max' or 'learned'",
        remedy="take one of these, or set per_channel",
    )


Statistics = ActivationHistogram | NeuronMaximum


def statistics_of(granularity: Granularity) -> Statistics:
    """Statistics of a site, nothing in them yet."""
    return NeuronMaximum() if granularity == "neuron" else ActivationHistogram(granularity == "channel")
