"""An export watched from outside: which line of the network led to which guard, and when sizes become too long."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from .capture import exported
from .refused import line_among, user_line, without_folder

LARGEST_TERM = 13  # operations in a size; convolutional networks need up to 9, windows in attention 14 and minutes
MANY_GUARDS = 100


class TooInvolved(Exception):
    """A size that is not worth following."""


class Watched(TorchFunctionMode):
    """Gives up an export in which sizes become long terms: each guard on such takes the exporter seconds.

    Attributes:
        lines: {number of a guard: `net.py:12: x = x.view(2, -1)`}.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[int, str] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        environment = environment_of((args, kwargs))
        before = len(environment.guards) if environment else 0
        try:
            result = func(*args, **(kwargs or {}))
        finally:
            after = len(environment.guards) if environment else 0
            if after > before:
                self.lines.update(dict.fromkeys(range(before, after), running_line()))
        for leaf in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(leaf, Tensor) and any(is_long(size) for size in leaf.shape):
                raise TooInvolved(running_line())
        return result


def is_long(size: int | torch.SymInt) -> bool:
    if not isinstance(size, torch.SymInt):
        return False
    environment: Any = size.node.shape_env
    return size.node.expr.count_ops() > LARGEST_TERM or len(environment.guards) > MANY_GUARDS


def environment_of(arguments: Any) -> Any:
    """What keeps the guards, from the first free size among arguments; None where there is none."""
    for leaf in pytree.tree_leaves(arguments):
        for size in leaf.shape if isinstance(leaf, Tensor) else (leaf,):
            if isinstance(size, torch.SymInt):
                return size.node.shape_env
    return None


def running_line() -> str:
    """The line of the network that is running, without the folder of its file."""
    return without_folder(line_among(running()))


def line_of(trace: TracebackType | None) -> str:
    """The line that raised, in the same form."""
    return without_folder(user_line(trace))


def running() -> Iterator[tuple[str, int]]:
    """(file, line) of what runs inside the export, the innermost first."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code is not exported.__code__:
        yield frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
