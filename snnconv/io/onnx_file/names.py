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
    paths = _Paths()
    for node in nodes:
        if node.name.startswith("/"):  # PyTorch's: what stands before the operation is a module that holds others
            paths.containers.update(_above(_from_scope(node)))
    weighted = [bool(_float_constants(node)) for node in nodes]
    for turn in (True, False):
        for node in (node for node, has_weights in zip(nodes, weighted) if has_weights is turn):
            node.path = paths.take([name for name in (*_from_weights(node), _from_scope(node), _whole(node)) if name])


class _Paths:
    """The leaves of a module tree under construction."""

    def __init__(self) -> None:
        self.leaves: set[str] = set()
        self.containers: set[str] = set()  # of leaves
        self.numbers: dict[str, int] = {}  # how often a name was wanted again

    def take(self, candidates: list[str]) -> str:
        """The first candidate that is free; else the last beside what is in its way, with a number if need be."""
        path = next((name for name in candidates if self.is_free(name)), None)
        if path is None:
            path = joined = self.beside(candidates[-1])
            while not self.is_free(path):
                self.numbers[joined] = self.numbers.get(joined, 1) + 1
                path = f"{joined}_{self.numbers[joined]}"
        self.leaves.add(path)
        self.containers.update(_above(path))
        return path

    def beside(self, path: str) -> str:
        """`a.dense_Relu` for `a.dense.Relu` where `a.dense` is a leaf."""
        leaf = next((above for above in _above(path) if above in self.leaves), None)
        return path if leaf is None else leaf + path[len(leaf) :].replace(".", "_")

    def is_free(self, path: str) -> bool:
        """Nothing on the way to it is a leaf, and nothing is below it."""
        return path not in self.leaves and path not in self.containers and not self.leaves.intersection(_above(path))


def _above(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


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
