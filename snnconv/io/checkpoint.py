"""Finds the weights in a checkpoint."""

from __future__ import annotations

import os
from collections.abc import Mapping

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import InputError
from .module_check import check_module

# Where training scripts put the weights, the likelier first.
_NESTS = (
    *("state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "params", "weights"),
    *("model_ema", "state_dict_ema", "ema_state_dict", "ema"),
)
_PREFIXES = ("module.", "_orig_mod.")  # DataParallel and torch.compile
_DEPTH = 3


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
