"""Trained clips as the sites they are: what a network with them is captured as."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from ..clips import Clip
from .activations import LearnedClip


@contextmanager
def settled(model: nn.Module) -> Iterator[nn.Module]:
    """Inside the block every trainable clip is a `LearnedClip` of the λ it has now; afterwards it is itself again."""
    places = [
        (parent, name, child)
        for parent in list(model.modules())
        for name, child in parent._modules.items()
        if isinstance(child, Clip)
    ]
    sites = {child: settle(child) for _, _, child in places}
    try:
        for parent, name, child in places:
            parent._modules[name] = sites[child]
        yield model
    finally:
        for parent, name, child in places:
            parent._modules[name] = child


def settle(clip: Clip) -> LearnedClip:
    """clip(x, 0, λ): what a quantised activation tends to as its levels become many."""
    ceiling = clip.ceiling
    return LearnedClip(ceiling.clone() if ceiling.dim() else float(ceiling))
