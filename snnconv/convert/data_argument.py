"""What is handed in as `data=`: batches, or the name of a data source, as the command line takes it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, ParamSpec, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.utils.data import Dataset, IterableDataset

from ..data import DataSource, Normalization, open_data
from ..errors import InputError
from ..modes import ordinary_mode
from .fitting import fit

P = ParamSpec("P")
R = TypeVar("R")
BATCHES = "batches that can be gone through again and again, as a DataLoader or a list; or a data source as npz:FILE"


def takes_data(*names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator: arguments of these names may be data sources by name; what holds no batches is refused. The function
    runs in an ordinary mode of torch, whatever the caller's.

    A source is normalised and fitted as on the command line: as the converted network was calibrated, and to the shapes
    that the network tells.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            for name in names:
                if (value := bound.arguments.get(name)) is not None:
                    bound.arguments[name] = opened(value, name, next(iter(bound.arguments.values())))
            with ordinary_mode():
                return function(*bound.args, **bound.kwargs)

        return call

    return decorate


def opened(data: Any, name: str, network: Any) -> Any:
    """The data, opened where they are named.

    Raises:
        InputError: they are not batches, or there is no such source.
    """
    if isinstance(data, (str, PathLike)):
        return opened_source(str(data), network)
    got, remedy = misfit(data, name)
    if remedy:
        raise InputError(f"{name} holds no batches", expected=BATCHES, got=got, remedy=remedy)
    return data


def opened_source(spec: str, network: Any) -> DataSource:
    source = open_data(spec)
    networks = list(network.values()) if isinstance(network, Mapping) else [network]
    used = [plan.normalization for one in networks if (plan := getattr(one, "plan", None)) is not None]
    if used and used[0] is not None:
        source.normalization = Normalization.from_dict(used[0])
    for one in networks[:1]:
        inner = getattr(one, "network", one) if used else one
        if isinstance(inner, (nn.Module, ExportedProgram)):
            fit(source, inner)
    return source


def misfit(data: Any, name: str) -> tuple[str, str]:
    """What data are that hold no batches, and what to write in their place; empty where they may hold some."""
    if isinstance(data, Tensor):
        return f"one tensor {list(data.shape)}", f"{name}=[x], or x.split(64) for batches of 64"
    if isinstance(data, np.ndarray):
        return f"one array {list(data.shape)}", f"{name}=torch.from_numpy(x).split(64) for batches of 64"
    if isinstance(data, (tuple, list)) and is_labelled(data):
        return "samples and labels (x, y)", f"{name}=[(x, y)], or list(zip(x.split(64), y.split(64))) for batches of 64"
    if isinstance(data, Mapping):
        return f"one batch, a {type(data).__name__}", f"{name}=[batch]"
    if isinstance(data, Dataset) and not isinstance(data, IterableDataset):
        return f"a {type(data).__name__}, which gives samples", (
            f"{name}=torch.utils.data.DataLoader(dataset, batch_size=64)"
        )
    if not hasattr(data, "__iter__") and not hasattr(data, "__getitem__"):
        return type(data).__name__, f"{name}=[x] for one batch"
    return "", ""


def is_labelled(data: tuple[Any, ...] | list[Any]) -> bool:
    """Whether two tensors are samples and one whole number for each, not two batches."""
    if len(data) != 2 or not all(isinstance(part, (Tensor, np.ndarray)) for part in data):
        return False
    x, y = (torch.as_tensor(part) for part in data)
    return y.dim() == 1 and x.dim() > 1 and len(x) == len(y) and not y.is_floating_point()
