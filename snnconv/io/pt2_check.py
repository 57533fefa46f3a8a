"""Looks through a `.pt2` before `torch.export.load` may touch it, because that would run code from a hostile file.

What runs code there, and what is done about each: pickles of sample inputs and weights (restricted unpickler, or
refused), symbolic expressions (`sympify` evaluates them), guards (compiled), names and keys (pasted into generated
Python), operator names (`getattr`), pytree specs (imports), compiled code, custom objects and old layouts (refused).
"""

from __future__ import annotations

import io
import json
import math
import pickle
from typing import IO, Any

import torch

from ..errors import InputError, UnsafeFileError
from .pt2_members import CONSTANTS, MODEL, SAMPLE_INPUTS, WEIGHTS, Members, damaged_file, read_members
from .pt2_names import Refused, check_quotable, shorten
from .pt2_schema import check_payload_json, check_program_json

_LARGEST_BLANK = 2**32


def check_program(file: IO[bytes], where: str) -> None:
    """Refuse a `.pt2` that holds anything which could run code when torch loads it.

    Args:
        file: the open file; left at its start.
        where: its name, for messages.

    Raises:
        UnsafeFileError: something in it is not on the allow-lists.
        InputError: it is cut short, damaged, or not a program at all.
    """
    try:
        archive = read_members(file, where)
        check_program_json(_read_json(archive, MODEL, where))
        for folder, table in ((WEIGHTS, "model_weights_config"), (CONSTANTS, "model_constants_config")):
            entries = check_payload_json(_read_json(archive, f"{folder}{table}.json", where))
            _check_payloads(archive, folder, entries)
        _check_sample_inputs(_read(archive, SAMPLE_INPUTS, where), where)
    except Refused as found:
        raise UnsafeFileError(
            "this exported program could run code when it is loaded",
            got=f"{found}",
            where=where,
            remedy="export the model yourself and use that file, or pass --trust if you know where this one comes from",
        ) from found
    except RecursionError as error:
        raise damaged_file(where, "its contents nest too deeply") from error
    finally:
        file.seek(0)


def _read(archive: Members, name: str, where: str) -> bytes:
    if name not in archive.sizes:
        raise damaged_file(where, f"it has no {name}")
    return archive.reader.read_bytes(name)


def _read_json(archive: Members, name: str, where: str) -> Any:
    try:
        return json.loads(_read(archive, name, where).decode())
    except ValueError as error:
        raise damaged_file(where, f"{name} is not JSON ({error})") from error


def _check_payloads(archive: Members, folder: str, entries: dict[str, dict[str, Any]]) -> None:
    """Weights and constants must be raw bytes that are there.

    Raises:
        Refused: one is pickled. Torch reads those with the full unpickler, so even a pickle that the restricted one
            accepts is not safe; only tensor subclasses are saved so, and none of them can be converted.
    """
    for name, entry in entries.items():
        member = f"{folder}{entry.get('path_name')}"
        if entry.get("use_pickle"):
            raise Refused(f"the pickled tensor {shorten(name)} ({member})")
        if member not in archive.sizes:
            raise Refused(f"the tensor {shorten(name)}, whose data ({shorten(member)}) is not in the file")
        if archive.sizes[member] == 0:
            # No bytes: torch fills the tensor with zeros, of whatever size the file asks for.
            sizes = [size.get("as_int", 0) for size in (entry.get("tensor_meta") or {}).get("sizes", [])]
            if math.prod(sizes) > _LARGEST_BLANK:
                raise Refused(f"the blank tensor {shorten(name)} of size {sizes}")


def _check_sample_inputs(data: bytes, where: str) -> None:
    """The pickled example inputs must pass the restricted unpickler, in exactly the call that torch will make.

    Torch falls back to the full unpickler when this call fails, so no failure may pass.
    """
    if not data:
        return
    try:
        inputs = torch.load(io.BytesIO(data), weights_only=True)
    except pickle.UnpicklingError as error:
        reason = next((line for line in str(error).splitlines() if "global" in line.lower()), "")
        raise Refused(f"sample inputs that are not plain tensors and containers. {reason.strip()}") from error
    except RecursionError:
        raise
    except Exception as error:
        raise InputError(
            "the sample inputs in the exported program cannot be read here",
            got=f"{type(error).__name__}: {str(error).partition('. ')[0]}",
            where=where,
            remedy="if it was saved on a GPU, move it first: torch.export.passes.move_to_device_pass(program, 'cpu')",
        ) from error
    _check_keys(inputs, set())


def _check_keys(value: object, seen: set[int]) -> None:
    """Keys of the example inputs are pasted into guard messages by `program.module()`."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str):
                check_quotable(key)
            elif not isinstance(key, (int, float, type(None))):
                raise Refused(f"sample inputs with a key of type {type(key).__name__}")
            _check_keys(item, seen)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check_keys(item, seen)
