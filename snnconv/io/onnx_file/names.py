"""Where each operation's module stands: the name it had in Python or TensorFlow, as far as the file tells it."""

from __future__ import annotations

import re

from torch import nn

from .graph import Node

_WEIGHT = re.compile(r"(.+)\.(?:weight|bias|running_mean)")  # as torch.nn names them


def name_modules(nodes: list[Node]) -> None:
    """Set `path` of every node: each its own, none inside another's.

    Operations with weights choose first: their names are keys of the state_dict.
    """
    taken: set[str] = set()
    weighted = [node for node in nodes if any(_float_constants(node))]
    for node in (*weighted, *(node for node in nodes if node not in weighted)):
        candidates = [name for name in (*_from_weights(node), _from_scope(node), _whole(node)) if name]
        node.path = next((name for name in candidates if _is_free(name, taken)), None) or _numbered(
            candidates[-1], taken
        )
        taken.add(node.path)


def _float_constants(node: Node) -> list[str]:
    return [name for name in node.inputs if name in node.constants and node.constants[name].dtype.kind == "f"]


def _from_weights(node: Node) -> list[str]:
    """`layer1.0.conv1` from an initializer `layer1.0.conv1.weight`."""
    matches = (_WEIGHT.fullmatch(name) for name in _float_constants(node))
    return [clean(match[1]) for match in matches if match]


def _from_scope(node: Node) -> str:
    """`layer1.0.conv1` from a node `/layer1/layer1.0/conv1/Conv`; `sequential.conv2d` from `sequential/conv2d/BiasAdd`.

    The last part is the operation, unless it is the only one. PyTorch's exporter writes the child 0 of a list `layer1`
    as `layer1.0`, below `layer1`.
    """
    parts = [part for part in node.name.split("/") if part]
    is_operation = len(parts) > 1 and (re.sub(r"_\d+$", "", parts[-1]) == node.op or bool(_float_constants(node)))
    kept: list[str] = []
    for part in parts[:-1] if is_operation else parts:
        if kept and part.startswith(kept[-1] + "."):
            kept.pop()
        kept.append(part)
    return clean(".".join(kept))


def _whole(node: Node) -> str:
    """All of the node's name, or its operation where it has none."""
    return clean(node.name.strip("/").replace("/", ".")) or node.op.lower()


def clean(name: str) -> str:
    """Parts that a module tree takes: letters, digits and _, and none that torch.nn.Module has a use for."""
    parts = [re.sub(r"\W", "_", part.partition(":")[0], flags=re.ASCII)[:100] for part in name.split(".")]
    return ".".join(part + "_" if hasattr(nn.Module, part) or part == "training" else part for part in parts if part)


def _is_free(name: str, taken: set[str]) -> bool:
    """Whether a leaf can stand there: nothing on the way to it is a leaf, and nothing is below it."""
    parts = name.split(".")
    above = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return not above & taken and not any(other.startswith(name + ".") for other in taken)


def _numbered(name: str, taken: set[str]) -> str:
    """`dense_Relu` where `dense` is a leaf; then `dense_Relu_2`, …"""
    parent, _, last = name.rpartition(".")
    joined = f"{parent}_{last}" if parent else name
    number = 1
    while not _is_free(found := joined if number == 1 else f"{joined}_{number}", taken):
        number += 1
    return found
