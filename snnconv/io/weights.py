"""Puts the weights of a file into a network: all of them, or all but a classifier for other classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from torch import Tensor, nn

from ..errors import InputError
from .head import Head, adopted, last_layer, of_head, other_classes, tensors_of, told
from .key_names import closest
from .key_names.table import named
from .prefixes import COUNTER

SHOWN = 4


class OtherClasses(InputError):
    """The weights fit but for their number of classes.

    Attributes:
        classes: of the file.
    """

    classes: int = 0


def load_weights(
    module: nn.Module, state: Mapping[str, Tensor], where: str | None = None, *, head: Head | None = "keep"
) -> tuple[str, ...]:
    """Put `state` (from the file `where`) into `module`, nothing missing and, but for what is noted, all of it.

    Names of other projects (`KEY_NAMES`) are read as the network's own. A prefix before all names, as training
    frameworks and compilers write it, is taken off, or put on (`matched`).

    Args:
        head: "keep": the classifier must fit, too; "replace": it stays as the module has it, fresh where that was just
            built; None: it stays where it does not fit, or the file has none. All else must fit.

    Returns:
        Notes on weights that were left out or chosen, and on a classifier that is new.

    Raises:
        OtherClasses: the classifier does not fit and has to.
        InputError: names are missing, left over, or of another shape; the message shows the first few of each.
    """
    own, whole = module.state_dict(), state
    state, notes = closest(whole, own)
    layer = last_layer(module)
    if any(name not in state for name in counted(own)) and layer is not None:
        found, further = closest(whole, [name for name in own if name not in tensors_of(layer, own)])
        found, moved = adopted(module, found, whole)
        without = head != "keep" and not any(name in state for name in tensors_of(layer, own))
        if named(found, own) > named(state, own) or without:
            state, notes = found, (*further, *moved)
    total, classes = len(counted(own)), other_classes(module, state)
    fresh: dict[str, int] = {}
    if head != "keep":
        if layer is not None and (head == "replace" or not any(name in state for name in tensors_of(layer, own))):
            fresh[layer] = len(state[f"{layer}.weight"]) if f"{layer}.weight" in state else 0
        fresh.update(classes)
        state = {name: tensor for name, tensor in state.items() if not any(of_head(each, [name]) for each in fresh)}
    shapes = [
        f"{name} is {tuple(state[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in own.items()
        if isinstance(tensor, Tensor) and name in state and state[name].shape != tensor.shape
    ]
    taken = sum(name in state and state[name].shape == own[name].shape for name in counted(own))
    if shapes:
        error = mismatch(
            {"of another shape": shapes}, where, notes, taken, total, OtherClasses if classes else InputError
        )
        if isinstance(error, OtherClasses):
            error.classes = next(iter(classes.values()))
        raise error
    try:
        # Not strict, because strict reports everything in one endless line; what is missing is raised just below.
        # Torch must say what that is: some layers accept older names and counters that did not exist yet.
        result = module.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise InputError("the weights do not fit the network", got=str(error)[:500], where=where) from error
    missing = [name for name in result.missing_keys if not any(of_head(each, [name]) for each in fresh)]
    if missing or result.unexpected_keys:
        raise mismatch({"missing": missing, "unexpected": result.unexpected_keys}, where, notes, taken, total)
    return (*notes, told(module, fresh, taken, total)) if fresh else notes


def counted(names: Iterable[str]) -> list[str]:
    """Names of tensors that a file has to have."""
    return [name for name in names if not name.endswith(COUNTER)]


def mismatch(
    problems: Mapping[str, Sequence[str]],
    where: str | None,
    notes: Sequence[str],
    taken: int,
    total: int,
    kind: type[InputError] = InputError,
) -> InputError:
    parts = [
        f"{len(names)} {kind}: {'; '.join(names[:SHOWN])}{' …' if len(names) > SHOWN else ''}"
        for kind, names in problems.items()
        if names
    ]
    return kind(
        "the weights do not fit the network",
        got="; ".join([f"{taken} of {total} tensors fit", *parts]),
        where=where,
        remedy="; ".join(["check --arch, --num-classes and --arch-arg against the network that was trained", *notes]),
    )
