"""What stands above pictures: how a network was converted, and on what it was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from ..methods.label import label_of


class Measured(Protocol):
    """A result of one network on one data set."""

    @property
    def settings(self) -> dict[str, Any]: ...
    @property
    def samples(self) -> int: ...
    @property
    def data(self) -> str: ...


def caption(result: Measured, T: int | None = None) -> str:
    """`auto α=0.2 β=5, T=4 — 500 samples of test.npz`."""
    setting = label_of(result.settings) + (f", T={T}" if T else "")
    return f"{setting} — {result.samples:,} samples of {data_name(result.data)}"


def data_name(data: str) -> str:
    """Of a path only its end, which says enough."""
    return Path(data).name
