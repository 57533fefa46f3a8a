"""The classifier of a network that goes on from another task's weights: which layer it is, and what may replace it.

A layer that has more or fewer outputs, while all others are as they were, is read by none of them: it is the last one.
So it is told by shapes alone, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from torch import Tensor, nn

from .prefixes import COUNTER

Head = Literal["keep", "replace"]
HEADS = ("keep", "replace")
LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def last_layer(module: nn.Module) -> str | None:
    """The name of the classifier: the last linear layer or convolution that was registered."""
    own = module.state_dict()
    named = [
        name
        for name, layer in module.named_modules()
        if isinstance(layer, LAYERS) and isinstance(own.get(f"{name}.weight"), Tensor)
    ]
    return named[-1] if named else None


def tensors_of(layer: str, names: Collection[str]) -> list[str]:
    return [name for name in names if name.rpartition(".")[0] == layer]


def other_classes(module: nn.Module, state: Mapping[str, Tensor]) -> dict[str, int]:
    """The layers of another number of outputs in a file, alone in their shapes: {layer: outputs in the file}.

    None where anything else has another shape: then they are other networks.
    """
    own = module.state_dict()
    found: dict[str, int] = {}
    for name, tensor in own.items():
        there = state.get(name)
        if there is None or not isinstance(tensor, Tensor) or there.shape == tensor.shape:
            continue
        layer = name.rpartition(".")[0]
        if not isinstance(module.get_submodule(layer), LAYERS) or there.shape[1:] != tensor.shape[1:]:
            return {}
        if not there.dim() or found.setdefault(layer, len(there)) != len(there):
            return {}
    alike = all(
        state[name].shape != own[name].shape for layer in found for name in tensors_of(layer, own) if name in state
    )
    return found if alike and len(set(found.values())) <= 1 else {}


def adopted(
    module: nn.Module, state: Mapping[str, Tensor], whole: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The weights with a classifier of another name under the network's own name, where just one layer could be it.

    Args:
        state: under the network's names but for the classifier. whole: as the file has them.
    """
    layer = last_layer(module)
    own = module.state_dict()
    names = [] if layer is None else tensors_of(layer, own)
    missing = [name for name in own if name not in state and not name.endswith(COUNTER)]
    if layer is None or not missing or sorted(missing) != sorted(names):
        return dict(state), ()
    kinds = {name.rpartition(".")[2] for name in names}
    used = {id(tensor) for name, tensor in state.items() if name in own}
    rest = {name: tensor for name, tensor in whole.items() if id(tensor) not in used}
    like = own[f"{layer}.weight"].shape[1:]
    fitting = [
        other
        for other in dict.fromkeys(name.rpartition(".")[0] for name in rest)
        if {name.rpartition(".")[2] for name in tensors_of(other, rest)} == kinds
        and rest[f"{other}.weight"].shape[1:] == like
    ]
    if len(fitting) != 1:
        return dict(state), ()
    taken = tensors_of(fitting[0], rest)
    found = {name: tensor for name, tensor in state.items() if name not in taken}
    found.update({f"{layer}.{name.rpartition('.')[2]}": rest[name] for name in taken})
    return found, (f"the classifier {layer} is {fitting[0]} in the file",)


def of_head(layer: str, names: Collection[str]) -> list[str]:
    """Those of the names that are of the classifier: its tensors, or those of several layers in its place."""
    return [name for name in names if name.startswith(f"{layer}.")]


def told(module: nn.Module, layers: Mapping[str, int], taken: int, total: int) -> str:
    """A notice on what is new."""
    own = module.state_dict()
    parts = []
    for layer, classes in layers.items():
        there = f"{classes} classes" if classes else "none"
        parts.append(f"{layer} has {len(own[f'{layer}.weight'])} classes and random weights (in the file: {there})")
    left = [name for layer in layers for name in tensors_of(layer, own)]
    return f"the classifier is new: {'; '.join(parts)}; {taken} of {total} tensors were taken, not {', '.join(left)}"
