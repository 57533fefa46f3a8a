"""Other tensors in a network for a while: `torch.func.functional_call` leaves them in modules that have two names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn


@contextmanager
def swapped(model: nn.Module, change: Callable[[Tensor], Tensor]) -> Iterator[nn.Module]:
    """Inside the block every parameter and buffer is what `change` makes of it, tied ones tied; afterwards itself."""
    places = [
        (store, name, value)
        for module in model.modules()  # each once, whatever names it has
        for store in (module._parameters, module._buffers)
        for name, value in store.items()
        if value is not None
    ]
    made = {id(value): change(value) for _, _, value in places}
    try:
        for store, name, value in places:
            store[name] = made[id(value)]  # type: ignore[assignment]
        yield model
    finally:
        for store, name, value in places:
            store[name] = value  # type: ignore[assignment]
