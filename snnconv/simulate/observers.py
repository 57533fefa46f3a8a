"""Watching a run from outside: every neuron's currents and spikes, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor

from ..neurons import Neuron, Temporal
from ..neurons.codes import Code, events_per_neuron


class Observer(Protocol):
    """Called once per neuron site and chunk of time steps."""

    def __call__(self, site: str, start: int, current: Tensor, spikes: Tensor) -> None:
        """`current` and `spikes` are [steps, B, …]; `start` counts the steps before this chunk."""
        ...


class SpikeCounter:
    """Spikes over batch and neurons at every step, per site; a burst of k counts k.

    Args:
        codes: {site: what a spike of magnitude k costs}; "unary" where nothing is said.
    """

    def __init__(self, codes: Mapping[str, Code] | None = None) -> None:
        self._codes = codes or {}
        self._counts: dict[str, list[Tensor]] = {}
        self.neurons: dict[str, int] = {}

    def __call__(self, site: str, start: int, current: Tensor, spikes: Tensor) -> None:
        per_step = events_per_neuron(spikes.detach(), self._codes.get(site, "unary")).sum(1)
        self._counts.setdefault(site, []).append(per_step.round().long().cpu())
        self.neurons[site] = spikes[0, 0].numel()

    @property
    def spikes(self) -> dict[str, Tensor]:
        """{site: int64 [T]}."""
        return {site: torch.cat(parts) for site, parts in self._counts.items()}


@contextmanager
def observing(neurons: Mapping[str, Temporal], observers: Sequence[Observer]) -> Iterator[None]:
    """Call the observers during the block, by forward hooks on the modules that go again at its end.

    Args:
        neurons: {name: what fires}, neurons or running sums.
    """
    started = dict.fromkeys(neurons, 0)

    def hook(site: str) -> Callable[..., None]:
        def watch(module: Any, args: tuple[Any, ...], result: tuple[Tensor, Any]) -> None:
            x, state, steps, varying = args
            if isinstance(module, Neuron):
                done = state.steps if state is not None and module.is_timed(x) else 0
                x, varying = module.driven(x, done, steps, varying)
            current = x.unflatten(0, (steps, -1)) if varying else x.expand(steps, *x.shape)
            spikes = result[0].unflatten(0, (steps, -1))
            for observer in observers:
                observer(site, started[site], current, spikes)
            started[site] += steps

        return watch

    handles = [neuron.register_forward_hook(hook(site)) for site, neuron in neurons.items()] if observers else []
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
