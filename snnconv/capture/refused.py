"""What to say where torch.export does not take a network: the cause, the user's line and what can be done."""

from __future__ import annotations

import contextlib
import inspect
import io
import linecache
import logging
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

from ..errors import InputError, SnnconvError, UnsupportedModelError

TORCH = os.path.dirname(os.path.abspath(torch.__file__)) + os.sep
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
LIBRARIES = ("torchvision", "pytorchvideo", "timm")  # their lines say less than a user's, but more than torch's
# Loud while a network is traced: registered before they are needed, so that they can be silenced.
LOGGERS = ("torch._subclasses.fake_tensor", "torch.fx.experimental.symbolic_shapes", "torch.export", "torch._dynamo")
DATA = ("data-dependent", "datadependent", "data dependent", "unbacked", "boolean value of tensor", "nonzero")
DECIDES = (
    "make the forward free of Python that data decide (if, while, int(), .item() on values), for example by torch.where"
)
BOXES = "convert the backbone (model.backbone): what makes boxes of its maps is Python that data decide"
LEAVES = "keep to torch operations in the forward: no NumPy, no tensors made by other libraries"
OUTPUTS = "return tensors, numbers, words, and dicts, lists or tuples of them"
UNKNOWN = "torch.export.export(model.eval(), …) says more; rewrite the line, or convert the parts around it"


@contextlib.contextmanager
def muted_export_log() -> Iterator[None]:
    """Inside the block torch prints and logs nothing of what it fails at: our error says it."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")  # torch warns in the name of other modules
            yield
    finally:
        for logger, disabled in zip(loggers, before):
            logger.disabled = disabled


NAMED = (
    "inputs go in by position, in their order: wrap a forward that takes them by keyword or in a dict in a module "
    "whose forward(self, x) returns model(x=x), or model({'x': x})"
)
SEVERAL = "; whole numbers at the end of a batch are labels: give them as an input by {'input': (a, b)}"


def refusal(model: nn.Module, inputs: tuple[Any, ...], error: Exception) -> SnnconvError:
    """The error for what torch.export raised on a network.

    A network that does not run by itself on these inputs has not failed because of torch.export.
    """
    name = type(model).__name__
    own = failure(model, inputs)
    if own is not None:
        shapes = ", ".join(map(described, pytree.tree_leaves(inputs)))
        return InputError(
            f"{name} does not run on its inputs",
            got=f"{shapes}: {type(own).__name__}: {first_line(own)}",
            where=user_line(own.__traceback__),
            remedy=NAMED
            if by_name(model, own)
            else "check the input shape (input_shape=…, --input-shape) or the data (data=…, --calib); "
            "words and other whole numbers go in as integers" + SEVERAL * ("missing" in str(own)),
        )
    words = f"{type(error).__name__}: {error}".lower()
    decided = any(word in words for word in DATA)
    reason = "data decide what its Python does" if decided else f"{type(error).__name__}: {first_line(error)}"
    causes = [error, *filter(None, (error.__cause__, error.__context__))]
    where = next((line for cause in causes if (line := user_line(cause.__traceback__))), "")
    boxes = BOXES if any(runs_through(cause.__traceback__, "detection") for cause in causes) else DECIDES
    remedy = boxes if decided else LEAVES if "numpy" in words else UNKNOWN
    if (kind := re.search(r"Found <class '([\w.]+)'> in output", str(error))) is not None:
        reason, remedy = f"its outputs hold a {kind[1]}", OUTPUTS
    return UnsupportedModelError(f"torch.export cannot take {name}: {reason}", where=where, remedy=remedy)


def by_name(model: nn.Module, error: Exception) -> bool:
    """Whether the forward wants its inputs by keyword, or in a dict."""
    parameters = inspect.signature(model.forward).parameters.values()
    keyword_only = any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters)
    return keyword_only or (isinstance(error, (TypeError, IndexError, AttributeError)) and names_a_key(str(error)))


def names_a_key(message: str) -> bool:
    """Torch's and Python's words where a tensor or list is read by a word, as a dict is."""
    return any(word in message for word in ("'str'", "not str", "has no attribute 'keys'", "has no attribute 'items'"))


def failure(model: nn.Module, inputs: tuple[Any, ...]) -> Exception | None:
    """What the forward raises without torch.export, or None."""
    try:
        model(*pytree.tree_map(lambda leaf: leaf, inputs))
    except Exception as error:  # whatever the user's own Python raises
        return error
    return None


def user_line(trace: TracebackType | None) -> str:
    """`file.py:12: if x.sum() > 0:`, the innermost line outside torch and this package, a user's before a library's."""
    places: list[tuple[str, int]] = []
    while trace is not None:
        places.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return line_among(reversed(places))


def line_among(places: Iterable[tuple[str, int]]) -> str:
    """The same of (file, line), the innermost first."""
    found: dict[bool, str] = {}
    for path, line in places:
        if not os.path.abspath(path).startswith((TORCH, PACKAGE)) and os.path.exists(path) and not is_python(path):
            is_library = any(f"{os.sep}{name}{os.sep}" in path for name in LIBRARIES)
            found.setdefault(is_library, f"{path}:{line}: {linecache.getline(path, line).strip()}")
    return found.get(False) or found.get(True, "")


def without_folder(line: str) -> str:
    """For reasons that are kept in files: `net.py:12: x = …`."""
    path, colon, rest = line.partition(":")
    return os.path.basename(path) + colon + rest


def runs_through(trace: TracebackType | None, folder: str) -> bool:
    """Whether some of the lines stand in a folder of this name."""
    while trace is not None:
        if f"{os.sep}{folder}{os.sep}" in trace.tb_frame.f_code.co_filename:
            return True
        trace = trace.tb_next
    return False


def is_python(path: str) -> bool:
    """Whether a file belongs to Python itself."""
    return path.startswith(os.path.dirname(os.__file__)) and "site-packages" not in path


def described(leaf: Any) -> str:
    """`float32 [2, 8]`."""
    is_tensor = isinstance(leaf, torch.Tensor)
    return f"{str(leaf.dtype).removeprefix('torch.')} {list(leaf.shape)}" if is_tensor else type(leaf).__name__


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0][:300]
