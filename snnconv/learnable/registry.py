"""The contract of a trainable activation, and the table of them: one file, one `@CLIPS.register(name)` each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..registry import Registry

LEAST = 1e-4  # λ is kept above it, whatever the optimiser does: a clip at 0 would be no function of its input


class Clip(nn.Module, ABC):
    """An activation that rises from 0 to λ and stays there; the neuron that takes its place has the threshold λ.

    Args:
        threshold: λ at the start: one value [], or one per channel in a shape that broadcasts against one sample,
            [C, 1, …].
        options: as named in `OPTIONS`.
    """

    OPTIONS: ClassVar[dict[str, Any]] = {}  # name → default; their names are those of `snnconv.clip`

    def __init__(self, threshold: Tensor | float) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.as_tensor(threshold, dtype=torch.float32).detach().clone())

    @classmethod
    def fitted(cls, threshold: Tensor, maximum: Tensor, **options: Any) -> Self:
        """One that starts at λ = `threshold`, where the activations of the calibration data rose to `maximum`."""
        return cls(threshold, **options)

    @classmethod
    def blank(cls, state: dict[str, Tensor], **options: Any) -> Self:
        """One whose tensors are `state`, as `state_dict` gave it."""
        module = cls(state["threshold"], **options)
        module.load_state_dict(state)
        return module

    @property
    def ceiling(self) -> Tensor:
        """λ as the activation uses it now, without gradient."""
        return self.learned().detach()

    def learned(self) -> Tensor:
        """λ with its gradient, at least `LEAST`; a λ below is drawn back by the same gradient."""
        return self.threshold + (self.threshold.clamp(min=LEAST) - self.threshold).detach()

    def settings(self) -> dict[str, Any]:
        """The options it was made with."""
        return {name: getattr(self, name) for name in self.OPTIONS}

    def like(self, x: Tensor) -> Tensor:
        """λ with its gradient in the type of `x`: under mixed precision activations stay as small as they were."""
        return self.learned().to(x.dtype)

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Activations in 0…λ."""

    def extra_repr(self) -> str:
        value = self.ceiling
        shown = f"{float(value):.4g}" if not value.dim() else f"[{len(value)}]"
        return ", ".join([f"threshold={shown}", *(f"{name}={option}" for name, option in self.settings().items())])


CLIPS: Registry[type[Clip]] = Registry("activation")


def clips_in(model: nn.Module) -> dict[str, Clip]:
    """{path: activation} of every trainable clip in a network."""
    return {name: module for name, module in model.named_modules() if isinstance(module, Clip)}


def kinds_in(model: nn.Module) -> set[str]:
    """Registry names of the trainable clips in a network; empty for one that was not trained with any."""
    names = {CLIPS[name]: name for name in CLIPS}
    return {names[type(module)] for module in clips_in(model).values()}


def require_positive(**values: float) -> None:
    """One clear error for an option that is not a whole number ≥ 1."""
    for name, value in values.items():
        if value < 1 or value != int(value):
            raise InputError(f"{name} is out of range", expected="a whole number, at least 1", got=repr(value))
