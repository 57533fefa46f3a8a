"""Mean activations of the ANN, and mean outputs of its spiking neurons, of every neuron over the kept samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ...convert.graphs import as_call
from ...network import SpikingNetwork
from ...simulate.engine import simulate
from ...simulate.memory import LIVE, budget

Samples = Sequence[tuple[Tensor, ...]]


class Reached(Exception):
    """The site has been computed: what comes after it need not be."""


def ann_means(snn: SpikingNetwork, samples: Samples) -> dict[str, Tensor]:
    """{site: mean activation of the ANN, float64, shaped as one sample}."""
    ann, totals = snn.ann, dict[str, Tensor]()

    def add(name: str) -> Callable[..., None]:
        def hook(_module: Any, _args: Any, output: Tensor) -> None:
            totals[name] = totals.get(name, 0) + output.sum(0, dtype=torch.float64)

        return hook

    handles = [ann.get_submodule(name).register_forward_hook(add(name)) for name in snn.sites]
    try:
        with torch.no_grad():
            for leaves in samples:
                ann(*as_call(ann, like(snn, leaves)))
    finally:
        for handle in handles:
            handle.remove()
    count = sum(len(leaves[0]) for leaves in samples)
    return {name: totals[name] / count for name in snn.sites}


def spiking_mean(snn: SpikingNetwork, name: str, samples: Samples, T: int) -> Tensor:
    """Mean over samples and T steps of θ·s of one site, float64, shaped as one sample. Layers behind it do not run."""
    neuron, total, steps = snn.sites[name], torch.zeros(()), snn.warm_up + T

    def hook(module: Any, _args: Any, result: tuple[Tensor, Any]) -> None:
        nonlocal total
        spikes = result[0].unflatten(0, (steps, -1))[snn.warm_up :]
        total = total.to(spikes.device) + spikes.sum((0, 1), dtype=torch.float64)
        raise Reached

    handle = neuron.register_forward_hook(hook)
    try:
        with torch.no_grad():
            for leaves in parts(snn, samples, steps):
                try:
                    list(simulate(snn._hidden[0], like(snn, leaves), steps, steps))
                except Reached:
                    continue
    finally:
        handle.remove()
    count = sum(len(leaves[0]) for leaves in samples)
    return total / (count * T) * neuron.per_unit(total[None])


def parts(snn: SpikingNetwork, samples: Samples, steps: int) -> Iterator[tuple[Tensor, ...]]:
    """The samples in batches of which all steps fit into memory at once."""
    device = next((p.device for p in snn.network.parameters()), torch.device("cpu"))
    size = max(1, budget(device) // max(1, snn._per_sample * steps * 4 * LIVE))
    for leaves in samples:
        yield from zip(*(leaf.split(size) for leaf in leaves))


def like(snn: SpikingNetwork, leaves: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """On the network's device and in its float type."""
    reference = next(iter(snn.network.parameters()))
    return tuple(leaf.to(reference.device, reference.dtype if leaf.is_floating_point() else None) for leaf in leaves)
