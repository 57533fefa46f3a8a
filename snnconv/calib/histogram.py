"""Streaming statistics of one activation site: a histogram whose range doubles when larger values come."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..errors import InputError

LAYER_BINS = 8192  # one row per layer
CHANNEL_BINS = 2048  # one row per channel
SLICE = 2**24  # elements counted at once: their indices take 4 bytes each
HEADROOM = 1.25  # the first batch rarely holds the maximum; each doubling halves the resolution


class ActivationHistogram:
    """Counts of the values of a site over any number of batches, in memory that does not grow.

    Args:
        per_channel: one row per channel (dimension 1) instead of one for the layer.

    Attributes:
        maximum: largest value of each row, [R].
        counts: float64 [R, bins]; bin i covers [i, i+1)·limit/bins.
        limit: upper end of each row's range, [R].
    """

    def __init__(self, per_channel: bool) -> None:
        self.per_channel = per_channel
        self.bins = CHANNEL_BINS if per_channel else LAYER_BINS
        self.maximum = torch.zeros(0)
        self.limit = torch.zeros(0)
        self.counts = torch.zeros(0)

    def add(self, x: Tensor) -> None:
        """Take in a batch of non-negative activations [B, C, …].

        Raises:
            InputError: a value that is not finite.
        """
        for part in x.detach().split(max(1, SLICE // max(1, x[0].numel()))):
            self._add(part)

    def _add(self, x: Tensor) -> None:
        rows = x.float()
        rows = rows.transpose(0, 1).reshape(x.shape[1], -1) if self.per_channel else rows.reshape(1, -1)
        largest = rows.amax(1)
        require_finite(largest)
        if not self.maximum.numel():
            self.maximum, self.limit = torch.zeros_like(largest), torch.zeros_like(largest)
            self.counts = torch.zeros(len(rows), self.bins, dtype=torch.float64, device=x.device)
        self._widen(largest)
        self.maximum = torch.maximum(self.maximum, largest)
        width = torch.where(self.limit > 0, self.limit, 1.0) / self.bins
        index = (rows / width[:, None]).to(torch.int32).clamp_(0, self.bins - 1)
        if len(rows) > 1:
            index += torch.arange(len(rows), dtype=torch.int32, device=x.device)[:, None] * self.bins
        self.counts += torch.bincount(index.flatten(), minlength=self.counts.numel()).view_as(self.counts)

    def _widen(self, largest: Tensor) -> None:
        """Set the range of rows that were all zero, and double it, merging bins in pairs, until it holds `largest`."""
        self.limit = torch.where(self.limit > 0, self.limit, largest * HEADROOM)
        while bool((narrow := largest > self.limit).any()):
            pairs = self.counts[narrow].view(-1, self.bins // 2, 2).sum(-1)
            self.counts[narrow] = torch.cat([pairs, torch.zeros_like(pairs)], 1)
            self.limit = torch.where(narrow, self.limit * 2, self.limit)

    def state(self) -> dict[str, Tensor]:
        """All that is kept."""
        return {"maximum": self.maximum, "limit": self.limit, "counts": self.counts}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self.maximum, self.limit, self.counts = state["maximum"], state["limit"], state["counts"]

    @property
    def edges(self) -> Tensor:
        """Upper bin edges, float64 [R, bins]."""
        steps = torch.arange(1, self.bins + 1, dtype=torch.float64, device=self.limit.device)
        return self.limit.double()[:, None] * steps / self.bins

    @property
    def centres(self) -> Tensor:
        """Bin centres, float64 [R, bins]; bin 0, where the exact zeros of a ReLU are, counts as 0."""
        centres = self.edges - self.limit.double()[:, None] / (2 * self.bins)
        centres[:, 0] = 0
        return centres

    def quantile(self, q: float) -> Tensor:
        """The value below which a fraction q of all values lies, [R], interpolated within its bin, ≤ maximum."""
        cumulative = self.counts.cumsum(1)
        wanted = (cumulative[:, -1:] * q).clamp(min=1e-9)
        index = torch.searchsorted(cumulative, wanted).clamp_(max=self.bins - 1)
        inside = self.counts.gather(1, index).clamp(min=1)
        below = cumulative.gather(1, index) - self.counts.gather(1, index)
        width = self.limit.double()[:, None] / self.bins
        value = (index + ((wanted - below) / inside).clamp(0, 1)) * width
        return torch.minimum(value[:, 0].float(), self.maximum)

    def quantile_of_layer(self, q: float) -> Tensor:
        """The same over all rows together, [], to the centre of a bin."""
        values, order = self.centres.flatten().sort()
        cumulative = self.counts.flatten()[order].cumsum(0)
        index = torch.searchsorted(cumulative, cumulative[-1:] * q).clamp_(max=len(values) - 1)
        return torch.minimum(values[index][0].float(), self.maximum.max())


def require_finite(largest: Tensor) -> None:
    if not bool(torch.isfinite(largest).all()):
        raise InputError(
            "an activation became NaN or infinite during calibration",
            remedy="check the calibration data and its normalisation (--mean/--std)",
        )
