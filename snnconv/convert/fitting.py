"""Data and network fitted to each other: every command, recipe and function takes its data through here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import fx, nn
from torch.export import ExportedProgram

from ..capture.examples import declared_shapes
from ..data import DataSource
from ..errors import InputError
from ..models.geometry import refusal, takes

Shape = tuple[int, ...]


def fit(data: DataSource, network: nn.Module | ExportedProgram) -> None:
    """Clips become what the network takes as it was built: frames, size and pathways, where nobody chose otherwise.

    A network that tells nothing leaves the data as they are; its `every` says which frames of a video it is meant for.

    Raises:
        InputError: what somebody chose, or what the data hold, does not go into the network.
    """
    told = declared_shapes(network)
    if not told:
        return
    data.fit(told, getattr(network, "every", None))
    given = shapes_of(data)
    if len(given) != len(told):
        raise misfit(data, given, told, several(told))
    if given == told or isinstance(network, (ExportedProgram, fx.GraphModule)):
        return  # of captured networks their sizes say which others go
    problem = refusal(network, tuple(given))
    if problem is not None and takes(network, tuple(told)):
        if isinstance(problem, InputError):
            raise problem  # the network itself says what it takes
        raise misfit(
            data, given, told, "leave frames, size and pathways to the network, or build it for such (--arch-arg)"
        )


def shapes_of(data: DataSource) -> list[Shape]:
    """Of one sample, for each input; a number for each sample has the shape ()."""
    shape: tuple[Any, ...] = data.shape
    return [tuple(each) for each in shape] if shape and not isinstance(shape[0], int) else [shape]


def several(told: Sequence[Shape]) -> str:
    """How data come in several pathways."""
    clips = [shape for shape in told if len(shape) == 4]
    if len(clips) == len(told) == 2 and told[1][1] % told[0][1] == 0 and told[1][1] > told[0][1]:
        return f"take clips of a multiple of {told[1][1] // told[0][1]} frames: its pathways are cut out of them"
    return "give one array for each input (npz:FILE?x=KEY,KEY)"


def misfit(data: DataSource, given: Sequence[Shape], told: Sequence[Shape], remedy: str) -> InputError:
    return InputError(
        "the data do not go into the network", expected=shown(told), got=shown(given), where=data.name, remedy=remedy
    )


def shown(shapes: Sequence[Shape]) -> str:
    return " and ".join("×".join(map(str, shape)) for shape in shapes)
