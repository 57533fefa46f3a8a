"""The per-channel shift and scale that a network was trained with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError


@dataclass(frozen=True)
class Normalization:
    """(x − mean) / std per channel, for inputs x in 0…1.

    Attributes:
        mean: one value per channel, or a single one for all channels.
        std: the same; where only one of the two is single, it is repeated to the length of the other.

    Raises:
        InputError: no values, different lengths, a std that is not above 0, or values meant for inputs in 0…255.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        mean, std = _numbers(self.mean, "mean"), _numbers(self.std, "std")
        if len(mean) != len(std) and 1 not in (len(mean), len(std)):
            raise InputError(
                "mean and std have different lengths",
                expected="one value per channel, or one value for all",
                got=f"{len(mean)} and {len(std)}",
            )
        if min(std) <= 0:
            raise InputError("a std is not above 0", expected="positive numbers", got=str(std))
        if max(map(abs, mean)) > 1:
            raise InputError(
                "the mean does not fit inputs in 0…1",
                expected="values in −1…1",
                got=str(mean),
                remedy="divide mean and std by 255 if they were taken from inputs in 0…255",
            )
        channels = max(len(mean), len(std))
        object.__setattr__(self, "mean", mean * (channels // len(mean)))
        object.__setattr__(self, "std", std * (channels // len(std)))

    def __call__(self, x: Tensor) -> Tensor:
        """Normalise x: float [N, C, …] in 0…1 → the same shape.

        Raises:
            InputError: the number of channels is another, or the inputs are whole numbers.
        """
        if not x.is_floating_point():
            raise InputError(
                "whole numbers, as words, cannot be normalised",
                expected="float inputs",
                got=str(x.dtype).removeprefix("torch."),
                remedy="leave the mean and the std out",
            )
        channels = x.shape[1] if x.dim() > 1 else 0
        if channels == 0 or len(self.mean) not in (1, channels):
            raise InputError(
                "the normalisation does not fit the number of channels",
                expected=f"[N, {len(self.mean)}, …]",
                got=str(list(x.shape)),
                remedy="give one mean and one std per channel, or single values for all channels",
            )
        shape = (1, -1, *[1] * (x.dim() - 2))
        mean = torch.tensor(self.mean, dtype=x.dtype, device=x.device).view(shape)
        std = torch.tensor(self.std, dtype=x.dtype, device=x.device).view(shape)
        return (x - mean) / std

    @classmethod
    def parse(cls, mean: str, std: str) -> Normalization:
        """From text such as "0.485,0.456,0.406"; one value counts for every channel.

        Raises:
            InputError: a part is not a number, or as for the class.
        """
        return cls(_parse(mean, "mean"), _parse(std, "std"))

    def to_dict(self) -> dict[str, list[float]]:
        """`{"mean": […], "std": […]}`, ready for JSON."""
        return {"mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Normalization:
        """The inverse of `to_dict`.

        Raises:
            InputError: a key is missing or unknown, or as for the class.
        """
        if set(values) != {"mean", "std"}:
            raise InputError(
                "this is not a normalisation", expected="the keys mean and std", got=", ".join(map(str, values))
            )
        return cls(values["mean"], values["std"])


def _parse(text: str, name: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"the {name} is not a list of numbers", expected="as 0.485,0.456,0.406 or 0.5", got=repr(text)
        ) from None


def _numbers(values: Any, name: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        numbers = ()
    if not numbers or not all(map(math.isfinite, numbers)):
        raise InputError(f"the {name} is not a sequence of numbers", expected="finite numbers", got=repr(values))
    return numbers


IMAGENET = Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # of torchvision's and most other image networks
