"""How a network is trained where nothing is said: as its authors did, where they say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import nn

from ..data import IMAGENET, Normalization
from ..models._respike import ReSpike
from ..models._svformer import SVFormer


class Usual(NamedTuple):
    """A setting's value where nothing is said, and who says so."""

    value: Any
    source: str


PAPER, CODE, OURS, GIVEN = "paper", "authors' code", "ours", "given"
EVENT_CHANNELS = 2  # off and on
# An ANN from the start: He et al., CVPR 2016, at the batch of 64 with the learning rate scaled along.
USUAL: dict[str, Any] = {
    "epochs": 50, "lr": 0.05, "optimizer": "sgd", "momentum": 0.9, "weight_decay": 5e-4, "batch_size": 64,
    "augment": ("crop", "flip"),
}  # fmt: skip
# Clips are cut out anywhere in the frame; of 16 frames that follow one another.
RESPIKE = {
    "epochs": Usual(100, PAPER),
    "optimizer": Usual("sgd", PAPER),
    "momentum": Usual(0.9, PAPER),
    "weight_decay": Usual(1e-4, PAPER),
    "batch_size": Usual(32, PAPER),
    "lr": Usual(1e-4, CODE),
    "schedule": Usual("cosine", CODE),
    "augment": Usual(("crop", "flip"), CODE),
}
SVFORMER = {
    "epochs": Usual(600, PAPER),
    "optimizer": Usual("adamw", PAPER),
    "lr": Usual(0.006, PAPER),
    "batch_size": Usual(64, PAPER),
    "schedule": Usual("cosine", PAPER),
    "warmup": Usual(30.0, CODE),
    "warmup_lr": Usual(1e-6, CODE),
    "end_lr": Usual(1e-6, CODE),
    "weight_decay": Usual(0.05, CODE),
    "decay_vectors": Usual(False, CODE),
    "label_smoothing": Usual(0.1, CODE),
    "mixup": Usual(0.8, CODE),
    "cutmix": Usual(1.0, CODE),
    "augment": Usual(("crop", "flip", "randaugment", "erase"), CODE),
}
# DVS128 Gesture: the authors' code for it is not published. Counts of events have no colours to change.
OF_EVENTS = {
    **SVFORMER,
    "lr": Usual(0.005, PAPER),
    "batch_size": Usual(16, PAPER),
    "augment": Usual(("crop", "flip", "erase"), PAPER),
    "mixup": Usual(0.0, OURS),
    "cutmix": Usual(0.0, OURS),
}


def of_svformer(network: SVFormer) -> Mapping[str, Usual]:
    return OF_EVENTS if network.patches[0][0].in_channels == EVENT_CHANNELS else SVFORMER  # type: ignore[index]


DEFAULTS: dict[type[nn.Module], Callable[[Any], Mapping[str, Usual]]] = {
    ReSpike: lambda _: RESPIKE,
    SVFormer: of_svformer,
}


def usual_of(network: nn.Module) -> dict[str, Usual]:
    """Settings for training this network, each with who says so."""
    make = DEFAULTS.get(type(network))
    return {name: Usual(value, OURS) for name, value in USUAL.items()} if make is None else dict(make(network))


def chosen_for(network: nn.Module, given: Mapping[str, Any]) -> dict[str, Usual]:
    """Settings for training this network: those that somebody chose, and the usual ones for the others.

    Of other epochs than the usual ones the warm-up is the same part.
    """
    usual = usual_of(network)
    epochs = given.get("epochs")
    if "warmup" in usual and isinstance(epochs, int) and epochs != usual["epochs"].value:
        whole, (warmup, source) = usual["epochs"].value, usual["warmup"]
        usual["warmup"] = Usual(warmup * epochs / whole, f"{source}: {warmup:g} of {whole} epochs")
    return {**usual, **{name: Usual(value, GIVEN) for name, value in given.items()}}


def told(chosen: Mapping[str, Usual]) -> str:
    """`lr 0.006 (paper), batch_size 16 (given), …`"""
    return ", ".join(f"{name} {shown(each.value)} ({each.source})" for name, each in chosen.items())


def shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ("+".join(value) or "none") if isinstance(value, (tuple, list)) else str(value)


def normalization_for(network: nn.Module) -> Normalization | None:
    """What the authors normalise frames with; None: they do not say, or it is of other channels."""
    return IMAGENET if isinstance(network, ReSpike) and network.in_channels == len(IMAGENET.mean) else None
