"""The networks of the zoos, by the names that the command line takes."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from itertools import count

from ..errors import InputError
from ..io.factory import public_functions, pytorchvideo_hub
from ..models.video_backbones import VIDEO_BACKBONES
from .sizes import size_of

ZOOS = ("torchvision", "pytorchvideo")
LEFT_OUT = r"_detection$"  # they take boxes beside the clip
SAMPLE = (
    "torchvision:resnet18", "torchvision:alexnet", "torchvision:squeezenet1_1", "torchvision:shufflenet_v2_x0_5",
    "torchvision:mobilenet_v3_small", "torchvision:mnasnet0_5", "torchvision:regnet_x_400mf",
    "torchvision:regnet_y_400mf", "torchvision:vit_b_32", "torchvision:r3d_18", "torchvision:convnext_tiny",
    "pytorchvideo:x3d_xs",
)  # fmt: skip


def zoo(names: Iterable[str] = ZOOS, pattern: str | None = None) -> list[str]:
    """Every classifier of images or clips in the zoos, one of each family first.

    Args:
        names: of the zoos. pattern: regular expression that is searched for in the names of networks.

    Raises:
        InputError: an unknown zoo, one whose package is not installed, or a pattern that is none or matches nothing.
    """
    found = [name for zoo_name in names for name in listed(zoo_name)]
    if pattern is not None:
        try:
            found = [name for name in found if re.search(pattern, name)]
        except re.error as error:
            raise InputError(f"--models is not a regular expression: {error}", got=pattern) from error
        if not found:
            raise InputError("--models matches no network of the zoos", got=pattern)
    return families_first(found)


def listed(name: str) -> list[str]:
    """The networks of one zoo."""
    if name == "torchvision":
        from torchvision import models  # slow to import

        networks = [*models.list_models(models), *models.list_models(models.video)]
    elif name == "pytorchvideo":
        names = {*public_functions(pytorchvideo_hub()), *VIDEO_BACKBONES}
        networks = sorted(key for key in names if not re.search(LEFT_OUT, key))
    else:
        raise InputError(f"unknown zoo {name!r}", expected=", ".join(ZOOS))
    return [f"{name}:{network}" for network in networks]


def families_first(names: Iterable[str]) -> list[str]:
    """The first of every family, then the second of every family, and so on: what is wrong shows early."""
    numbers: dict[str, count[int]] = {}
    places = {name: next(numbers.setdefault(size_of(name).family, count())) for name in names}
    return sorted(places, key=places.__getitem__)


def sampled(names: list[str], number: int, seed: int) -> list[str]:
    """So many of them: of the small and various ones of `SAMPLE` first, then any.

    Raises:
        InputError: number < 1.
    """
    if number < 1:
        raise InputError("the sample is too small", expected="--sample of at least 1", got=str(number))
    known = [name for name in SAMPLE if name in names]
    others = [name for name in names if name not in known]
    random.Random(seed).shuffle(others)
    chosen = {*[*known, *others][:number]}
    return [name for name in names if name in chosen]
