"""Numbers that networks are built with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from torch import nn

from snnconv.errors import InputError
from snnconv.models import ms_resnet18, respike, small_cnn3d, svformer

BUILDERS: list[tuple[Callable[..., nn.Module], tuple[str, ...]]] = [
    (small_cnn3d, ("num_classes", "in_channels")),
    (svformer, ("num_classes", "in_channels", "T", "depth")),
    (respike, ("num_classes", "in_channels")),
    (ms_resnet18, ("num_classes", "in_channels", "T")),
]


@pytest.mark.parametrize(("build", "name"), [(build, name) for build, names in BUILDERS for name in names])
@pytest.mark.parametrize("value", [0, -1, 1.5, "two", True])
def test_numbers_below_one_are_one_error(build: Callable[..., nn.Module], name: str, value: Any) -> None:
    with pytest.raises(InputError, match=rf"{name} of .* is out of range(.|\n)*at least 1(.|\n)*got: {value!r}"):
        build(**{name: value})


@pytest.mark.parametrize("size", ["abc", (1, 2, 3), 1.5])
def test_a_size_that_is_none(size: Any) -> None:
    with pytest.raises(InputError, match=r"invalid size for SVFormer(.|\n)*\(height, width\)"):
        svformer(size=size)


@pytest.mark.parametrize("stride", ["x", 2.0, True])
def test_a_stride_that_is_none(stride: Any) -> None:
    with pytest.raises(InputError, match="stride ≥ 2"):
        respike(stride=stride)
