"""How an operation of a graph is called, and its arguments by name."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx


def short_name(target: torch._ops.OpOverload) -> str:
    """`relu` for `aten::relu_`."""
    return target._schema.name.split("::")[1].removesuffix("_")


def name_of(node: fx.Node) -> str:
    """`conv2d` for `aten.conv2d.default`, the function's name for others; never an operation's name for what is not a
    function, such as the call of a module that the user named `split`."""
    target = node.target
    if isinstance(target, str):
        return f"{node.op} {target}"
    if isinstance(target, torch._ops.OpOverload):
        return short_name(target)
    return getattr(target, "__name__", str(target))


def argument_of(node: fx.Node, name: str) -> Any:
    """The value of a call's argument by its name in the schema, or None where it is left out."""
    target = node.target
    assert isinstance(target, torch._ops.OpOverload)
    names = [argument.name for argument in target._schema.arguments]
    place = names.index(name) if name in names else len(node.args)
    return node.args[place] if place < len(node.args) else node.kwargs.get(name)
