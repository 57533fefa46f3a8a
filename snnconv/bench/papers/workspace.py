"""What a run of a recipe has at hand: data, weights, another network in place of the published one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn
from torch.export import ExportedProgram

from ...data import Normalization, open_data
from ...errors import InputError
from ...io.detect import FileKind, detect
from ...io.factory import find_factory
from ...io.open_model import open_model
from ...methods import METHODS
from .data_sets import DATA_SETS
from .recipe import Row

CALIBRATION_SAMPLES = 512
OTHER_WORK = "a figure of other work, with no network here"


@dataclass(frozen=True)
class Workspace:
    """The options of a run.

    Attributes:
        data_root: folder of the published data sets.
        weights: {group: file}; "" is the file for a recipe with one group. A file of weights of the group's network, or
            a `.pt2` of that network trained with clips.
        model: a network to run the settings on in place of every published one, with `data` of its own.
        about: plain words for `model`.
        data, calib: in place of the published data sets; without `calib` calibration is synthetic.
        views: of published test clips, as "5x3". reading: `workers` and `strict` of `open_data`.
        folder: where sweeps keep their journals; None: nowhere.
    """

    data_root: Path | None = None
    weights: Mapping[str, str] = field(default_factory=dict)
    model: nn.Module | ExportedProgram | None = None
    about: str = ""
    data: Iterable[Any] | None = None
    calib: Iterable[Any] | None = None
    normalization: Normalization | None = None
    limit: int | None = None
    batch_size: int = 100
    views: str | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    folder: Path | None = None
    overwrite: bool = False
    seed: int = 0

    def folder_of(self, name: str) -> Path | None:
        """A folder of one group's own, where anything is kept."""
        words = re.sub(r"[^\w.=-]+", "-", name).strip("-")
        return self.folder / (words or "sweep") if self.folder else None

    def missing_network(self, row: Row) -> str | None:
        """Why the row's network cannot be built; None: it can."""
        if row.network is None:
            return OTHER_WORK
        try:
            find_factory(row.network)
        except InputError as error:
            name = row.network.rpartition(":")[2]
            return f"needs the network {name} ({str(error).splitlines()[0]})"
        return None

    def missing_method(self, row: Row) -> str | None:
        return f"method {row.method} is not there yet" if row.method and row.method not in METHODS else None

    def missing_training(self, row: Row) -> list[str]:
        """What an evaluation lacks: network, method, data, trained weights."""
        if self.model is not None:
            found = [None if row.method else "the row is no setting of a conversion", self.missing_method(row)]
        else:
            network = self.missing_network(row)
            data = self.missing_data(row)
            found = [network, self.missing_method(row), data]
            if network is None and self.weights_of(row) is None:
                group = f"{row.group}=" if row.group else ""
                found.append(f"needs trained weights (--weights {group}FILE)")
        return [reason for reason in found if reason]

    def missing_data(self, row: Row) -> str | None:
        if self.data is not None:
            return None
        return DATA_SETS[row.data].missing(self.data_root) if row.data else "names no data set"

    @property
    def other(self) -> str:
        """What stands in place of the published network and data, in words; "" where nothing does."""
        if self.data is None:
            return ""
        name = Path(str(getattr(self.data, "name", "other data"))).name  # of a path its end says enough
        return f"{self.about or 'the published network'} on {name}"

    def weights_of(self, row: Row) -> str | None:
        return self.weights.get(row.group, self.weights.get(""))

    def network(self, row: Row) -> nn.Module | ExportedProgram:
        """The network in place of the published ones, or the row's with its trained weights."""
        if self.model is not None:
            return self.model
        assert row.network is not None
        weights = self.weights_of(row)
        if weights is not None and detect(weights) is FileKind.PROGRAM:  # trained with clips, which weights alone lack
            opened = open_model(weights)
        else:
            items = [f"{key}={value}" for key, value in row.arch.items()]
            opened = open_model(row.network, weights=weights, num_classes=row.classes, arch_args=items)
        return opened.model.to(self.device) if isinstance(opened.model, nn.Module) else opened.model

    def test_data(self, row: Row) -> Iterable[Any]:
        return self.data if self.data is not None else self._published(row, "test", self.limit, self.views)

    def calibration(self, row: Row) -> Iterable[Any] | None:
        if self.data is not None:
            return self.calib
        return self._published(row, "train", CALIBRATION_SAMPLES)

    def _published(self, row: Row, part: str, limit: int | None, views: str | None = None) -> Iterable[Any]:
        spec = getattr(DATA_SETS[row.data or ""], part).format(root=self.data_root)
        chosen = {"limit": limit, "normalization": self.normalization, "views": views}
        return open_data(spec, batch_size=self.batch_size, **chosen, **self.reading)
