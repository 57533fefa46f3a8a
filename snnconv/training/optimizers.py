"""Optimisers by name, with a weight decay of its own for λ."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from ..learnable import clips_in
from ..registry import Registry

if TYPE_CHECKING:
    from .settings import Settings

OPTIMIZERS: Registry[Callable[[list[dict[str, Any]], Settings], Optimizer]] = Registry("optimizer")


@OPTIMIZERS.register("sgd")
def sgd(groups: list[dict[str, Any]], settings: Settings) -> Optimizer:
    return SGD(groups, lr=settings.lr, momentum=settings.momentum)


@OPTIMIZERS.register("adamw")
def adamw(groups: list[dict[str, Any]], settings: Settings) -> Optimizer:
    return AdamW(groups, lr=settings.lr)


def optimizer_of(network: nn.Module, settings: Settings) -> Optimizer:
    """The chosen one for all parameters that train: weights, λ, and vectors where they do not decay, a group each."""
    of_clips = {id(parameter) for clip in clips_in(network).values() for parameter in clip.parameters()}
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    weights = [parameter for parameter in trained if id(parameter) not in of_clips]
    vectors = [] if settings.decay_vectors else [parameter for parameter in weights if parameter.dim() < 2]
    weights = [parameter for parameter in weights if settings.decay_vectors or parameter.dim() >= 2]
    ceilings = [parameter for parameter in trained if id(parameter) in of_clips]
    groups = [
        {"params": weights, "weight_decay": settings.weight_decay},
        {"params": ceilings, "weight_decay": settings.decay_of_clips},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return OPTIMIZERS[settings.optimizer]([group for group in groups if group["params"]], settings)
