"""Rounding weights so that their errors cancel: spikes of one place and of one sign are much alike."""

from __future__ import annotations

import torch
from torch import Tensor

FIXED = 2**40  # errors as whole numbers of this part: sums of them are the same on every machine


def rounded(weight: Tensor) -> Tensor:
    """Whole numbers near `weight` [out, in, …] whose errors sum up to less than ½ in every kernel and every row.

    Each is rounded to the nearest; then, kernel by kernel and at last row by row, those that were nearest to being
    rounded to the other side are, as many as make up for the sum. Of independent inputs that costs a little; inputs of
    a mean, as spikes of a ReLU, would see the sum of the errors as a bias.

    Source: SQuant (Guo et al., ICLR 2022, "On-the-fly data-free quantization via diagonal Hessian approximation").
    """
    rows = weight.double().flatten(2) if weight.dim() > 2 else weight.double().unsqueeze(-1)
    nearest = rows.round()
    if rows.shape[-1] > 1:
        nearest = flipped(nearest, rows)
    flat = flipped(nearest.flatten(1), rows.flatten(1))
    return flat.view(weight.shape)


def flipped(whole: Tensor, exact: Tensor) -> Tensor:
    """Along the last dimension, one step the other way where the error is largest, until the sum is below ½."""
    error = ((whole - exact) * FIXED).round().to(torch.int64)
    total = error.sum(-1, keepdim=True)
    count = (total.abs() + FIXED // 2) // FIXED
    sign = total.sign()
    order = torch.sort(error * sign, dim=-1, descending=True, stable=True).indices
    rank = torch.empty_like(order).scatter_(-1, order, torch.arange(order.shape[-1]).expand_as(order))
    return whole - sign * (rank < count)
