"""Where the course of a training is written while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import write_text
from .result import Epoch, rows_of

ABSENT = "pip install tensorboard"


class CSVLog:
    """`finetune.csv` or `train.csv`, written again after every epoch from the whole course, so that a resumed log is an
    undisturbed one.

    Args:
        name: of the file. quantity: what the last columns are of, such as "lambda"; None: there are none.
    """

    def __init__(self, folder: Path, name: str, quantity: str | None) -> None:
        self.path = folder / f"{name}.csv"
        self.quantity = quantity

    def write(self, epochs: Sequence[Epoch]) -> None:
        rows = rows_of(epochs, self.quantity)
        lines = [",".join(rows[0])]
        lines += [",".join("" if value is None else repr(value) for value in row.values()) for row in rows]
        make_folder(self.path.parent)
        write_text(self.path, "\n".join(lines) + "\n")


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("cannot make the output folder", got=error.strerror, where=str(folder)) from error


class TensorBoardLog(CSVLog):
    """Scalars for TensorBoard in `tensorboard/`, besides the file.

    Raises:
        InputError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path, name: str, quantity: str | None) -> None:
        super().__init__(folder, name, quantity)
        self.folder = folder / "tensorboard"
        self.writer: Any = None
        self.summary_writer = require_tensorboard()

    def write(self, epochs: Sequence[Epoch]) -> None:
        super().write(epochs)
        if self.writer is None:  # what an interrupted run wrote from here on is hidden
            self.writer = self.summary_writer(str(self.folder), purge_step=epochs[-1].epoch)
        values = rows_of(epochs[-1:], self.quantity)[0]
        for name, value in values.items():
            if value is not None and name != "epoch":
                self.writer.add_scalar(name, value, values["epoch"])
        self.writer.flush()


def require_tensorboard() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise InputError("log='tensorboard' needs TensorBoard", got=str(error), remedy=ABSENT) from error
    return SummaryWriter


LOGS: dict[str, type[CSVLog]] = {"csv": CSVLog, "tensorboard": TensorBoardLog}
