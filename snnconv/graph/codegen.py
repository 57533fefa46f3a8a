"""The one place where graphs get their code: what torch.fx writes and runs is refused unless it is plain.

torch.fx pastes names of nodes, attributes, parameters and keywords into source text, most of them as they are.
"""

from __future__ import annotations

import enum
import keyword
import re
from collections.abc import Iterable
from typing import Any

import torch
from torch import fx, nn
from torch.fx.graph import CodeGen, PythonCode, _PyTreeCodeGen, _PyTreeInfo
from torch.fx.immutable_collections import immutable_dict, immutable_list
from torch.utils import _pytree as pytree

from ..errors import InputError

PATH = re.compile(r"[A-Za-z0-9_#]+(\.[A-Za-z0-9_#]+)*")
PATHS = {"get_attr", "call_module", "call_method"}
# Values that are written into code as what they are; of any other, `repr` could be any text.
VALUES = {
    type(None), bool, int, float, complex, str, type(...), torch.dtype, torch.device, torch.layout, torch.memory_format,
}  # fmt: skip
CONTAINERS = {tuple, list, torch.Size, immutable_list}
MAPPINGS = {dict, immutable_dict}
OPERATORS = (torch._ops.OpOverload, torch._ops.HigherOrderOperator, enum.Enum)


class _Plain(CodeGen):
    """Refuses names that are not plain, whoever asks for the code."""

    def _gen_python_code(self, nodes: Iterable[fx.Node], *args: Any, **kwargs: Any) -> PythonCode:
        for node in nodes:
            require_plain(node)
        return super()._gen_python_code(nodes, *args, **kwargs)  # type: ignore[arg-type]


class PlainCodeGen(_Plain):
    """For graphs whose inputs are tensors, one after the other."""


class TreeCodeGen(_Plain, _PyTreeCodeGen):
    """For graphs that are called as a network of their own."""

    def __init__(self, pytree_info: _PyTreeInfo) -> None:
        super().__init__(pytree_info)
        keywords = [key for child in children_of(pytree_info.in_spec) if child.type is dict for key in child.context]
        for name in (*pytree_info.orig_args, *keywords):
            require_identifier(name)


def new_graph(codegen: CodeGen | None = None) -> fx.Graph:
    graph = fx.Graph()
    graph._graph_namespace.create_name("self", None)  # a value that is called so would hide the module
    graph.set_codegen(codegen or PlainCodeGen())
    return graph


def graph_module_of(root: nn.Module, graph: fx.Graph, class_name: str = "GraphModule") -> fx.GraphModule:
    """A module that runs `graph` on the modules and tensors of `root` that it names.

    Raises:
        InputError: a name in the graph could be code.
    """
    if not isinstance(graph._codegen, _Plain):
        raise InputError("a graph whose code nobody checks", expected="one of `new_graph`")
    require_identifier(class_name)
    return fx.GraphModule(root, graph, class_name=class_name)


def children_of(spec: pytree.TreeSpec) -> list[pytree.TreeSpec]:
    """Before torch 2.11 there was no method for them; since then the attribute warns."""
    return spec.children() if hasattr(spec, "children") else spec.children_specs


def require_plain(node: fx.Node) -> None:
    """What a node writes into code.

    Raises:
        InputError: a text among it that could be code.
    """
    if node.op in PATHS and not is_path(node.target):
        raise not_plain(str(node.target))
    if node.op == "placeholder":
        require_identifier(str(node.target))
    for name in node.kwargs:
        require_identifier(name)
    require_values((node.args, node.kwargs))


def is_path(target: object) -> bool:
    """`self.None` is not code."""
    if not isinstance(target, str) or not PATH.fullmatch(target):
        return False
    return not any(map(keyword.iskeyword, target.split(".")))


def require_values(value: object) -> None:
    kind = type(value)
    if isinstance(value, (fx.Node, *OPERATORS)) or kind in VALUES:
        return
    if kind in CONTAINERS:
        children = list(value)  # type: ignore[call-overload]
    elif kind in MAPPINGS:
        children = [*value, *value.values()]  # type: ignore[misc, attr-defined]
    elif kind is slice or kind is range:
        children = [value.start, value.stop, value.step]  # type: ignore[attr-defined]
    else:
        raise not_plain(f"a value of type {kind.__name__}")
    for child in children:
        require_values(child)


def require_identifier(name: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise not_plain(name)


def not_plain(text: str) -> InputError:
    return InputError(
        "a name in the network could be code",
        expected="letters, digits and _",
        got=repr(text)[:200],
        remedy="rename what is called so in the source of the network, and save it again",
    )
