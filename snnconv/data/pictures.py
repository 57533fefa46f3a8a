"""Picture files and torchvision data sets as tensors, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

THREADS = 8


def fetch_pictures(load: Callable[[int], tuple[Any, int]]) -> Callable[[Sequence[int]], tuple[Tensor, Tensor]]:
    """A `Samples.fetch` from a function that loads one sample.

    Args:
        load: position → (PIL image, label), safe to call from several threads at once.

    Returns:
        positions → (x float32 [N, C, H, W] in 0…1, y int64 [N]).
    """

    def fetch(positions: Sequence[int]) -> tuple[Tensor, Tensor]:
        from torchvision.transforms.functional import pil_to_tensor  # slow to import

        def one(position: int) -> tuple[Tensor, int]:
            picture, label = load(position)
            return pil_to_tensor(picture), label

        # threads suffice: decoding and resizing pictures release the interpreter's lock
        with ThreadPoolExecutor(THREADS) as pool:
            images, labels = zip(*pool.map(one, positions))
        return torch.stack(images).float().div_(255), torch.tensor(labels)

    return fetch
