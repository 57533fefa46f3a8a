"""Which activation site a heat-map is of."""

from __future__ import annotations

from torch import Tensor, fx

from ...errors import InputError
from ...graph.graphs import value_of
from ...graph.sites import activation_sites
from ...registry import Registry

SPATIAL = "[C, H, W] or [C, frames, H, W] per sample, with more than one position"


def choose_layer(canonical: fx.GraphModule, wanted: str | None) -> str:
    """The site called `wanted`; without a name the last site that has a map.

    Raises:
        InputError: there is no such site, or none with a map.
    """
    sites: Registry[bool] = Registry("activation site")
    for name, node in activation_sites(canonical).items():
        sites.register(name)(has_map(node))
    spatial = [name for name in sites if sites[name]]
    if not spatial:
        raise InputError("no activation site of this network has a map to show", expected=SPATIAL)
    if wanted is None:
        return spatial[-1]
    if not sites[wanted]:
        raise InputError(
            f"activation site {wanted!r} has no map to show",
            expected=SPATIAL,
            got=f"{shape_of(activation_sites(canonical)[wanted])} per sample",
            remedy=f"one of {', '.join(spatial)}",
        )
    return wanted


def has_map(node: fx.Node) -> bool:
    """Whether the site is [C, H, W] or [C, D, H, W] per sample, and not the 1×1 of a pooled branch."""
    shape = shape_of(node)
    return len(shape) in (3, 4) and shape[-2] * shape[-1] > 1


def shape_of(node: fx.Node) -> list[int]:
    value = value_of(node)
    return list(value.shape[1:]) if isinstance(value, Tensor) else []
