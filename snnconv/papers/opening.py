"""The network of a row and the data that fit it: frames, size, pathways, split and normalisation are the row's own."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from torch import nn
from torch.export import ExportedProgram

from ..convert.fitting import fit
from ..data import DataSource, Normalization, open_data
from ..errors import InputError
from ..io import load_weights
from ..io._detect import FileKind, detect
from ..io.open import OpenedModel, open_model, read_weights
from ..io.pickled import load_pickle
from ..io.stored import stored_normalization
from ..io.trained_file import is_trained
from .data_sets import DATA_SETS, NORMALIZATIONS, check_classes
from .recipe import Row

log = logging.getLogger("snnconv")


@dataclass(frozen=True)
class Opened:
    """A network, and what its inputs were normalised with where it was trained here."""

    model: nn.Module | ExportedProgram
    normalization: Normalization | None = None


def open_network(row: Row, weights: str | None, device: str = "cpu") -> Opened:
    """The row's network.

    Args:
        weights: a file of weights for it, or of the whole network as it was trained here; None: random ones.

    Raises:
        InputError: it cannot be built, or the file holds another network.
    """
    if weights is not None and holds_a_network(weights):
        found = open_model(weights)
        require_same_network(row, found, weights)
    else:
        found = stock(row, weights)
    model = found.model.to(device) if isinstance(found.model, nn.Module) else found.model
    return Opened(model, stored_normalization(found))


def stock(row: Row, weights: str | None = None) -> OpenedModel:
    """The network that the row names."""
    assert row.network is not None
    items = [f"{key}={value}" for key, value in row.arch.items()]
    return open_model(row.network, weights=weights, num_classes=row.classes, arch_args=items)


def started(row: Row, start: str | None) -> nn.Module:
    """The row's network before its training: with random weights, or with those of a checkpoint of another data set.

    A classifier of another number of classes begins at random, which a notice tells. Weights of "imagenet" are those of
    a part of the network, as its builder takes them.

    Raises:
        InputError: the checkpoint is of another network.
    """
    if start is not None and row.training is not None and row.training.start == "imagenet":
        row, start = replace(row, arch={**row.arch, "weights": start}), None
    network = stock(row).model
    assert isinstance(network, nn.Module)
    if start is None:
        return network
    for note in load_weights(network, read_weights(start), start, head=None):
        log.warning(note)
    return network


def holds_a_network(path: str) -> bool:
    """Whether a file says how its network computes: one trained with clips, or by `snnconv train`."""
    kind = detect(path)
    return kind is FileKind.PROGRAM or (kind is FileKind.PICKLE and is_trained(load_pickle(path)))


def require_same_network(row: Row, found: OpenedModel, path: str) -> None:
    """Refuse a trained network that is not the row's: its figures would stand beside those of another one.

    Raises:
        InputError: a parameter of the row's network is missing in it, or has another shape.
    """
    if not isinstance(found.model, nn.Module):
        return
    wanted = {name: tuple(value.shape) for name, value in cast(nn.Module, stock(row).model).named_parameters()}
    there = {name: tuple(value.shape) for name, value in found.model.named_parameters()}
    for name, shape in wanted.items():
        if there.get(name) != shape:
            raise InputError(
                f"the file holds another network than {row.network}",
                expected=f"{name} {list(shape)}", got=str(list(there[name])) if name in there else "no such parameter",
                where=path,
            )  # fmt: skip


def open_part(row: Row, network: nn.Module | ExportedProgram, training: bool, root: Path, **chosen: Any) -> DataSource:
    """The training or the test part of the row's data, fitted to its network.

    Args:
        chosen: further arguments of `open_data`; without a normalisation the row's is taken.

    Raises:
        InputError: the data cannot be opened, do not go into the network, or have another number of classes.
    """
    if chosen.get("normalization") is None and row.normalization:
        chosen["normalization"] = NORMALIZATIONS[row.normalization]
    spec = DATA_SETS[row.data or ""].spec(training, root, row.split, row.sampling)
    data = open_data(spec, **chosen)
    check_classes(data, row.classes)
    fit(data, network)
    return data
