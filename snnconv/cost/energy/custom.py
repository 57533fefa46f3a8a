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

The same keys in a .json file will do. What the constants mean: `snnconv.cost.energy.model.Constants`.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from ...documents import parse_json, parse_toml, typed
from ...errors import InputError
from . import horowitz, memory
from .model import ENERGY_MODELS, Constants, EnergyModel

READERS = {".toml": parse_toml, ".json": parse_json}
WHAT = "the energy model"

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
        text = path.read_bytes()
    except OSError as error:
        raise InputError("cannot read the energy model", got=error.strerror, where=str(path)) from error
    document = READERS[path.suffix](text, str(path), WHAT)
    if not isinstance(document, dict):
        raise InputError(f"{WHAT} holds no table of constants", got=type(document).__name__, where=str(path))
    check_keys(document, path)
    model = typed(document, Constants, str(path), WHAT)
    sizes = [size for size, _ in model.memory]
    if sizes != sorted(set(sizes)):
        raise InputError(f"the sizes of {WHAT}'s memory do not increase", got=str(sizes)[:80], where=str(path))
    if model.memory and "dram" not in document:
        raise InputError(f"{WHAT} lacks dram", expected="dram, as there is a memory", where=str(path))
    return model


def check_keys(document: dict[str, Any], path: Path) -> None:
    known = {field.name: field.default is MISSING for field in fields(Constants)}
    for problem, keys in (
        ("has unknown keys", [key for key in document if key not in known]),
        ("lacks constants", [key for key, needed in known.items() if needed and key not in document]),
    ):
        if keys:
            expected = ", ".join(key if needed else f"[{key}]" for key, needed in known.items())
            raise InputError(f"{WHAT} {problem}: {', '.join(keys)}", expected=expected, where=str(path))
