"""Reads `torch.save` files (modules and checkpoints) without running what is in them.

PyTorch's restricted unpickler does the reading. It knows tensors and containers; to let whole modules through as well,
exactly those classes are added that the file names and that are modules of packages known to be harmless.
"""

from __future__ import annotations

import importlib
import os
import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import torch
from torch import nn
from torch._weights_only_unpickler import _get_allowed_globals

from ..errors import InputError, UnsafeFileError
from .archives import check_archive
from .importing import import_attribute
from .pickle_check import PICKLES_IN_OLD_FORMAT, check_pickle
from .pickle_machine import named

_PACKAGES = ("torch.nn.", "torchvision.", "pytorchvideo.", "snnconv.")
_MOVED = {
    "snnconv.convert.activations.": "snnconv.graph.activations.",
    "snnconv.models.firing.Firing": "snnconv.models.spiking_layer.SpikingLayer",
    **{f"snnconv.models.{name}.": f"snnconv.models._{name}." for name in ("c3d", "fashion_cnn", "small_cnn3d")},
    **{f"snnconv.models.{name}.": f"snnconv.models._{name}." for name in ("respike", "svformer")},
}  # where classes are that 0.1.0 had elsewhere: a pickle has their full names
_SHOWN = 8


def load_pickle(path: str | os.PathLike[str], *, allow: Sequence[str] = (), trust: bool = False) -> object:
    """Load what `torch.save` wrote to `path`, onto the CPU.

    Args:
        path: the file, in torch's zip format or the older one.
        allow: further classes to let through, such as `package.module.Class`; their modules are imported.
        trust: load anything, running whatever the file says.

    Raises:
        UnsafeFileError: the file names classes or functions that are not known to be harmless.
        InputError: the file is missing, cut short, damaged, or its classes cannot be found.
    """
    where = str(path)
    try:
        with Path(path).open("rb") as file:
            if trust:
                return _load(file, where, weights_only=False)
            named = _globals_of(file, where)
            allowed: list[tuple[Callable[..., object], str]] = [
                (_resolve(name, where), name) for name in dict.fromkeys(allow)
            ]
            known = {name for _, name in allowed}
            harmless: list[tuple[Callable[..., object], str]] = [
                (kind, name) for name in named if name not in known and (kind := _harmless_class(name))
            ]
            refused = sorted(named - known - {name for _, name in harmless})
            check_pickle(file, where, known, refused)
            with torch.serialization.safe_globals([*allowed, *harmless]):
                return _load(file, where, weights_only=True, refused=refused)
    except OSError as error:
        raise InputError("cannot read the file", got=error.strerror or str(error), where=where) from error


def _load(file: IO[bytes], where: str, *, weights_only: bool, refused: Sequence[str] = ()) -> object:
    file.seek(0)
    try:
        with warnings.catch_warnings():
            # Files older than the class they name say so on load; nothing follows from it here.
            warnings.simplefilter("ignore", torch.serialization.SourceChangeWarning)
            return torch.load(file, map_location="cpu", weights_only=weights_only)
    except pickle.UnpicklingError as error:
        if weights_only and "persistent_load" in str(error):
            raise UnsafeFileError(
                "a whole module in torch's old file format can only be loaded by running what is in it",
                where=where,
                remedy="load it where it came from and save its state_dict(), or pass --trust",
            ) from error
        if weights_only and (refused or "global" in str(error).lower()):
            raise _unsafe(where, refused, error) from error
        raise _damaged(where, error) from error
    except (AttributeError, ModuleNotFoundError) as error:
        raise InputError(
            "the file needs a class that cannot be found",
            got=str(error),
            where=where,
            remedy="run from the folder that holds its source, or save its state_dict() and give --arch",
        ) from error
    except Exception as error:
        raise _damaged(where, error) from error


def _globals_of(file: IO[bytes], where: str) -> set[str]:
    """The classes and functions that the file names and the restricted unpickler does not know by itself."""
    file.seek(0)
    try:
        if zipfile.is_zipfile(file):
            file.seek(0)
            check_archive(file, where)
            return set(torch.serialization.get_unsafe_globals_in_checkpoint(file))
        file.seek(0)
        return _globals_in_old_format(file)
    except (OSError, InputError):
        raise
    except Exception as error:
        raise _damaged(where, error) from error


def _globals_in_old_format(file: IO[bytes]) -> set[str]:
    """The same for files from before torch 1.6: a row of pickles.

    Such files hold checkpoints; whole modules in this format are beyond the restricted unpickler.
    """
    found: set[str] = set()
    for _ in range(PICKLES_IN_OLD_FORMAT):
        for opcode, argument, _position in pickletools.genops(file):
            if opcode.name == "GLOBAL":
                found.add(named(str(argument)))
    return found - set(_get_allowed_globals())


def _harmless_class(name: str) -> type[nn.Module] | None:
    """The class `name`, if it is a module of a known package, and all its bases are."""
    if not name.startswith(_PACKAGES):
        return None
    for before, now in _MOVED.items():
        name = name.replace(before, now) if name.startswith(before) else name
    module, _, attribute = name.rpartition(".")
    if any(part.startswith("__") or not part.isidentifier() for part in name.split(".")):
        return None  # `snnconv.__main__` would run when imported
    try:
        kind = getattr(importlib.import_module(module), attribute, None)
    except Exception:  # whatever stops its import, the class cannot be let through
        return None
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        return None
    # Judge by where a class is defined, not by where it can be seen: torchvision also shows torch.fx.GraphModule,
    # which runs the source text it holds.
    homes = [base.__module__ + "." for base in kind.__mro__]
    only_networks = all(not home.startswith("torch.") or home.startswith("torch.nn.") for home in homes)
    return kind if homes[0].startswith(_PACKAGES) and only_networks else None


def _resolve(name: str, where: str) -> Callable[..., object]:
    """A class that the user allowed by name."""
    module, _, attribute = name.rpartition(".")
    if not module:
        raise InputError("not a full class name", expected="package.module.Class", got=name, where="--allow")
    kind = import_attribute(module, attribute, f"--allow {name}, for {where}")
    if not callable(kind):
        raise InputError(f"{name} is not a class", where="--allow")
    return kind


def _unsafe(where: str, refused: Sequence[str], error: Exception) -> UnsafeFileError:
    names = ", ".join(refused[:_SHOWN]) + (f" and {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else "")
    first = refused[0] if refused else "NAME"
    return UnsafeFileError(
        "loading this file could run code",
        expected="tensors, containers, and modules of torch.nn, torchvision, pytorchvideo or snnconv",
        got=names or str(error).partition("\n")[0],
        where=where,
        remedy=f"pass --allow {first} for each class you know, or --trust to run whatever is in the file",
    )


def _damaged(where: str, error: Exception) -> InputError:
    reason = str(error).partition("\n")[0][:300]
    return InputError(
        "the file is cut short, damaged, or not from torch.save",
        got=f"{type(error).__name__}: {reason}",
        where=where,
        remedy="download or copy it again",
    )
