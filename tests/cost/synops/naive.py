"""Spike operations counted by enumeration, in NumPy, without the package and without torch.

Events are arrays [N, …] of whole numbers ≥ 0, one row per case. A pattern hands events on to every place they reach; a
layer gives the number of products they take part in, [N]. Everything goes kernel tap by kernel tap, or window by
window: which output position does this input position feed?
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Sizes = Sequence[int] | int


def each(setting: Sizes, dims: int) -> list[int]:
    return [setting] * dims if isinstance(setting, int) else list(setting)


def conv(
    events: Array, weight: Sequence[int], stride: Sizes = 1, padding: Sizes = 0, dilation: Sizes = 1, groups: int = 1
) -> Array:
    """weight: [out, in / groups, *kernel]. Output o at position p reads input p·stride − padding + tap·dilation."""
    dims, size = len(weight) - 2, events.shape[2:]
    stride, padding, dilation = each(stride, dims), each(padding, dims), each(dilation, dims)
    total = np.zeros(len(events))
    for tap in itertools.product(*map(range, weight[2:])):
        read = []
        for d in range(dims):
            count = (size[d] + 2 * padding[d] - dilation[d] * (weight[2 + d] - 1) - 1) // stride[d] + 1
            places = [p * stride[d] - padding[d] + tap[d] * dilation[d] for p in range(count)]
            read.append([place for place in places if 0 <= place < size[d]])
        for group in range(groups):
            channels = list(range(group * weight[1], (group + 1) * weight[1]))
            outputs = weight[0] // groups
            total += outputs * events[np.ix_(range(len(events)), channels, *read)].sum(tuple(range(1, dims + 2)))
    return total


def conv_transposed(
    events: Array,
    weight: Sequence[int],
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    output_padding: Sizes = 0,
) -> Array:
    """weight: [in, out / groups, *kernel]. Input p feeds output p·stride − padding + tap·dilation, if that exists."""
    dims, size = len(weight) - 2, events.shape[2:]
    stride, padding, dilation = each(stride, dims), each(padding, dims), each(dilation, dims)
    extra = each(output_padding, dims)
    total = np.zeros(len(events))
    for tap in itertools.product(*map(range, weight[2:])):
        read = []
        for d in range(dims):
            reach = dilation[d] * (weight[2 + d] - 1)
            outputs = (size[d] - 1) * stride[d] - 2 * padding[d] + reach + extra[d] + 1
            fed = [p * stride[d] - padding[d] + tap[d] * dilation[d] for p in range(size[d])]
            read.append([p for p in range(size[d]) if 0 <= fed[p] < outputs])
        channels = range(events.shape[1])
        total += weight[1] * events[np.ix_(range(len(events)), channels, *read)].sum(tuple(range(1, dims + 2)))
    return total


def linear(events: Array, outputs: int) -> Array:
    return outputs * events.reshape(len(events), -1).sum(1)


def average(events: Array, kernel: Sizes, stride: Sizes | None = None, padding: Sizes = 0, ceil: bool = False) -> Array:
    """Sum over each window, in the input alone."""
    return over_windows(events, plain_windows(events, kernel, stride, padding, ceil), np.sum)


def adaptive(events: Array, outputs: Sequence[int]) -> Array:
    windows = [[range(i * n // o, -(-(i + 1) * n // o)) for i in range(o)] for n, o in zip(events.shape[2:], outputs)]
    return over_windows(events, windows, np.sum)


def max_differences(steps: Array, kernel: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Array:
    """Spikes [T, N, …] → what max pooling of their running sum emits, [T, N, …]."""
    windows = plain_windows(steps[0], kernel, stride, padding, ceil=False)
    pooled = [over_windows(total, windows, np.max) for total in np.cumsum(steps, 0)]
    return np.diff(np.stack([np.zeros_like(pooled[0]), *pooled]), axis=0)


def plain_windows(x: Array, kernel: Sizes, stride: Sizes | None, padding: Sizes, ceil: bool) -> list[list[range]]:
    dims, size = x.ndim - 2, x.shape[2:]
    k, p = each(kernel, dims), each(padding, dims)
    s = each(kernel if stride is None else stride, dims)
    windows = []
    for d in range(dims):
        room = size[d] + 2 * p[d] - k[d]
        count = (-(-room // s[d]) if ceil else room // s[d]) + 1
        starts = [i * s[d] - p[d] for i in range(count)]
        starts = [start for start in starts if start < size[d]]  # a window beyond the input is left out
        windows.append([range(max(start, 0), min(start + k[d], size[d])) for start in starts])
    return windows


def over_windows(x: Array, windows: list[list[range]], reduce: object) -> Array:
    shape = (*x.shape[:2], *map(len, windows))
    y = np.zeros(shape)
    for place in itertools.product(*(range(len(along)) for along in windows)):
        index = [slice(w[i].start, w[i].stop) for w, i in zip(windows, place)]
        y[(slice(None), slice(None), *place)] = reduce(  # type: ignore[operator]
            x[(slice(None), slice(None), *index)], axis=tuple(range(2, x.ndim))
        )
    return y
