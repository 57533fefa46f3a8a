"""From the options as typed to what the package is told: the model, the data, the conversion, the device."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.export import ExportedProgram

from ..convert.fitting import fit
from ..data import DataSource, Normalization, open_data
from ..data.workers import usual_workers
from ..errors import InputError
from ..io import OpenedModel, open_model
from ..methods import OPTIONS
from ..opening import Conversion

MODEL_OPTIONS = ("arch", "weights", "num_classes", "arch_args", "allow", "trust")
CONVERSION_OPTIONS = ("method", *OPTIONS, "maxpool", "keep", "only")
DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16, "float16": torch.float16}
log = logging.getLogger("snnconv")


def open_named(model: str, options: dict[str, Any]) -> OpenedModel:
    """The model as named, its notes told; random weights follow from the seed."""
    torch.manual_seed(options["seed"])
    result = open_model(model, **{name: options[name] for name in MODEL_OPTIONS}, head=options.get("head", "keep"))
    for note in result.notes:
        log.warning(note)
    return result


def normalization_of(options: Mapping[str, Any]) -> Normalization | None:
    """`--mean` and `--std`, which come together."""
    mean, std = options["mean"], options["std"]
    if (mean is None) != (std is None):
        raise InputError("--mean and --std go together", got=f"--mean {mean}, --std {std}")
    return Normalization.parse(mean, std) if mean is not None else None


def reading(options: Mapping[str, Any]) -> dict[str, Any]:
    """How video files are read, as told with `--workers` and `--strict`."""
    workers = options.get("workers")
    return {"workers": usual_workers() if workers is None else workers, "strict": options.get("strict", False)}


def data_of(
    spec: str | None,
    normalization: Normalization | None,
    batch_size: int,
    limit: int | None,
    options: Mapping[str, Any] | None = None,
    model: nn.Module | ExportedProgram | None = None,
) -> DataSource | None:
    """Data as told; clips become what the model takes, where nobody chose otherwise."""
    if spec is None:
        return None
    data = open_data(spec, batch_size=batch_size, limit=limit, normalization=normalization, **reading(options or {}))
    if model is not None:
        fit(data, model)
    return data


def conversion_of(options: Mapping[str, Any], given: Collection[str] = (), T: int | None = None) -> Conversion:
    """What the options say of a conversion.

    Args:
        given: names of the options typed by the user.
    """
    batches = {"batch_size": options.get("batch_size"), "limit": options.get("calib_limit")}
    return Conversion(
        T=T,
        options={name: options[name] for name in (*CONVERSION_OPTIONS, "input_shape") if name in options},
        calib=options.get("calib"),  # verify has data of its own
        calib_options={**batches, **reading(options)},
        normalization=normalization_of(options),
        seed=options["seed"],
        checkpoint=options.get("calib_checkpoint"),
        device=device_of(options["device"]),
        dtype=dtype_of(options["dtype"]),
        chosen={*given} & {*CONVERSION_OPTIONS, "calib", "calib_limit"},
    )


def place_of(options: Mapping[str, Any]) -> Conversion:
    """The same for a network that is measured as it is."""
    place = {"device": device_of(options["device"]), "dtype": dtype_of(options["dtype"])}
    return Conversion(normalization=normalization_of(options), **place)


def test_data(spec: str, options: dict[str, Any]) -> DataSource:
    """The test data, normalised as told, else as is usual for it; opened before the network, to fail early."""
    normalization = normalization_of(options)
    chosen = {"limit": options["limit"], "normalization": normalization, "views": options["views"]}
    return open_data(spec, batch_size=options["batch_size"], **chosen, **reading(options))


def local_device(name: str) -> str:
    """Where several processes share a machine, `cuda` means a device for each."""
    return f"cuda:{os.environ['LOCAL_RANK']}" if name == "cuda" and "LOCAL_RANK" in os.environ else name


def device_of(name: str) -> torch.device:
    """The device, if this machine has it.

    Raises:
        InputError: no such device here.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # "meta" has tensors, but no values in them
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        lines = str(error).splitlines()
        raise InputError(f"device {name!r} is not there", got=lines[0][:200] if lines else "") from error
    return device


def dtype_of(name: str) -> torch.dtype:
    if name not in DTYPES:
        raise InputError("unknown --dtype", expected=", ".join(DTYPES), got=name)
    return DTYPES[name]


def model_name(model: str) -> str:
    """A short name for output files: the file's stem, or what follows the colon."""
    path = Path(model)
    name = path.name if path.exists() else model.rpartition(":")[2]
    for suffix in (".pt2", ".pt", ".pth", ".th", ".safetensors", ".onnx", ".snn", ".clipped"):
        name = name.removesuffix(suffix)
    return name
