"""Finds the weights in a checkpoint and puts them into a network."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import InputError
from .key_names import closest
from .module_check import check_module

# Where training scripts put the weights, the likelier first.
_NESTS = (
    *("state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "params", "weights"),
    *("model_ema", "state_dict_ema", "ema_state_dict", "ema"),
)
_PREFIXES = ("module.", "_orig_mod.")  # DataParallel and torch.compile
_DEPTH = 3
_SHOWN = 4


def state_dict_of(obj: object, where: str | None = None) -> dict[str, Tensor]:
    """The weights in `obj`: a state_dict, a module, or a training checkpoint that holds one of them somewhere.

    `where` is the file it came from, for messages.
    Prefixes that wrappers left on every name (`module.`, `_orig_mod.`) are taken off.

    Raises:
        InputError: no weights are found; the message lists what is there.
    """
    found = _find(obj, _DEPTH, where)
    if found is None:
        got = f"a mapping with {', '.join(map(str, list(obj)[:8])) or 'nothing'}" if isinstance(obj, Mapping) else None
        raise InputError(
            "no weights found in the checkpoint",
            expected=f"a state_dict, or one under {', '.join(_NESTS[:5])}, …",
            got=got or f"an object of type {type(obj).__name__}",
            where=where,
        )
    while prefix := next((p for p in _PREFIXES if all(name.startswith(p) for name in found)), None):
        found = {name.removeprefix(prefix): tensor for name, tensor in found.items()}
    return found


def _find(obj: object, depth: int, where: str | None) -> dict[str, Tensor] | None:
    if isinstance(obj, nn.Module):
        check_module(obj, where)
        return obj.state_dict()
    if not isinstance(obj, Mapping) or depth == 0:
        return None
    tensors = {name: value for name, value in obj.items() if isinstance(name, str) and isinstance(value, Tensor)}
    if tensors and len(tensors) == len(obj):
        return tensors
    for name in _NESTS:
        if name in obj and (found := _find(obj[name], depth - 1, where)):
            return found
    return None


def load_safetensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors in a `.safetensors` file, on the CPU.

    Raises:
        InputError: the file is missing, cut short or damaged.
    """
    try:
        return load_file(path, device="cpu")
    except (SafetensorError, OSError) as error:
        raise InputError("cannot read the weights", got=str(error), where=str(path)) from error


def load_weights(module: nn.Module, state: Mapping[str, Tensor], where: str | None = None) -> tuple[str, ...]:
    """Put `state` (from the file `where`) into `module`, nothing missing and, but for what is noted, all of it.

    Names of other projects (`KEY_NAMES`) are read as the network's own. A prefix before all names, as training
    frameworks and compilers write it, is taken off, or put on (`matched`).

    Returns:
        Notes on weights that were left out or chosen.

    Raises:
        InputError: names are missing, left over, or of another shape; the message shows the first few of each.
    """
    own = module.state_dict()
    state, notes = closest(state, own)
    shapes = [
        f"{name} is {tuple(state[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in own.items()
        if isinstance(tensor, Tensor) and name in state and state[name].shape != tensor.shape
    ]
    if shapes:
        raise _mismatch({"of another shape": shapes}, where, notes)
    try:
        # Not strict, because strict reports everything in one endless line; what is missing is raised just below.
        # Torch must say what that is: some layers accept older names and counters that did not exist yet.
        result = module.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise InputError("the weights do not fit the network", got=str(error)[:500], where=where) from error
    if result.missing_keys or result.unexpected_keys:
        raise _mismatch({"missing": result.missing_keys, "unexpected": result.unexpected_keys}, where, notes)
    return notes


def _mismatch(problems: Mapping[str, Sequence[str]], where: str | None, notes: Sequence[str]) -> InputError:
    parts = [
        f"{len(names)} {kind}: {'; '.join(names[:_SHOWN])}{' …' if len(names) > _SHOWN else ''}"
        for kind, names in problems.items()
        if names
    ]
    return InputError(
        "the weights do not fit the network",
        got="; ".join(parts),
        where=where,
        remedy="; ".join(["check --arch, --num-classes and --arch-arg against the network that was trained", *notes]),
    )
