"""Small helpers on torch.fx graphs that every pass shares."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any, cast

from torch import SymInt, Tensor, fx, nn

from .codegen import graph_module_of, new_graph

Pass = Callable[..., fx.GraphModule]


def graph_pass(rewrite: Pass) -> Pass:
    """Decorator of every pass: drop what became dead, lint and recompile after the rewrite."""

    @functools.wraps(rewrite)
    def run(graph_module: fx.GraphModule, *args: Any, **kwargs: Any) -> fx.GraphModule:
        result = rewrite(graph_module, *args, **kwargs)
        result.graph.eliminate_dead_code(is_impure_node=lambda node: node.op in {"placeholder", "output"})
        delete_unused_modules(result)
        result.graph.lint()
        result.recompile()
        return result

    return run


def delete_unused_modules(graph_module: fx.GraphModule) -> None:
    """Remove leaf modules that no node calls, so that `print` and `state_dict` show the rewritten network only."""
    used = {str(node.target) for node in graph_module.graph.nodes if node.op in {"call_module", "get_attr"}}
    holding = {root for target in used for root in roots_of(target)}
    for name, module in list(graph_module.named_modules()):
        is_leaf = name and not any(True for _ in module.children())
        if is_leaf and name not in holding and used.isdisjoint(roots_of(name)):
            graph_module.delete_submodule(name)


def roots_of(path: str) -> Iterator[str]:
    """The path, and those that it is below."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def is_inside(path: str, root: str) -> bool:
    """Whether a dotted path is `root` or below it."""
    return path == root or path.startswith(root + ".")


def module_calls(graph_module: fx.GraphModule, *kinds: type[nn.Module]) -> Iterator[tuple[fx.Node, nn.Module]]:
    """Every call of a module of one of `kinds`, in execution order."""
    for node in list(graph_module.graph.nodes):
        if node.op == "call_module":
            module = graph_module.get_submodule(str(node.target))
            if isinstance(module, kinds or nn.Module):
                yield node, module


def calls_of(graph_module: fx.GraphModule, target: str) -> list[fx.Node]:
    """The call sites of one module."""
    return [n for n in graph_module.graph.nodes if n.op == "call_module" and n.target == target]


def free_name(graph_module: fx.GraphModule, wanted: str) -> str:
    """`wanted`, or `wanted#2`, `wanted#3`, … : the first path at which nothing lives yet."""
    name, number = wanted, 1
    while is_taken(graph_module, name):
        number += 1
        name = f"{wanted}#{number}"
    return name


def is_taken(root: nn.Module, path: str) -> bool:
    """Whether a module, a parameter or a buffer lives at a dotted path."""
    *parents, leaf = path.split(".")
    for part in parents:
        inner = root._modules.get(part)
        if inner is None:
            return False
        root = inner
    return any(held.get(leaf) is not None for held in (root._modules, root._parameters, root._buffers))


def put_module(root: nn.Module, path: str, module: nn.Module) -> None:
    """Set `module` at a dotted path, making the containers on the way."""
    parent = root
    *parents, leaf = path.split(".")
    for part in parents:
        if part not in parent._modules:
            parent.add_module(part, Container())
        parent = cast(nn.Module, parent._modules[part])
    parent._modules[leaf] = module


def own_module(graph_module: fx.GraphModule, node: fx.Node, module: nn.Module) -> None:
    """Let this call site, and no other, call `module`.

    A module that several sites call, or whose tensors are read elsewhere (tied weights), is left as it is and the new
    one goes beside it under `path#2`.
    """
    target = str(node.target)
    is_read = any(n.op == "get_attr" and is_inside(str(n.target), target) for n in graph_module.graph.nodes)
    if is_read or len(calls_of(graph_module, target)) > 1:
        target = free_name(graph_module, target)
    put_module(graph_module, target, module)
    node.target = target


def insert_module_after(graph_module: fx.GraphModule, node: fx.Node, path: str, module: nn.Module) -> fx.Node:
    """Call `module`, placed at a free name like `path`, on the value of `node`. Users are left to the caller."""
    path = free_name(graph_module, path)
    put_module(graph_module, path, module)
    with graph_module.graph.inserting_after(node):
        call = graph_module.graph.call_module(path, (node,))
    call.meta = dict(node.meta)
    return call


def value_of(node: fx.Node) -> Any:
    """What the node yields, as a fake tensor (symbolic batch size), a symbolic or plain number, or None."""
    return node.meta.get("val")


def hint(size: int | SymInt) -> int:
    """The size in the example that a program was exported from; `int()` of a free size would fix it."""
    known: Any = size.node.hint if isinstance(size, SymInt) else size
    return int(known)


def attribute(root: nn.Module, path: str) -> Tensor:
    """The parameter or buffer at a dotted path."""
    owner, _, name = path.rpartition(".")
    return getattr(root.get_submodule(owner), name)


def as_call(graph_module: fx.GraphModule, leaves: tuple[Any, ...]) -> tuple[Any, ...]:
    """Positional arguments in the network's own structure from flat leaves."""
    args, kwargs = graph_module.graph._codegen.pytree_info.in_spec.unflatten(leaves)  # type: ignore[attr-defined]
    return (*args, *kwargs.values())


def clone(graph_module: fx.GraphModule) -> fx.GraphModule:
    """A deep copy that keeps symbolic sizes, calling convention and printed names (`copy.deepcopy` loses the names)."""
    graph = new_graph(graph_module.graph._codegen)
    copies: dict[fx.Node, fx.Node] = {}
    for node in graph_module.graph.nodes:
        copies[node] = graph.node_copy(node, copies.__getitem__)
    root = nn.Module()
    memo: dict[int, Any] = {}
    kinds = ("_modules", "_parameters", "_buffers", "_non_persistent_buffers_set")
    for name in kinds:
        root.__dict__[name] = copy.deepcopy(graph_module.__dict__[name], memo)
    copied = graph_module_of(root, graph, type(graph_module).__name__)
    for name in kinds:
        copied.__dict__[name].update(root.__dict__[name])
    return copied.train(graph_module.training)


class Container(nn.Module):
    """A module that only holds others; prints under the class name it had in the source network."""

    def __init__(self, class_name: str = "Module") -> None:
        super().__init__()
        self.class_name = class_name

    def _get_name(self) -> str:
        return self.class_name
