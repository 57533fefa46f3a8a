"""`train`: any network that classifies, spiking or not, from the start."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any

from torch import nn

from ..convert.data_argument import takes_data
from ..data import DataSource
from ..errors import InputError
from .defaults import chosen_for
from .result import Training
from .settings import settings_of
from .start import trained


@takes_data("data", "val")
def train(
    network: nn.Module,
    data: Iterable[Any],
    val: Iterable[Any],
    *,
    folder: str | PathLike[str] = "snnconv-out/train",
    resume: bool = True,
    log: str = "csv",
    device: str = "cpu",
    **settings: Any,
) -> Training:
    """Train a network, a spiking one through time (STBP: the surrogate gradients of its neurons).

    The loss is the cross-entropy of the scores. The network is trained in place and left in eval mode. Checkpoints,
    continuing after a kill, and several processes are as in `finetune`.

    Args:
        network: from inputs [B, …] to scores [B, classes].
        data, val, folder, resume, log, device: as in `finetune`.
        settings: fields of `snnconv.training.Settings`; those left out are the network's own (`chosen_for`).

    Returns:
        The course of the training, also saved in the folder as train.json, .csv, .png and .svg.

    Raises:
        InputError: a setting out of range, data that cannot be used, a network that is converted or has nothing to
            train, a folder with a training of other settings, a loss that became infinite, or an engine that is not
            installed.

    Source: Wu et al., "Spatio-temporal backpropagation for training high-performance spiking neural networks",
    Frontiers in Neuroscience 2018.
    """
    known = chosen_for(network, settings)
    if not isinstance(data, DataSource) and "augment" not in settings:
        del known["augment"]  # loaders do it themselves
    chosen = settings_of({name: each.value for name, each in known.items()})
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise InputError("the network has nothing to train", expected="parameters", got=type(network).__name__)
    more = {"network": type(network).__name__}
    return trained(Training, network, data, val, chosen, more, folder=folder, resume=resume, log=log, device=device)
