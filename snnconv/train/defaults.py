"""How a network is trained where nothing is said: as its authors did, where they say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from ..models.respike import ReSpike
from ..models.svformer import SVFormer

EVENT_CHANNELS = 2  # off and on
# An ANN from the start: He et al., CVPR 2016, at the batch of 64 with the learning rate scaled along.
USUAL: dict[str, Any] = {
    "epochs": 50, "lr": 0.05, "optimizer": "sgd", "momentum": 0.9, "weight_decay": 5e-4, "batch_size": 64,
    "augment": ("crop", "flip"),
}  # fmt: skip


def of_respike(network: ReSpike) -> dict[str, Any]:
    """SGD 0.9, decay 1e-4, 100 epochs, batch 32, as published; the learning rate is not, 0.01 is ours."""
    return {**USUAL, "epochs": 100, "lr": 0.01, "weight_decay": 1e-4, "batch_size": 32}


def of_svformer(network: SVFormer) -> dict[str, Any]:
    """AdamW, cosine with warm-up, 600 epochs, crop, flip and erase, lr 0.006 at batch 64 (of events 0.005 at 16), as
    published; the warm-up, 20 epochs, and the decay, AdamW's 0.01, are ours."""
    of_events = network.patches[0][0].in_channels == EVENT_CHANNELS  # type: ignore[index]
    return {
        "epochs": 600, "optimizer": "adamw", "lr": 0.005 if of_events else 0.006, "warmup": 20.0,
        "weight_decay": 0.01, "batch_size": 16 if of_events else 64, "augment": ("crop", "flip", "cutout"),
    }  # fmt: skip


DEFAULTS: dict[type[nn.Module], Callable[[Any], dict[str, Any]]] = {ReSpike: of_respike, SVFormer: of_svformer}


def defaults_of(network: nn.Module) -> dict[str, Any]:
    """Settings for training this network."""
    make = DEFAULTS.get(type(network))
    return dict(USUAL) if make is None else make(network)
