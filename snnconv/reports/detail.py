"""One network looked at closely: measurements whose finished results in the folder are used again."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..bench._grid import Grid
from ..bench._sweep import describe_networks
from ..errors import InputError
from ..fingerprint import digest
from ..measure.result import Result
from ..network import SpikingNetwork

RECORD, CHECK = "configuration", "check"  # in the provenance of a result
log = logging.getLogger("snnconv")


@dataclass(frozen=True)
class DetailedRun:
    """The last network of several, and the folder of what is measured of it.

    The last one, because a choice by accuracy would be a choice by the test data. It is made when something is to be
    measured, and not where everything is there.

    Attributes:
        moment: the T that a network is made for whose set-up depends on T.
        data: what the test data say of themselves.
        overwrite: measure again what is there.
    """

    networks: Mapping[str, SpikingNetwork | Callable[[], SpikingNetwork]]
    moment: int
    data: dict[str, Any] | None
    folder: Path
    overwrite: bool = False

    @cached_property
    def snn(self) -> SpikingNetwork:
        made = self._one[1]
        return made if isinstance(made, SpikingNetwork) else made()

    def measured(self, kind: type[Result], choices: Mapping[str, Any], run: Callable[[SpikingNetwork], Result]) -> None:
        """Have a result of this kind in the folder: the one that is there if it was measured alike, else a new one.

        Args:
            choices: what it depends on besides network and data.
        """
        configuration = self.configuration(choices)
        if not self.overwrite and is_finished(kind, self.folder, configuration):
            log.warning(f"{kind.NAME}: the finished result of the same configuration in {self.folder} is used")
            return
        result = run(self.snn)
        result.provenance[RECORD] = configuration
        result.provenance[CHECK] = check_of(json.loads(json.dumps(result.to_dict())))
        result.save(self.folder)

    def configuration(self, choices: Mapping[str, Any]) -> dict[str, Any]:
        """All that a result depends on, as it is read back from a file."""
        versions = {name: version(name) for name in ("snnconv", "torch")}
        everything = {**self._one[0], "data": self.data, **choices, "versions": versions}
        return json.loads(json.dumps(everything))

    @cached_property
    def _one(self) -> tuple[dict[str, Any], SpikingNetwork | Callable[[], SpikingNetwork]]:
        """What the network is, and the network or what makes it."""
        label, made = list(self.networks.items())[-1]
        if not isinstance(self.networks, Grid):
            return describe_networks({label: made}), made
        setting = self.networks.settings[label]
        T = self.moment if setting.at_T else self.networks.T
        about = {**self.networks.about, "settings": {label: setting.resolved}, "set_up_for": T}
        return about, self.networks.maker(label, T)


def is_finished(kind: type[Result], folder: Path, configuration: dict[str, Any]) -> bool:
    """Whether all files of a result are there, its numbers as they were written, measured with this configuration."""
    if not all(path.exists() for path in kind.files(folder)):
        return False
    document, table, *_ = kind.files(folder)
    try:
        found = kind.load(folder)
        sound = found.provenance.get(CHECK) == check_of(json.loads(document.read_text(encoding="utf-8")))
        return sound and table.read_bytes() == found.csv_text().encode() and found.provenance[RECORD] == configuration
    except (InputError, OSError, ValueError, KeyError):  # damaged, or of another version
        return False


def check_of(document: dict[str, Any]) -> str:
    """A digest of a result as it stands in its file, but for the digest itself."""
    made = {name: value for name, value in document["provenance"].items() if name != CHECK}
    return digest(document | {"provenance": made})
