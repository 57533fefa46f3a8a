"""What layers learn besides their weights, and the course of a training shows: ceilings λ, time constants τ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..convert.clip import clips_of
from ..learnable import clips_in
from ..neurons import PLIF


@dataclass(frozen=True)
class Learned:
    """One such quantity.

    Attributes:
        name: in files. symbol: for people. title: with its unit.
        of: a network → {layer: its values}.
    """

    name: str
    symbol: str
    title: str
    of: Callable[[nn.Module], dict[str, Tensor]]


def ceilings(network: nn.Module) -> dict[str, Tensor]:
    """λ of every clip."""
    return {name: clip.ceiling.detach() for name, clip in clips_of(network).items()}


def time_constants(network: nn.Module) -> dict[str, Tensor]:
    """τ of every PLIF layer, in time steps."""
    found = {name: module for name, module in network.named_modules() if isinstance(module, PLIF)}
    return {name.removesuffix(".neuron"): torch.tensor(module.tau) for name, module in found.items()}


LAMBDA = Learned("lambda", "λ", "λ", ceilings)
TAU = Learned("tau", "τ", "τ (time steps)", time_constants)
LEARNED = {each.name: each for each in (LAMBDA, TAU)}


def learned_by(network: nn.Module) -> Learned | None:
    """What the course of this network's training shows."""
    if clips_in(network):
        return LAMBDA
    return TAU if time_constants(network) else None


def means(quantity: Learned | None, network: nn.Module) -> dict[str, float]:
    """{layer: its mean}."""
    return {} if quantity is None else {name: float(values.mean()) for name, values in quantity.of(network).items()}
