"""The file of a network that `snnconv train` trained: its weights, and the name and arguments that build it again.

A file holds no code, and names none but builders of four known packages.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import nn

from ..documents import Moments, Positive, Shape, Text, parse_json, require_format, typed
from ..errors import InputError
from ..files.atomic import binary_output
from .build_within import build_within
from .checkpoint import state_dict_of
from .factory import PREFIXES, build
from .weights import load_weights

FORMAT = 1
WHAT = "what the file says of its network"
KEY = "snnconv_trained"
FETCHING = re.compile("weights|pretrained|checkpoint|cache|path|file")  # arguments that read or download something


@dataclass(frozen=True)
class Origin:
    """How a network is built: as `open_model` takes it.

    Attributes:
        arch_args: further arguments, as typed.
        input_shapes: of one sample, for each input.
    """

    spec: Text
    num_classes: Positive | None = None
    arch_args: dict[Text, Text] = field(default_factory=dict)
    input_shapes: tuple[Shape, ...] = ()


@dataclass(frozen=True)
class Record(Origin):
    """All that the file says.

    Attributes:
        normalization: what the inputs were normalised with. training: how the network was trained.
    """

    format: int = 0
    normalization: Moments | None = None
    training: dict[str, Any] | None = None


def save_trained(
    network: nn.Module,
    path: str | os.PathLike[str],
    origin: Origin,
    *,
    normalization: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    overwrite: bool = True,
) -> None:
    """Write a network to a `.pt` file, whole or not at all; `open_model` builds it again without being told how.

    Args:
        normalization: what its inputs were normalised with. training: how it was trained.

    Raises:
        InputError: the path cannot be written, or exists and `overwrite` is False.
    """
    kept = {name: value for name, value in origin.arch_args.items() if not FETCHING.search(name)}
    document = {
        "format": FORMAT, **asdict(origin), "arch_args": kept, "normalization": normalization, "training": training,
    }  # fmt: skip
    state = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
    with binary_output(path, overwrite=overwrite) as file:
        torch.save({KEY: json.dumps(document), "state_dict": state}, file)


def is_trained(obj: object) -> bool:
    """Whether what was read from a file, or the texts beside a model, are those of a trained network."""
    return isinstance(obj, Mapping) and KEY in obj


def open_trained(obj: Mapping[str, Any], where: str) -> nn.Module:
    """The network, in eval mode.

    Raises:
        InputError: the file is of a later format or damaged, names something else than a known builder, or its weights
            do not fit.
    """
    origin = read_document(obj, where)
    if origin.spec.partition(":")[0] not in PREFIXES:
        raise InputError(
            f"the file names {origin.spec}, which could be any code", where=where,
            expected=f"a network of {', '.join(PREFIXES)}", remedy=f"if you trust it, pass --arch {origin.spec}",
        )  # fmt: skip
    fetching = [name for name in origin.arch_args if FETCHING.search(name)]
    if fetching:
        raise InputError("the file asks for another file", got=f"the argument {fetching[0]}", where=where)
    state = state_dict_of(obj, where)
    try:
        network = build_within(
            lambda: build(origin.spec, num_classes=origin.num_classes, arch_args=origin.arch_args), state, where
        )
    except InputError as error:
        raise InputError(f"the network in the file cannot be built: {error}", where=where) from error
    load_weights(network, state, where)
    if origin.input_shapes:
        network.input_shapes = origin.input_shapes  # type: ignore[assignment]  # read where there are no data
    return network.eval()


def origin_of(obj: Mapping[str, Any], where: str) -> Origin:
    """How the network in the file is built."""
    record = read_document(obj, where)
    return Origin(record.spec, record.num_classes, record.arch_args, record.input_shapes)


def stored_normalization(obj: Mapping[str, Any], where: str) -> Moments | None:
    """The normalisation that the network was trained with."""
    return read_document(obj, where).normalization


def read_document(obj: Mapping[str, Any], where: str) -> Record:
    """What the file says of its network.

    Raises:
        InputError: it is damaged, or of a later format.
    """
    told = typed(obj[KEY], str, where, WHAT)
    document = parse_json(told, where, WHAT)
    require_format(document, (FORMAT,), where, WHAT)
    return typed(document, Record, where, WHAT)
