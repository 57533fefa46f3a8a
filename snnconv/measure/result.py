"""What every measurement gives: a typed result that can be written to a folder, read back and drawn."""

from __future__ import annotations

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

from ..documents import parse_json, typed
from ..errors import InputError
from ..files import atomic_output, write_text
from ..provenance import command_line
from ..visible import as_cell


class Result(ABC):
    """Base of the results, which are dataclasses of plain data.

    Attributes:
        NAME: the command's name, and the stem of its files.
        PICTURE: the function of the result and a path that draws it, by its full name: pictures know results, results
            no pictures, and matplotlib takes a second to import.
        FORMER: {key of a document of 0.1.0: its name now}.
        provenance: how it was made: versions, hardware, seed, and what else is worth a record.
    """

    NAME: ClassVar[str]
    PICTURE: ClassVar[str]
    FORMER: ClassVar[Mapping[str, str]] = {}
    provenance: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain data; the record of how it was made holds the command too, where one is running."""
        document = asdict(self)  # type: ignore[call-overload]  # every result is a dataclass
        command = command_line()
        if command is not None and "provenance" in document:
            document["provenance"].setdefault("command", command)
        return document

    @classmethod
    def from_dict(cls, document: dict[str, Any], where: str = "the given document") -> Self:
        """The result that `to_dict` was made of.

        Raises:
            InputError: it is none: which part, and what was expected there.
        """
        if isinstance(document, dict):
            document = {cls.FORMER.get(key, key): value for key, value in document.items()}
        return typed(document, cls, where, f"the {cls.NAME} result", f"run {cls.NAME} again")

    @abstractmethod
    def table(self) -> Iterable[dict[str, Any]]:
        """The rows of the .csv, all with the same keys."""

    def plot(self, path: str | PathLike[str]) -> None:
        """The picture of it; the suffix of `path` names the format (.png, .svg, .pdf)."""
        module, _, draw = self.PICTURE.rpartition(".")
        getattr(import_module(module), draw)(self, Path(path))

    def to_json(self, path: str | PathLike[str]) -> None:
        """Everything, as one JSON object."""
        write_text(path, json.dumps(self.to_dict(), indent=2) + "\n")

    def csv_text(self) -> str:
        rows, file = list(self.table()), io.StringIO(newline="")
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows({key: as_cell(value) for key, value in row.items()} for row in rows)
        return file.getvalue()

    def to_csv(self, path: str | PathLike[str]) -> None:
        """The rows alone."""
        write_text(path, self.csv_text())

    def save(
        self, folder: str | PathLike[str], also: Mapping[str, Callable[[Path], object]] | None = None
    ) -> list[Path]:
        """NAME.json, .csv, .png and .svg in `folder`, which is made where it is missing; all of them or none.

        NAME.json is the last to get its name: where it is, everything is.

        Args:
            also: {name of a further file: what writes it}.

        Returns:
            The files, further ones last.
        """
        root = Path(folder)
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError("cannot make the output folder", got=error.strerror, where=str(root)) from error
        writers = dict(zip(self.files(root), (self.to_json, self.to_csv, self.plot, self.plot)))
        writers |= {root / name: write for name, write in (also or {}).items()}
        with ExitStack() as all_or_none:
            for path, write in writers.items():
                write(all_or_none.enter_context(atomic_output(path, overwrite=True)))
        return list(writers)

    @classmethod
    def files(cls, folder: Path) -> list[Path]:
        """What `save` writes there."""
        return [folder / f"{cls.NAME}.{kind}" for kind in ("json", "csv", "png", "svg")]

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> Self:
        """Read NAME.json from a folder.

        Raises:
            InputError: it is missing, or no such result.
        """
        path = Path(folder) / f"{cls.NAME}.json"
        try:
            text = path.read_bytes()
        except OSError as error:
            raise InputError(f"cannot read the {cls.NAME} results", got=error.strerror, where=str(path)) from error
        return cls.from_dict(parse_json(text, str(path), f"the {cls.NAME} result"), str(path))
