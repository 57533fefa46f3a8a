"""The network that a measurement is of: the converted one in a file, a model converted now, or one as it is."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from torch import nn
from torch.export import ExportedProgram

from ..convert.fitting import fit
from ..data import DataSource, Normalization
from ..errors import InputError
from ..io import OpenedModel
from ..io.snn_file import is_converted, rebuild
from ..io.stored import stored_normalization
from ..models.spiking_layer import is_direct
from ..network import SpikingNetwork
from .conversion import TWIN, Conversion

N = TypeVar("N", bound="nn.Module | ExportedProgram")


def load_converted(found: OpenedModel, model: str, conversion: Conversion) -> SpikingNetwork | None:
    """The converted network that was opened; None: the model is still to be converted.

    Args:
        model: its name, for messages.

    Raises:
        InputError: options of a conversion were chosen for what is converted already.
    """
    if not isinstance(found.model, ExportedProgram) or not is_converted(found.extra):
        return None
    if conversion.chosen:
        raise InputError(
            f"{Path(model).name} is converted already: it takes no {flag(min(conversion.chosen))}",
            remedy="give the model it was converted from, or leave the option out",
        )
    return rebuild(found.model, found.extra, model).to(*conversion.place)


def load_or_convert(found: OpenedModel, model: str, conversion: Conversion, data: DataSource) -> SpikingNetwork:
    """The converted network in a file, or a model converted now.

    Args:
        data: are fitted to it, and get the normalisation that it was calibrated with, unless the conversion has one.
    """
    fit(data, found.model)  # what does not go in is told before the conversion
    snn = load_converted(found, model, conversion) or conversion.of(found)
    normalize_like(data, snn, conversion.normalization)
    return snn


def load_spiking(
    found: OpenedModel, model: str, conversion: Conversion, data: DataSource, further: Collection[str] = ()
) -> nn.Module:
    """The same, but a network that spikes by itself is taken as it is.

    Args:
        further: names of other options that were chosen, which such a network does not take.

    Raises:
        InputError: options of a conversion for a network that spikes by itself.
    """
    if not isinstance(found.model, nn.Module) or not is_direct(found.model):
        return load_or_convert(found, model, conversion, data)
    refuse_conversion(model, conversion, further)
    return as_it_is(found.model, found, conversion, data)


def load_any(found: OpenedModel, model: str, conversion: Conversion, data: DataSource) -> nn.Module | ExportedProgram:
    """The converted network in a file; a model converted, if time steps or an option of a conversion were chosen; else
    the model as it is.

    Raises:
        InputError: options of a conversion for a network that spikes by itself.
    """
    is_stored = isinstance(found.model, ExportedProgram) and is_converted(found.extra)
    direct = isinstance(found.model, nn.Module) and is_direct(found.model)
    if is_stored or (not direct and (conversion.T is not None or conversion.chosen)):
        return load_or_convert(found, model, conversion, data)
    if direct:
        refuse_conversion(model, conversion)
    return as_it_is(found.model, found, conversion, data)


def load_direct(found: OpenedModel, conversion: Conversion, data: DataSource) -> nn.Module:
    """A network that is measured as it is, on its device and in eval mode.

    Raises:
        InputError: a program, which is not a network.
    """
    if isinstance(found.model, ExportedProgram):
        raise InputError(
            "a program holds no network that can be measured as it is",
            got=found.description,
            remedy="give the network itself: a trained file, or its name and --weights",
        )
    return as_it_is(found.model, found, conversion, data).eval()


def as_it_is(network: N, found: OpenedModel, conversion: Conversion, data: DataSource) -> N:
    """The network of what was opened, in its place; the data normalised as it was trained, unless told otherwise."""
    usual = stored_normalization(found)
    if conversion.normalization is None and usual is not None:
        data.normalization = usual
    fit(data, found.model)
    return network.to(*conversion.place) if isinstance(network, nn.Module) else network


def normalize_like(data: DataSource, snn: SpikingNetwork, told: Normalization | None) -> None:
    """Unless told otherwise, data are normalised as the network was calibrated; clips are what it takes."""
    if told is None and snn.plan.normalization is not None:
        data.normalization = Normalization.from_dict(snn.plan.normalization)
    fit(data, snn.network)


def refuse_conversion(model: str, conversion: Conversion, further: Collection[str] = ()) -> None:
    """Options of a conversion, chosen for a network that spikes by itself.

    Raises:
        InputError: there are such.
    """
    if ignored := {*conversion.chosen, *further}:
        raise InputError(
            f"{model} spikes by itself and is not converted: it takes no {flag(min(ignored))}",
            remedy=f"leave the option out, or {TWIN}",
        )


def flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"
