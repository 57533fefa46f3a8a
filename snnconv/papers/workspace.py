"""What a run of a recipe has at hand: data, weights, another network in place of the published one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn
from torch.export import ExportedProgram

from ..convert.fitting import fit
from ..data import DataSource, Normalization
from ..errors import InputError
from ..io.factory import find_factory
from ..methods import METHODS
from .data_sets import DATA_SETS
from .lack import NO_DATA, NO_SETTING, OTHER_WORK, Lack
from .opening import Opened, open_network, open_part
from .recipe import Row

CALIBRATION_SAMPLES = 512


@dataclass(frozen=True)
class Workspace:
    """The options of a run.

    Attributes:
        data_root: folder of the published data sets.
        weights: {group: file}; "" is the file for a recipe with one group. A file of weights of the group's network, or
            a network that was trained here, with clips or without. {"group/clip": file}: of rows that share a network
            (`Row.shares`); {"group/row": file}: of one row; {"group/row:2": file}: the same on the second of several
            splits.
        model: a network to run the settings on in place of every published one, with `data` of its own.
        about: plain words for `model`.
        data, calib: in place of the published data sets; without `calib` calibration is synthetic.
        normalization, views: in place of what the rows name. reading: `workers` and `strict` of `open_data`.
        batch_size: None: as usual for the data set.
        folder: where sweeps keep their journals; None: nowhere.
        untrained: {network: why there is none}, of those that a training was to make.
        known: what was looked for before, and what is missing of it.
    """

    data_root: Path | None = None
    weights: Mapping[str, str] = field(default_factory=dict)
    model: nn.Module | ExportedProgram | None = None
    about: str = ""
    data: Iterable[Any] | None = None
    calib: Iterable[Any] | None = None
    normalization: Normalization | None = None
    limit: int | None = None
    batch_size: int | None = None
    views: str | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    folder: Path | None = None
    overwrite: bool = False
    seed: int = 0
    untrained: Mapping[str, str] = field(default_factory=dict)
    known: dict[tuple[str, ...], str | None] = field(default_factory=dict, compare=False, repr=False)

    def folder_of(self, name: str) -> Path | None:
        """A folder of one group's own, where anything is kept."""
        words = re.sub(r"[^\w.=-]+", "-", name).strip("-")
        return self.folder / (words or "sweep") if self.folder else None

    def missing_network(self, row: Row) -> Lack | None:
        """Why the row's network cannot be built; None: it can."""
        if row.network is None:
            return OTHER_WORK
        try:
            find_factory(row.network)
        except InputError as error:
            name = row.network.rpartition(":")[2]
            return Lack("NETWORK", f"needs the network {name} ({str(error).splitlines()[0]})")
        return None

    def missing_method(self, row: Row) -> Lack | None:
        known = row.method is None or row.method in METHODS
        return None if known else Lack("METHOD", f"method {row.method} is not there yet")

    def missing_training(self, row: Row) -> list[Lack]:
        """What an evaluation lacks, on any of the row's splits: network, method, data, trained weights."""
        if self.model is not None:
            found = [None if row.method else NO_SETTING, self.missing_method(row)]
        else:
            network, parts = self.missing_network(row), row.by_split()
            data = [self.missing_data(part) for part in parts]
            final = [lack for lack in (network, *data) if lack in (OTHER_WORK, NO_DATA)]
            if final:  # nothing that could be given would help
                return final[:1]
            found = [network, self.missing_method(row), *data]
            if network is None:
                found += [self.missing_weights(part) for part in parts]
        return list(dict.fromkeys(lack for lack in found if lack))

    def missing_weights(self, row: Row) -> Lack | None:
        if self.weights_of(row) is not None:
            return None
        own = row.shares + row.part
        if own in self.untrained:
            return Lack("WEIGHTS", self.untrained[own])
        return Lack("WEIGHTS", f"needs trained weights (--weights {own}{'=' * bool(own)}FILE)")

    def missing_data(self, row: Row) -> Lack | None:
        if self.data is not None:
            return None
        if row.data is None:
            return NO_DATA
        key = (row.data, row.split, row.sampling)
        if key not in self.known:  # a table asks for the same data in every cell
            self.known[key] = DATA_SETS[row.data].missing(self.data_root, row.split, row.sampling)
        told = self.known[key]
        return None if told is None else Lack("DATA", told)

    @property
    def other(self) -> str:
        """What stands in place of the published network and data, in words; "" where nothing does."""
        if self.data is None:
            return ""
        name = Path(str(getattr(self.data, "name", "other data"))).name  # of a path its end says enough
        return f"{self.about or 'the published network'} on {name}"

    def weights_of(self, row: Row) -> str | None:
        """The file for the row's network, trained on its split where it has several."""
        names = (name + row.part for name in (row.place, row.shares, row.group, ""))
        return next((self.weights[name] for name in names if name in self.weights), None)

    def open(self, row: Row, weights: str | None = None) -> Opened:
        """The network in place of the published ones, or the row's with its trained weights.

        Args:
            weights: in place of those that were given.
        """
        if self.model is not None:
            return Opened(self.model)
        return open_network(row, weights or self.weights_of(row), self.device)

    def test_data(self, row: Row, opened: Opened) -> Iterable[Any]:
        """The test part that the row names, as its network takes it."""
        if self.data is not None:
            return fitting(self.data, opened)
        return self.part(row, opened, False, limit=self.limit, views=self.views or row.views)

    def calibration(self, row: Row, opened: Opened) -> Iterable[Any] | None:
        """The same of the training part, as far as a calibration goes."""
        if self.data is not None:
            return None if self.calib is None else fitting(self.calib, opened)
        return self.part(row, opened, True, limit=CALIBRATION_SAMPLES)

    def part(self, row: Row, opened: Opened, training: bool, **chosen: Any) -> DataSource:
        """Published data. A normalisation as typed goes before the one the network was trained with, that before the
        row's."""
        assert self.data_root is not None
        normalization = self.normalization or opened.normalization
        size = self.batch_size or DATA_SETS[row.data or ""].batch_size
        chosen = {"batch_size": size, "normalization": normalization, **self.reading, **chosen}
        return open_part(row, opened.model, training, self.data_root, **chosen)


def fitting(data: Iterable[Any], opened: Opened) -> Iterable[Any]:
    """Clips of which nobody chose frames, size or pathways, as the network takes them."""
    if isinstance(data, DataSource):
        fit(data, opened.model)
    return data
