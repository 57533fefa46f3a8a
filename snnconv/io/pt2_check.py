"""Looks through a `.pt2` before `torch.export.load` may touch it, because that would run code from a hostile file.

What runs code there, and what is done about each: pickles of sample inputs and weights (restricted unpickler, or
refused), symbolic expressions (`sympify` evaluates them), guards (compiled), names and keys (pasted into generated
Python), operator names (`getattr`), pytree specs (imports), compiled code, custom objects and old layouts (refused).
"""

from __future__ import annotations

import io
import json
import pickle
from typing import IO, Any

import torch

from ..errors import InputError, UnsafeFileError
from .archives import largest_unpacked
from .pickle_calls import Judge
from .pickle_check import judge_pickle
from .pickle_values import Unjustified
from .pt2_members import CONSTANTS, MODEL, SAMPLE_INPUTS, WEIGHTS, Members, damaged_file, read_members
from .pt2_names import Refused, check_quotable
from .pt2_payloads import check_payloads
from .pt2_schema import check_payload_json, check_program_json


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
        judge = Judge(largest_unpacked(file.seek(0, 2)))
        check_program_json(_read_json(archive, MODEL, where))
        for folder, table in ((WEIGHTS, "model_weights_config"), (CONSTANTS, "model_constants_config")):
            entries = check_payload_json(_read_json(archive, f"{folder}{table}.json", where))
            check_payloads(archive, folder, entries, judge)
        _check_sample_inputs(_read(archive, SAMPLE_INPUTS, where), where)
    except Refused as found:
        raise UnsafeFileError(
            "this exported program could run code when it is loaded",
            got=f"{found}",
            where=where,
            remedy="export the model yourself and use that file, or pass --trust if you know where this one comes from",
        ) from found
    except Unjustified as found:
        raise InputError(
            "the exported program is damaged, or asks for more than its file holds", got=str(found), where=where,
            remedy="copy it again, or export it again with torch.export.save",
        ) from found  # fmt: skip
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
        raise damaged_file(where, f"{name} is not JSON ({str(error)[:200]})") from error


def _check_sample_inputs(data: bytes, where: str) -> None:
    """The pickled example inputs must pass the restricted unpickler, in exactly the call that torch will make.

    Torch falls back to the full unpickler when this call fails, so no failure may pass.
    """
    if not data:
        return
    try:
        judge_pickle(io.BytesIO(data), f"{SAMPLE_INPUTS} in {where}")
        inputs = torch.load(io.BytesIO(data), weights_only=True)
    except Unjustified as found:
        raise Refused(f"sample inputs that are not plain tensors and containers: {found}") from found
    except InputError:
        raise
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
