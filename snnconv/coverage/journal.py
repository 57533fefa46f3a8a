"""What a run has found so far: a killed run continues, and loses only the networks that it was at."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ..bench.journal import open_lines, read_lines, require_same, write_line
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
        self._file: IO[str] | None = None
        lines = list(read_lines(self.path)) if self.path.exists() else []
        require_same(lines[0] if lines else None, configuration, self.path, KIND)
        for line in lines[1:]:
            try:
                record = Network.from_dict(line["network"])
            except (KeyError, TypeError, ValueError):
                continue  # damaged: that network is done again
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
        write_line(self._file, {"network": asdict(record)})
        self._file.flush()


def journal_path(folder: Path) -> Path:
    return folder / f"{KIND}.jsonl"
