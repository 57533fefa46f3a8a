"""How a result was made: versions, hardware, seed, time, and the command. Goes into every saved file."""

from __future__ import annotations

import datetime
import platform
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("snnconv", "torch", "torchvision", "numpy")
# What does not change a figure, with the number of values it takes.
ABOUT_OUTPUT = {
    "-o": 1, "--output": 1, "--figures": 1, "--title": 1, "--overwrite": 0, "--resume": 0, "-q": 0, "--quiet": 0,
    "--json": 0, "--debug": 0,
}  # fmt: skip
_command: ContextVar[str | None] = ContextVar("command", default=None)


def provenance(seed: int) -> dict[str, Any]:
    """Plain data for JSON."""
    import torch  # here, since every command looks into this file

    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "hardware": {
            "machine": platform.machine(),
            "processor": processor(),
            "threads": torch.get_num_threads(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
        "seed": seed,
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def processor() -> str:
    """The CPU's own name where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip()
            for line in info.read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


@contextmanager
def running(arguments: Sequence[str]) -> Iterator[None]:
    """Inside the block, results are made by `snnconv ARGUMENTS`."""
    token = _command.set(shlex.join(["snnconv", *without_output(arguments)]))
    try:
        yield
    finally:
        _command.reset(token)


def command_line() -> str | None:
    """The command that is running, without what only says where its output goes; None in a program of one's own."""
    return _command.get()


def without_output(arguments: Sequence[str]) -> list[str]:
    """Equal measurements have equal records, wherever they are written to."""
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        name, equals, _ = argument.partition("=")
        if name not in ABOUT_OUTPUT:
            kept.append(argument)
        elif not equals and ABOUT_OUTPUT[name]:
            next(rest, None)
    return kept
