"""Watching a run from outside: every neuron's currents and spikes, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from ..neurons import Neuron, Temporal
from ..neurons.kernels.dispatch import Parts
from ..neurons.temporal import added


class Observer(Protocol):
    """Called once per neuron site and chunk of time steps."""

    def __call__(self, site: str, start: int, current: Tensor, spikes: Tensor) -> None:
        """`current` and `spikes` are [steps, B, …]; `start` counts the steps before this chunk."""
        ...


class SpikeCounter:
    """Spikes over batch and neurons at every step, per site; a burst of k counts k, one in a code its events.

    The neurons count, as part of their step.
    """

    def __init__(self) -> None:
        self._counts: dict[str, list[Tensor]] = {}
        self.neurons: dict[str, int] = {}

    @contextmanager
    def watching(self, sites: Mapping[str, Neuron]) -> Iterator[None]:
        """Count what these neurons send during the block: one run, whose counts are added to those before."""
        before = self._counts
        self._counts = {}
        try:
            for site, neuron in sites.items():
                neuron.tally = partial(self._add, site)
            yield
        finally:
            for neuron in sites.values():
                neuron.tally = None
            for site, parts in self._counts.items():
                found = torch.cat(parts)
                self._counts[site] = [found + before[site][0] if site in before else found]

    def _add(self, site: str, events: Tensor, neurons: int) -> None:
        self._counts.setdefault(site, []).append(events)
        self.neurons[site] = neurons

    @property
    def spikes(self) -> dict[str, Tensor]:
        """{site: int64 [T]}, on the CPU."""
        return {site: torch.cat(parts).cpu() for site, parts in self._counts.items()}


@contextmanager
def watching_spikes(neurons: Mapping[str, Temporal], told: Callable[[str, int, Tensor], None]) -> Iterator[None]:
    """Hand every chunk of spikes [steps·B, …], in whatever type they travel, to `told(name, steps, spikes)`.

    Args:
        neurons: as `observing` takes them, whose observers see currents as well, which have to be added up for them.
    """

    def hook(site: str) -> Callable[..., None]:
        def watch(_: Any, args: tuple[Any, ...], result: tuple[Tensor, Any]) -> None:
            told(site, args[2], result[0])

        return watch

    handles = [neuron.register_forward_hook(hook(site)) for site, neuron in neurons.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def observing(neurons: Mapping[str, Temporal], observers: Sequence[Observer]) -> Iterator[None]:
    """Call the observers during the block, by forward hooks on the modules that go again at its end.

    Args:
        neurons: {name: what fires}, neurons or running sums.
    """
    started = dict.fromkeys(neurons, 0)

    def hook(site: str) -> Callable[..., None]:
        def watch(module: Any, args: tuple[Any, ...], result: tuple[Tensor, Any]) -> None:
            x, state, steps, varying, *_ = args
            if isinstance(x, Parts):
                x, varying = added(x, steps)
            if isinstance(module, Neuron):
                done = state.steps if state is not None and module.is_timed(x) else 0
                x, varying = module.driven(x, done, steps, varying)
            if isinstance(module, Neuron):
                x = module.of_current(x)
            current = x.unflatten(0, (steps, -1)) if varying else x.expand(steps, *x.shape)
            spikes = result[0].unflatten(0, (steps, -1))
            spikes = spikes if spikes.is_floating_point() else spikes.float()
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
