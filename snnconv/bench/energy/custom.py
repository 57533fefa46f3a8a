"""Energy models by name, and those that users write: a file of constants.

    # mychip.toml: energies in pJ
    name = "mychip"
    source = "measured on our board, 28 nm"
    float_mac = 1.9
    float_ac = 0.4
    int8_multiply = 0.09
    int8_add = 0.012
    neuron_update = 0.4          # from here on optional; 0 where left out
    reset = 0.4
    pool_update = 0.4
    memory = [[8192, 4.0], [1048576, 45.0]]   # bytes, pJ per 64-bit access; without it memory costs nothing
    dram = 640.0                 # the most that an access costs; needed where there is a memory
    potential_bits = 32
    spike_bits = 32

The same keys in a .json file will do. What the constants mean: `snnconv.bench.energy.model.Constants`.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from ...errors import InputError
from . import horowitz, memory
from .model import ENERGY_MODELS, Constants, EnergyModel

READERS = {".toml": tomllib.loads, ".json": json.loads}
LARGEST = 1e18  # pJ, bits or bytes: more is a slip
TEXTS, WIDTHS = ("name", "source"), ("potential_bits", "spike_bits")

__all__ = ["energy_model", "horowitz", "memory"]


def energy_model(name: str | Path | EnergyModel) -> EnergyModel:
    """The energy model of that name ("45nm", "memory"), of that .toml or .json file, or the model itself.

    Raises:
        InputError: neither a name nor a file; a file that cannot be read, or whose keys or values are not those.
    """
    if not isinstance(name, (str, Path)):
        return name
    path = Path(name)
    if path.suffix in READERS:
        return read_model(path)
    if str(name) not in ENERGY_MODELS and path.exists():
        raise InputError("an energy model is a .toml or .json file", got=path.name, where=str(path))
    return ENERGY_MODELS[str(name)]


def read_model(path: Path) -> Constants:
    """The energy model in a file of constants."""
    try:
        document = READERS[path.suffix](path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("cannot read the energy model", got=error.strerror, where=str(path)) from error
    except ValueError as error:  # of either parser, and of text that is no UTF-8
        raise InputError(f"the energy model is no valid {path.suffix[1:]} file: {error}", where=str(path)) from error
    if not isinstance(document, dict):
        raise InputError("the energy model holds no table of constants", got=type(document).__name__, where=str(path))
    check_keys(document, path)
    values = {key: check_value(key, value, path) for key, value in document.items()}
    if values.get("memory") and "dram" not in values:
        raise InputError("the energy model lacks dram", expected="dram, as there is a memory", where=str(path))
    return Constants(**values)


def check_keys(document: dict[str, Any], path: Path) -> None:
    known = {field.name: field.default is MISSING for field in fields(Constants)}
    for problem, keys in (
        ("has unknown keys", [key for key in document if key not in known]),
        ("lacks constants", [key for key, needed in known.items() if needed and key not in document]),
    ):
        if keys:
            expected = ", ".join(key if needed else f"[{key}]" for key, needed in known.items())
            raise InputError(f"the energy model {problem}: {', '.join(keys)}", expected=expected, where=str(path))


def check_value(key: str, value: Any, path: Path) -> Any:
    """The value as `Constants` takes it."""
    if key in TEXTS:
        holds, expected = is_text(value), "a text"
    elif key in WIDTHS:
        holds, expected = is_energy(value) and int(value) == value > 0, "a whole number of bits"
    elif key == "memory":
        holds, expected = is_memory(value), "[[bytes, pJ], …] with increasing bytes"
    else:
        holds, expected = is_energy(value), "a number of pJ, at least 0"
    if not holds:
        raise InputError(f"the energy model's {key} is none", expected=expected, got=repr(value)[:80], where=str(path))
    return tuple((float(size), float(cost)) for size, cost in value) if key == "memory" else value


def is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def is_energy(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= LARGEST


def is_memory(value: Any) -> bool:
    if not isinstance(value, list) or any(not isinstance(pair, list) or len(pair) != 2 for pair in value):
        return False
    if not all(is_energy(number) for pair in value for number in pair):
        return False
    sizes = [size for size, _ in value]
    return sizes == sorted(set(sizes))
