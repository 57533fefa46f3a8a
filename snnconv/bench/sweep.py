"""Accuracy and spikes against time steps, in one run of the longest T: every shorter one is a prefix of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

import torch

from ..network import SpikingNetwork
from ..provenance import provenance
from .evaluate import count_correct, labelled_batches, normalization_of, require_logits
from .results import Result
from .steps import check_steps

DEFAULT_STEPS = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Row:
    """One number of time steps.

    Attributes:
        accuracy: top-1 in %.
        spikes_per_neuron: spikes a neuron fires per sample over all T steps, mean over neurons and samples.
        spikes: spikes per sample over all T steps, all neurons.
    """

    T: int
    accuracy: float
    spikes_per_neuron: float
    spikes: float


@dataclass(frozen=True)
class Sweep(Result):
    """The curve of one network on one data set, and how it was made.

    Attributes:
        ann_accuracy: top-1 in % of the ANN it was converted from, on the same samples.
        site_rates: {site: spikes per neuron and step} at the longest T.
    """

    NAME: ClassVar[str] = "sweep"

    rows: list[Row]
    ann_accuracy: float
    samples: int
    data: str
    neurons: int
    settings: dict[str, Any]
    normalization: dict[str, Any] | None
    site_rates: dict[str, float]
    notices: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        return cls(**{**document, "rows": [Row(**row) for row in document["rows"]]})

    def table(self) -> list[dict[str, Any]]:
        return [asdict(row) for row in self.rows]

    def plot(self, path: str | PathLike[str]) -> None:
        """Accuracy and spikes against T; the suffix of `path` names the format (.png, .svg, .pdf)."""
        from .plots.sweep import plot_sweep  # matplotlib takes a second to import

        plot_sweep(self, Path(path))


def sweep(snn: SpikingNetwork, data: Iterable[Any], T: Iterable[int] = DEFAULT_STEPS, *, seed: int = 0) -> Sweep:
    """Evaluate a spiking network on labelled batches at several numbers of time steps, and its ANN beside it.

    Args:
        data: batches with integer labels, as (x, y) or dicts; see `snnconv.data.open_data`.
        T: time steps, each at least 1.

    Raises:
        InputError: no labels, labels that the network has no class for, an output that is not [B, classes].
    """
    steps = check_steps(T)
    index = torch.tensor(steps) - 1
    correct, spikes = torch.zeros(len(steps)), torch.zeros(len(steps), dtype=torch.float64)
    ann_correct, samples = 0, 0
    site_spikes: dict[str, int] = {}
    neurons: dict[str, int] = {}
    ann = snn.ann
    for batch in labelled_batches(snn, data, "sweeping"):
        run = snn.run(batch.arguments, T=steps[-1])
        logits = require_logits(run.logits, batch)
        correct += (logits[index].argmax(-1).cpu() == batch.labels).sum(1)
        ann_correct += count_correct(ann, batch)
        counts = torch.stack(list(run.spikes.values())).sum(0).cumsum(0)
        spikes += counts[index].double()
        for site, fired in run.spikes.items():
            site_spikes[site] = site_spikes.get(site, 0) + int(fired.sum())
        neurons = run.neurons
        samples += len(batch.labels)
    size = sum(neurons.values())
    return Sweep(
        rows=[
            Row(t, 100 * float(c) / samples, float(s) / samples / size, float(s) / samples)
            for t, c, s in zip(steps, correct, spikes)
        ],
        ann_accuracy=100 * ann_correct / samples,
        samples=samples,
        data=str(getattr(data, "name", "data")),
        neurons=size,
        settings=dict(snn.plan.settings),
        normalization=normalization_of(data, snn),
        site_rates={site: fired / samples / neurons[site] / steps[-1] for site, fired in site_spikes.items()},
        notices=list(snn.plan.notices),
        provenance=provenance(seed),
    )
