"""One ATen operation with its arguments bound by name, and the table of what it can become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

from ..stack import modules_around, path_around


@dataclass(frozen=True)
class Call:
    """An operation of the program.

    Attributes:
        values: argument name → value, as the schema names them.
        tensors: argument name → full name of the parameter or buffer passed there.
    """

    node: fx.Node
    target: torch._ops.OpOverload
    values: dict[str, Any]
    tensors: dict[str, str]

    @property
    def input(self) -> str:
        """Name of the argument that carries the activation."""
        return "input" if "input" in self.values else "self"

    @property
    def owner(self) -> str | None:
        """Path of the module whose forward this is: by its parameters, else by the recorded module stack."""
        if self.tensors:
            return next(iter(self.tensors.values())).rpartition(".")[0] or None
        return path_around(self.node) or None

    def traced_in(self, *kinds: type[nn.Module]) -> bool:
        """Whether the operation is the forward of a module of one of `kinds` (by class name: a file has no classes)."""
        around = modules_around(self.node)
        return bool(around) and around[-1].is_a(*kinds)

    def fixed(self, *names: str) -> bool:
        """Whether the named arguments are plain values, not computed in the graph."""
        return not any(isinstance(leaf, fx.Node) for name in names for leaf in as_list(self.values.get(name)))

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.values[name].meta["val"].shape)


Raiser = Callable[[Call], nn.Module | None]
RAISERS: dict[object, Raiser] = {}


def raises(*targets: torch._ops.OpOverload) -> Callable[[Raiser], Raiser]:
    """Decorator: the function says which module an operation of `targets` was (None: it stays a function)."""

    def register(raiser: Raiser) -> Raiser:
        RAISERS.update(dict.fromkeys(targets, raiser))
        return raiser

    return register


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def as_tuple(value: Any, length: int) -> tuple[Any, ...]:
    """ATen writes one number for a setting that is the same in every dimension."""
    values = as_list(value)
    return tuple(values if len(values) == length else values * length)


def bind(node: fx.Node, target: object, names: Mapping[str, str]) -> Call | None:
    """The node's arguments by their schema names, defaults filled in."""
    if not isinstance(target, torch._ops.OpOverload):
        return None
    values: dict[str, Any] = {}
    for position, argument in enumerate(target._schema.arguments):
        if position < len(node.args):
            values[argument.name] = node.args[position]
        elif argument.name in node.kwargs:
            values[argument.name] = node.kwargs[argument.name]
        else:
            values[argument.name] = argument.default_value if argument.has_default_value() else None
    named = {
        name: names[value.name] for name, value in values.items() if isinstance(value, fx.Node) and value.name in names
    }
    return Call(node=node, target=target, values=values, tensors=named)
