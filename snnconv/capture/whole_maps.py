"""Pooling with a window that is written as the map's own size: global pooling, at every size.

`F.avg_pool2d(x, x.shape[2:])`, `F.avg_pool2d(x, x.size(3))`, `F.max_pool1d(x, x.shape[2])`. A window is a number to
torch.export, so that the map would be fixed at the example's size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import SymInt, Tensor
from torch.nn import functional as F

from ..graph.graphs import hint

Pool = Callable[..., Any]


def is_whole(window: int | SymInt, size: int | SymInt) -> bool:
    """Whether a window is as long as the map: by its term, or at the example's size, which then is a condition."""
    if not isinstance(window, SymInt):
        return False
    return hint(window) == hint(size) and bool(window == size)


def along_whole_maps(pool: Pool, dims: int, one: Pool, reduce: Pool) -> Pool:
    """The same pooling, over the whole of a dimension where its window is that.

    Args:
        dims: spatial dimensions.
        one: of the output size; pools adaptively. reduce: of the dimensions; the same along some of them.
    """

    def spelled_out(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, *more: Any, **options: Any
    ) -> Any:
        windows = as_list(kernel_size, dims)
        whole = [is_whole(window, size) for window, size in zip(windows, input.shape[-dims:], strict=True)]
        if not any(whole) or any(as_list(padding, dims)) or options.get("return_indices") or has_divisor(more, options):
            return pool(input, kernel_size, stride, padding, *more, **options)
        if all(whole):
            return one(input, 1)
        steps = as_list(windows if stride is None or stride == () else stride, dims)
        rest = [[1 if all_of_it else n for n, all_of_it in zip(along, whole)] for along in (windows, steps)]
        pooled = reduce(input, [d - dims for d in range(dims) if whole[d]], keepdim=True)
        return pooled if {1} == {*rest[0], *rest[1]} else pool(pooled, *rest, padding, *more, **options)

    return spelled_out


def as_list(value: Any, count: int) -> list[Any]:
    values = list(value) if isinstance(value, (tuple, list)) else [value]
    return values * count if len(values) == 1 else values


def has_divisor(more: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """`divisor_override`, the last argument of the functions that have it."""
    return options.get("divisor_override") is not None or len(more) > 2


PLAIN: dict[Any, Pool] = {
    F.avg_pool1d: along_whole_maps(F.avg_pool1d, 1, F.adaptive_avg_pool1d, torch.mean),
    F.avg_pool2d: along_whole_maps(F.avg_pool2d, 2, F.adaptive_avg_pool2d, torch.mean),
    F.avg_pool3d: along_whole_maps(F.avg_pool3d, 3, F.adaptive_avg_pool3d, torch.mean),
    F.max_pool1d: along_whole_maps(F.max_pool1d, 1, F.adaptive_max_pool1d, torch.amax),
    F.max_pool2d: along_whole_maps(F.max_pool2d, 2, F.adaptive_max_pool2d, torch.amax),
    F.max_pool3d: along_whole_maps(F.max_pool3d, 3, F.adaptive_max_pool3d, torch.amax),
}
