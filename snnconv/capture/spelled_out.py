"""Functions of torch that torch.export cannot follow, in operations that it can: the same function, spelled out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from . import fake_quantise, grids, whole_maps


def contiguous(input: Tensor, memory_format: torch.memory_format = torch.contiguous_format) -> Tensor:
    """An operation of the graph also where the example is contiguous already: cropped maps of other sizes are not."""
    return torch.ops.aten.contiguous.default(input, memory_format=memory_format)


PLAIN: dict[Any, Callable[..., Any]] = {
    **fake_quantise.PLAIN,
    **grids.PLAIN,
    **whole_maps.PLAIN,
    Tensor.contiguous: contiguous,
}


class SpelledOut(TorchFunctionMode):
    """Inside the block the functions of `PLAIN` are what stands there."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return PLAIN.get(func, func)(*args, **(kwargs or {}))
