"""Accuracy and spikes against time steps, in one run of the longest T: every shorter one is a prefix of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sized
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from ..convert.graphs import as_call
from ..data import DataSource, batch_inputs, batch_labels
from ..errors import InputError
from ..io import atomic_output
from ..network import SpikingNetwork
from ..progress import track
from ..provenance import provenance
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
class Sweep:
    """The curve of one network on one data set, and how it was made.

    Attributes:
        ann_accuracy: top-1 in % of the ANN it was converted from, on the same samples.
        site_rates: {site: spikes per neuron and step} at the longest T.
    """

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

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def to_json(self, path: str | PathLike[str]) -> None:
        """Everything, as one JSON object."""
        with atomic_output(path, overwrite=True) as temporary:
            temporary.write_text(json.dumps(self.to_dict(), indent=2) + "\n")

    def to_csv(self, path: str | PathLike[str]) -> None:
        """The rows alone."""
        with atomic_output(path, overwrite=True) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(Row.__dataclass_fields__))
            writer.writeheader()
            writer.writerows(asdict(row) for row in self.rows)

    def plot(self, path: str | PathLike[str]) -> None:
        """Accuracy and spikes against T; the suffix of `path` names the format (.png, .svg, .pdf)."""
        from .plots import plot_sweep  # matplotlib takes a second to import

        plot_sweep(self, Path(path))

    def save(self, folder: str | PathLike[str]) -> list[Path]:
        """sweep.json, .csv, .png and .svg in `folder`, which is made where it is missing; all of them or none."""
        root = Path(folder)
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError("cannot make the output folder", got=error.strerror, where=str(root)) from error
        paths = [root / f"sweep.{kind}" for kind in ("json", "csv", "png", "svg")]
        writers = (self.to_json, self.to_csv, self.plot, self.plot)
        with ExitStack() as all_or_none:
            for path, write in zip(paths, writers):
                write(all_or_none.enter_context(atomic_output(path, overwrite=True)))
        return paths


def sweep(snn: SpikingNetwork, data: Iterable[Any], T: Iterable[int] = DEFAULT_STEPS, *, seed: int = 0) -> Sweep:
    """Evaluate a spiking network on labelled batches at several numbers of time steps, and its ANN beside it.

    Args:
        data: batches with integer labels, as (x, y) or dicts; see `snnconv.data.open_data`.
        T: time steps, each at least 1.

    Raises:
        InputError: no labels, labels that the network has no class for, an output that is not [B, classes].
    """
    steps = check_steps(T)
    device = next((p.device for p in snn.parameters()), torch.device("cpu"))
    index = torch.tensor(steps) - 1
    correct, spikes = torch.zeros(len(steps)), torch.zeros(len(steps), dtype=torch.float64)
    ann_correct, samples = 0, 0
    site_spikes: dict[str, int] = {}
    neurons: dict[str, int] = {}
    ann = snn.ann
    for number, batch in enumerate(track(data, "sweeping", batches_in(data))):
        where = f"test batch {number}"
        leaves = tuple(leaf.to(device) for leaf in batch_inputs(batch, where=where))
        labels = require_labels(batch, where)
        arguments = as_call(snn.network, leaves)
        run = snn.run(arguments, T=steps[-1])
        logits = require_logits(run.logits, labels, where)
        correct += (logits[index].argmax(-1).cpu() == labels).sum(1)
        ann_correct += count_correct(ann, arguments, snn, labels)
        counts = torch.stack(list(run.spikes.values())).sum(0).cumsum(0)
        spikes += counts[index].double()
        for site, fired in run.spikes.items():
            site_spikes[site] = site_spikes.get(site, 0) + int(fired.sum())
        neurons = run.neurons
        samples += len(labels)
    if not samples:
        raise InputError("the test data is empty", expected="at least one labelled batch", got="none")
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


def batches_in(data: Iterable[Any]) -> int | None:
    """How many batches there are, where that is known; a `DataSource` counts samples, all else batches."""
    if isinstance(data, DataSource):
        return -(-len(data) // data.batch_size)
    return len(data) if isinstance(data, Sized) else None


def normalization_of(data: Iterable[Any], snn: SpikingNetwork) -> dict[str, Any] | None:
    """The one applied to the data; where the data do not tell, the one the network was calibrated with."""
    if isinstance(data, DataSource):
        return None if data.normalization is None else data.normalization.to_dict()
    return snn.plan.normalization


def count_correct(ann: fx.GraphModule, arguments: tuple[Any, ...], snn: SpikingNetwork, labels: Tensor) -> int:
    with torch.no_grad():
        output = ann(*[snn._like_network(x) if isinstance(x, Tensor) else x for x in arguments])
    return int((first_tensor(output).argmax(-1).cpu() == labels).sum())


def first_tensor(output: Any) -> Tensor:
    leaves = [leaf for leaf in pytree.tree_leaves(output) if isinstance(leaf, Tensor)]
    return leaves[0] if leaves else torch.zeros(0)


def require_labels(batch: Any, where: str) -> Tensor:
    labels = batch_labels(batch)
    if labels is None:
        raise InputError("the test data has no labels", expected="batches (x, y) with integer y", where=where)
    return labels.cpu()


def require_logits(logits: Any, labels: Tensor, where: str) -> Tensor:
    """The logits [T, B, classes], if they are that and have a class for every label."""
    if not isinstance(logits, Tensor) or logits.dim() != 3:
        got = f"[T, {', '.join(map(str, logits.shape[1:]))}]" if isinstance(logits, Tensor) else type(logits).__name__
        raise InputError(
            "the network's output is not one score per class",
            expected="[B, classes]",
            got=got,
            remedy="wrap the model so that its forward returns the class scores alone",
        )
    classes = logits.shape[-1]
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise InputError(
            "a label is out of range",
            expected=f"0 to {classes - 1}, the network has {classes} classes",
            got=f"{int(labels.min())} to {int(labels.max())}",
            where=where,
        )
    return logits
