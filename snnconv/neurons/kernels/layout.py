"""How samples lie in memory: parameters are laid out alike, and repeated to a stretch that is worth a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

STRETCH = 1024
CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


def version_of(tensor: Tensor) -> int:
    """Counts the writes into a tensor; those made in inference mode count nothing, and cannot be written outside it."""
    return 0 if tensor.is_inference() else tensor._version


@dataclass(frozen=True)
class Layout:
    """Of dense tensors [B, C, …]: channels last, or as their dimensions stand."""

    channels_last: bool
    memory_format: torch.memory_format

    @classmethod
    def of(cls, x: Tensor) -> Layout:
        last = CHANNELS_LAST.get(x.dim())
        if last is not None and x.is_contiguous(memory_format=last):
            return cls(True, last)
        return cls(False, torch.contiguous_format)

    def laid(self, x: Tensor) -> Tensor:
        return x.contiguous(memory_format=self.memory_format)

    def empty(self, shape: Sequence[int], like: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        return torch.empty(
            tuple(shape), dtype=dtype or like.dtype, device=like.device, memory_format=self.memory_format
        )

    def dense(self, x: Tensor | None) -> Tensor:
        """All elements in the order of memory, [n]; none where there is no tensor."""
        if x is None:
            return torch.empty(0)
        laid = self.laid(x) if x.dim() > 1 else x.contiguous()
        return laid.as_strided((laid.numel(),), (1,))

    def flat(self, x: Tensor | None) -> Any:
        """`dense`, as a NumPy array."""
        return self.dense(x).detach().numpy()

    def tiles(self, values: Sequence[Tensor | None], shape: Sequence[int]) -> list[Tensor]:
        """Parameters of one stretch each, all of one length: a multiple of the distance after which they repeat.

        Args:
            values: broadcastable to `shape`, that of one sample; None gives an empty tensor.
        """
        given = [value for value in values if value is not None]
        unit = 1
        if any(value.numel() > 1 for value in given):
            by_channel = self.channels_last and all(self.is_per_channel(value, shape) for value in given)
            unit = shape[0] if by_channel else torch.Size(shape).numel()
        repeats = max(1, -(-STRETCH // unit))
        return [self.tile(value, shape, unit, repeats) if value is not None else torch.empty(0) for value in values]

    def is_per_channel(self, value: Tensor, shape: Sequence[int]) -> bool:
        return value.numel() == 1 or (value.dim() == len(shape) and value.numel() == value.shape[0] == shape[0])

    def tile(self, value: Tensor, shape: Sequence[int], unit: int, repeats: int) -> Tensor:
        value = value.detach().float()
        if value.numel() == 1:
            return value.reshape(1).expand(unit * repeats).contiguous()
        if self.channels_last and unit == shape[0] and value.numel() == unit:
            return value.reshape(-1).repeat(repeats)
        whole = value.expand(tuple(shape))
        return (whole.movedim(0, -1) if self.channels_last else whole).flatten().repeat(repeats)
