"""Between the options as typed and the functions of the package: opening, converting, moving to a device."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import nn
from torch.export import ExportedProgram

from ..convert import convert
from ..convert.fitting import fit
from ..data import DataSource, Normalization, open_data
from ..data.workers import usual_workers
from ..errors import InputError
from ..io import OpenedModel, open_model
from ..io.snn_file import is_converted, rebuild
from ..io.stored import stored_normalization
from ..methods import OPTIONS
from ..models.spiking_layer import is_direct

if TYPE_CHECKING:
    from ..network import SpikingNetwork

MODEL_OPTIONS = ("arch", "weights", "num_classes", "arch_args", "allow", "trust")
CONVERSION_OPTIONS = ("method", *OPTIONS, "maxpool", "keep", "only")
DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16, "float16": torch.float16}
DEFAULT_T = 4  # of a model that is converted for a measurement
TWIN = "convert its twin without spikes, trained: --arch-arg neuron=relu"
N = TypeVar("N", bound="nn.Module | ExportedProgram")
log = logging.getLogger("snnconv")


def opened(model: str, options: dict[str, Any]) -> OpenedModel:
    """The model as named, its notes told; random weights follow from the seed."""
    torch.manual_seed(options["seed"])
    result = open_model(model, **{name: options[name] for name in MODEL_OPTIONS}, head=options.get("head", "keep"))
    for note in result.notes:
        log.warning(note)
    return result


def normalization_of(options: dict[str, Any]) -> Normalization | None:
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


def converted(found: OpenedModel, T: int, options: dict[str, Any]) -> SpikingNetwork:
    """Convert with the options of the command line; the normalisation stays with the result.

    Raises:
        InputError: a network that spikes by itself.
    """
    if isinstance(found.model, nn.Module) and is_direct(found.model):
        raise InputError(
            "the network spikes by itself and is not converted", got=found.description,
            remedy=f"measure it as it is, with snnconv anytime, robustness or energy, or {TWIN}",
        )  # fmt: skip
    place = device_of(options["device"]), dtype_of(options["dtype"])
    normalization = normalization_of(options) or stored_normalization(found)
    size, limit = options["batch_size"], options["calib_limit"]
    data = data_of(options["calib"], normalization, size, limit, options, found.model)
    settings = {name: options[name] for name in CONVERSION_OPTIONS}
    model = found.model.to(place[0]) if isinstance(found.model, nn.Module) else found.model
    further = {"input_shape": options["input_shape"], "seed": options["seed"]}
    snn = convert(model, T, data=data, checkpoint=options.get("calib_checkpoint"), **further, **settings)
    if normalization is not None:
        snn.plan.normalization = normalization.to_dict()
    return snn.to(*place)


def spiking(model: str, T: int, options: dict[str, Any], given: set[str], data: DataSource) -> SpikingNetwork:
    """The converted network in a file, or a model converted on the spot.

    Args:
        given: names of the options typed by the user, to refuse those that an already converted network ignores.
        data: are fitted to it, and get the normalisation that it was calibrated with, where none is told.
    """
    found = opened(model, options)
    fit(data, found.model)  # what does not go in is told before the conversion
    snn = stored(found, model, options, given) or converted(found, T, options)
    normalize_like(data, snn, options)
    return snn


def spiking_network(model: str, T: int | None, options: dict[str, Any], given: set[str], data: DataSource) -> nn.Module:
    """The converted network in a file, or a model converted, or as it is where it spikes by itself.

    Args:
        T: time steps as typed. given: names of the options typed by the user.
        data: get the normalisation that the network was calibrated or trained with, where none is told.

    Raises:
        InputError: options of a conversion for a network that spikes by itself.
    """
    found = opened(model, options)
    fit(data, found.model)
    if not isinstance(found.model, nn.Module) or not is_direct(found.model):
        snn = stored(found, model, options, given) or converted(found, T or DEFAULT_T, options)
        normalize_like(data, snn, options)
        return snn
    refuse_conversion(model, given, "encoder")
    return as_it_is(found.model, found, options, data)


def any_network(
    model: str, T: int | None, options: dict[str, Any], given: set[str], data: DataSource
) -> nn.Module | ExportedProgram:
    """The converted network in a file; a model converted, where time steps or an option of a conversion are typed; else
    the model as it is.

    Args:
        T: time steps as typed. given: names of the options typed by the user.
        data: get the normalisation that the network was calibrated or trained with, where none is told.

    Raises:
        InputError: options of a conversion for a network that spikes by itself.
    """
    found = opened(model, options)
    fit(data, found.model)
    if isinstance(found.model, nn.Module) and is_direct(found.model):
        refuse_conversion(model, given)
        return as_it_is(found.model, found, options, data)
    snn = stored(found, model, options, given)
    if snn is None and (T is not None or given & {*CONVERSION_OPTIONS, "calib", "calib_limit"}):
        snn = converted(found, T or DEFAULT_T, options)
    if snn is not None:
        normalize_like(data, snn, options)
        return snn
    return as_it_is(found.model, found, options, data)


def refuse_conversion(model: str, given: set[str], *more: str) -> None:
    """Options of a conversion, typed for a network that spikes by itself.

    Raises:
        InputError: there are such.
    """
    ignored = sorted(given & {*CONVERSION_OPTIONS, "calib", "calib_limit", *more})
    if ignored:
        raise InputError(
            f"{model} spikes by itself and is not converted: it takes no --{ignored[0].replace('_', '-')}",
            remedy=f"leave the option out, or {TWIN}",
        )


def as_it_is(network: N, found: OpenedModel, options: dict[str, Any], data: DataSource) -> N:
    """The network of what was opened, on its device; the data normalised as it was trained, where nothing is told."""
    usual = stored_normalization(found)
    if options["mean"] is None and usual is not None:
        data.normalization = usual
    fit(data, found.model)
    place = device_of(options["device"]), dtype_of(options["dtype"])
    return network.to(*place) if isinstance(network, nn.Module) else network


def stored(found: OpenedModel, model: str, options: dict[str, Any], given: set[str]) -> SpikingNetwork | None:
    """The converted network that was opened; None: the model is still to be converted."""
    if not isinstance(found.model, ExportedProgram) or not is_converted(found.extra):
        return None
    ignored = sorted(given & {*CONVERSION_OPTIONS, "calib", "calib_limit"})
    if ignored:
        raise InputError(
            f"{Path(model).name} is converted already: it takes no --{ignored[0].replace('_', '-')}",
            remedy="give the model it was converted from, or leave the option out",
        )
    place = device_of(options["device"]), dtype_of(options["dtype"])
    return rebuild(found.model, found.extra, model).to(*place)


def direct(model: str, samples: DataSource, options: dict[str, Any]) -> tuple[nn.Module, str]:
    """A network that is measured as it is, on its device and in eval mode, and what was opened, in words.

    Where nothing is told, the test data are normalised as the network was trained.
    """
    found = opened(model, options)
    if isinstance(found.model, ExportedProgram):
        raise InputError(
            "a program holds no network that can be measured as it is",
            got=found.description,
            remedy="give the network itself: a trained file, or its name and --weights",
        )
    return as_it_is(found.model, found, options, samples).eval(), found.description


def test_data(spec: str, options: dict[str, Any]) -> DataSource:
    """The test data, normalised as told, else as is usual for it; opened before the network, to fail early."""
    normalization = normalization_of(options)
    chosen = {"limit": options["limit"], "normalization": normalization, "views": options["views"]}
    return open_data(spec, batch_size=options["batch_size"], **chosen, **reading(options))


def normalize_like(data: DataSource, snn: SpikingNetwork, options: dict[str, Any]) -> None:
    """Where nothing is told, test data are normalised as the network was calibrated, and clips are what it takes."""
    if options["mean"] is None and snn.plan.normalization is not None:
        data.normalization = Normalization.from_dict(snn.plan.normalization)
    fit(data, snn.network)


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
