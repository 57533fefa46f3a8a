"""The network that `snnconv train` trains: by name, fitted to the data, or from a file of an earlier training."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ..capture.examples import check_shapes
from ..convert.fitting import fit
from ..errors import InputError
from ..io import build, open_model
from ..io.factory import find_factory, parse_arch_args, takes_classes
from ..io.head import Head, last_layer
from ..io.open import build_with, names_a_file, read_weights
from ..io.stored import stored_normalization
from ..io.trained_file import Origin, is_trained, origin_of

if TYPE_CHECKING:
    from ..data import DataSource, Normalization

OTHERWISE = "leave the network's options out, or name the network and give the file with --weights"


@dataclass(frozen=True)
class Built:
    """A network, how it is built again, and what its inputs were normalised with where it was trained before."""

    network: nn.Module
    origin: Origin
    normalization: Normalization | None = None
    notes: tuple[str, ...] = ()


def build_network(
    model: str,
    typed: Mapping[str, str],
    data: DataSource,
    *,
    arch_args: Iterable[str],
    num_classes: int | None,
    seed: int,
    weights: str | None,
    head: Head | None,
) -> Built:
    """Build or open the network; it and the data are fitted to each other.

    Clips that can be cut in any way become what the network takes as it is built without being told of them; then, and
    for data that are as they are, the network is built for the data.

    Args:
        model: a name as `open_model` takes it, or a file that `snnconv train` wrote.
        typed: arguments with an option of their own. arch_args: others, as `name=value`.
        num_classes: None: what the data say; of a classifier that is kept, what its weights say.
        seed: of random weights. weights: a file of weights to start from. head: what becomes of their classifier.

    Raises:
        InputError: the name or its arguments are wrong, another kind of file, or no number of classes is told.
    """
    given = {**typed, **parse_arch_args(arch_args)}
    if names_a_file(model):
        if given or num_classes is not None or weights is not None:
            raise InputError("the file says how its network is built", remedy=OTHERWISE)
        found = open_model(model)
        if not is_trained(found.extra) or not isinstance(found.model, nn.Module):
            raise InputError(
                "only networks given by name are trained", got=found.description,
                expected="as snnconv:small_cnn3d, or what snnconv train wrote", remedy="snnconv finetune takes others",
            )  # fmt: skip
        return Built(found.model, origin_of(found.extra, model), stored_normalization(found))
    state = None if weights is None else read_weights(weights)
    classes = data.classes if num_classes is None and (state is None or head != "keep") else num_classes
    if classes is None and state is None:
        raise InputError("the data do not say how many classes there are", where=data.name, remedy="pass --num-classes")
    if data.flexible:
        fit(data, build(model, num_classes=classes, arch_args=given))
    arguments = {**fitted(model, check_shapes(data.shape)[0], given), **given}
    torch.manual_seed(seed)
    if state is None:
        network, notes = build(model, num_classes=classes, arch_args=arguments), ()
    else:
        assert weights is not None
        network, notes = build_with(model, state, weights, num_classes=classes, arch_args=arguments, head=head)
        classes = outputs_of(network) if classes is None else classes
    fit(data, network)
    shapes = tuple(check_shapes(data.shape))
    network.input_shapes = shapes  # type: ignore[assignment]  # other data are fitted to it
    return Built(network, Origin(model, classes, arguments, shapes), notes=notes)


def classes_for(
    model: str,
    data: DataSource,
    *,
    arch: str | None,
    num_classes: int | None,
    arch_args: Iterable[str],
    head: Head | None,
) -> int | None:
    """How many classes a network that is built by name gets: as told, else as the data have; None: as its weights.

    Args:
        model, arch, arch_args: as `open_model` takes them.
        num_classes: as told, or None. head: "keep": the classifier of the weights stays.
    """
    spec = arch or (None if names_a_file(model) else model)
    if num_classes is not None or head == "keep" or spec is None:
        return num_classes
    return data.classes if takes_classes(spec, parse_arch_args(arch_args)) else None


def outputs_of(network: nn.Module) -> int | None:
    """How many classes a network was built for: as many as its last layer has outputs."""
    layer = last_layer(network)
    return None if layer is None else len(network.state_dict()[f"{layer}.weight"])


def fitted(spec: str, shape: tuple[int, ...], given: Mapping[str, str]) -> dict[str, str]:
    """Arguments that the data decide, of those that the builder takes: in_channels, size, frames, and SVFormer's T.

    Args:
        shape: of the first input.
    """
    try:
        accepted = set(inspect.signature(find_factory(spec)).parameters)
    except (TypeError, ValueError):  # some builders tell no signature
        return {}
    height, width = shape[-2:]
    known: dict[str, Any] = {"in_channels": shape[0], "size": height if height == width else (height, width)}
    if len(shape) == 4:
        known["frames"] = shape[1]
        if spec == "snnconv:svformer":
            known["T"] = steps_of(shape[1], given.get("depth", "1"))
    return {name: str(value) for name, value in known.items() if name in accepted and name not in given}


def steps_of(frames: int, depth: str) -> int:
    """Time steps of `depth` frames each; a depth that is not a number is the network's to refuse.

    Raises:
        InputError: the frames are not a whole number of steps.
    """
    each = int(depth) if depth.isdecimal() and int(depth) else 1
    if frames % each:
        raise InputError(
            "the frames of the data are not a whole number of time steps", expected=f"a multiple of depth={each}",
            got=f"{frames} frames", remedy="sample another number of frames, or choose another depth",
        )  # fmt: skip
    return frames // each
