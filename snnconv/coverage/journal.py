"""What a run has found so far: a killed run continues, and loses only the networks that it was at."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..measure.lines import Writer, open_lines, read_lines
from .record import Network

KIND = "coverage"


class Journal:
    """The file `coverage.jsonl` of a folder: a header, then one line for every network that was done.

    Attributes:
        records: {name: its last record}.
    """

    def __init__(self, folder: Path, configuration: dict[str, Any]) -> None:
        """Read what there is.

        Raises:
            InputError: a journal of another configuration.
        """
        self.path, self.configuration = journal_path(folder), configuration
        self.records: dict[str, Network] = {}
        self._file: Writer | None = None
        for line in read_lines(self.path, KIND, configuration) if self.path.exists() else []:
            record = Network.from_dict(line["network"])
            self.records[record.model] = record

    def __enter__(self) -> Self:
        self._file = open_lines(self.path, KIND, self.configuration)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, record: Network) -> None:
        assert self._file is not None, "used outside its block"
        self.records[record.model] = record
        self._file.add({"network": asdict(record)})
        self._file.flush()


def journal_path(folder: Path) -> Path:
    return folder / f"{KIND}.jsonl"
