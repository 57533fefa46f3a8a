"""Samples of calibration data, as many as fit into memory with all their time steps, and what the ANN makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ...graph.graphs import as_call
from ...network import SpikingNetwork
from ...placement import placement_of

Samples = Sequence[tuple[Tensor, ...]]
BYTES = 2**31  # of what lives between two layers
ALIVE = 2  # a layer's input and a residual, of float32
FEWEST = 8


def fitting(snn: SpikingNetwork, samples: Samples, steps: int, alive: int = ALIVE) -> tuple[Tensor, ...]:
    """The first samples, of one size, as one batch, on the network's device and in its float type: at most what 2 GiB
    hold.

    Args:
        alive: tensors of the size of the largest layer, with all its steps, that are held at once.
    """
    reference = placement_of(snn.network)
    shapes = [tuple(leaf.shape[1:]) for leaf in samples[0]]
    same = [leaves for leaves in samples if [tuple(leaf.shape[1:]) for leaf in leaves] == shapes]
    count = max(FEWEST, BYTES // max(1, snn.largest_layer(shapes) * steps * 4 * alive))
    leaves = (torch.cat(parts)[:count] for parts in zip(*same, strict=True))
    return tuple(leaf.to(reference.device, reference.dtype if leaf.is_floating_point() else None) for leaf in leaves)


def ann_means(snn: SpikingNetwork, leaves: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """{site: mean activation of the ANN over the samples, float64, shaped as one sample}."""
    ann, found = snn.ann, dict[str, Tensor]()

    def keep(name: str) -> Callable[..., None]:
        def hook(_module: Any, _args: Any, output: Tensor) -> None:
            found[name] = output.mean(0, dtype=torch.float64)

        return hook

    handles = [ann.get_submodule(name).register_forward_hook(keep(name)) for name in snn.sites]
    try:
        with torch.no_grad():
            ann(*as_call(ann, leaves))
    finally:
        for handle in handles:
            handle.remove()
    return found
