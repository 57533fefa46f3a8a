"""Builds the network that a file names no larger than the file's own weights, and says so before it takes the memory.

It is first built on the meta device, where tensors have sizes and no bytes. Some builders need values; those are
watched as they register their layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks

from ..errors import InputError

SLACK = 4  # builders make layers that they then replace
SPARE = 1_000_000  # elements, and a thousandth of that in layers, where a file holds next to nothing
LARGEST_NUMBER = 1_000_000
LONGEST_TEXT = 10_000
T = TypeVar("T")


class TooLarge(InputError):
    """The network is larger than its weights."""


def build_within(build: Callable[[], T], state: Mapping[str, Tensor], where: str) -> T:
    """What `build` makes, if its parameters and buffers fit `state`.

    Raises:
        InputError: it is far larger, or what `build` raises.
    """
    try:
        with watched(state, where), torch.device("meta"):
            build()
    except TooLarge:
        raise
    except Exception:
        pass  # it needs values, or cannot be built at all, which the next lines tell
    with watched(state, where):  # from nothing again: it is built twice
        return build()


@contextmanager
def watched(state: Mapping[str, Tensor], where: str) -> Iterator[None]:
    """Within it, no module may register more than the state justifies."""
    elements = SLACK * sum(tensor.numel() for tensor in state.values()) + SPARE
    layers = SLACK * 8 * len(state) + SPARE // 1000
    largest = max((tensor.numel() for tensor in state.values()), default=0) + SPARE
    seen = {"elements": 0, "layers": 0}

    def count(kind: str, amount: int, most: int, one: int = 0) -> None:
        seen[kind] += amount
        if seen[kind] > most or one > largest:
            raise TooLarge(
                "the weights do not fit the network: it is far larger",
                expected=f"at most {elements:,} elements in {layers:,} layers",
                got=f"at least {max(seen['elements'], one):,} elements in {seen['layers']:,} layers",
                where=where,
                remedy="give the network that was trained with --arch, --num-classes and --arch-arg",
            )

    def tensor(_: nn.Module, name: str, value: Tensor | None) -> None:
        if value is not None:
            count("elements", value.numel(), elements, value.numel())

    def layer(_: nn.Module, name: str, value: nn.Module | None) -> None:
        count("layers", 1, layers)

    handles = (
        hooks.register_module_parameter_registration_hook(tensor),
        hooks.register_module_buffer_registration_hook(tensor),
        hooks.register_module_module_registration_hook(layer),
    )
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
