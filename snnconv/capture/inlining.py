"""Regions that torch.export puts into submodules (autocast, gradient modes, checkpoints) become part of the graph.

Which gradients are kept is of no concern here. A region that autocast computes in bfloat16 or half is computed in the
network's own type: spikes are whole numbers, and what autocast saves is a matter of the hardware. It rounds finer, and
a notice says so.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram
from torch.utils import _pytree as pytree

from ..errors import UnsupportedModelError
from ..graph.codegen import graph_module_of, new_graph
from ..graph.names import name_of

# Operations that call a submodule once, and nothing else: the positions of the submodule and of its first argument.
REGIONS = {
    "wrap": (0, 1), "wrap_with_set_grad_enabled": (1, 2), "wrap_with_autocast": (4, 5), "invoke_subgraph": (0, 2),
    "tag_activation_checkpoint": (0, 1), "wrap_activation_checkpoint": (0, 1), "strict_mode": (0, 1),
}  # fmt: skip
LOW = (torch.bfloat16, torch.float16)
FLOWS = {
    "cond": "a branch (torch.cond)", "while_loop": "a loop (torch.while_loop)", "scan": "a loop (scan)",
    "map_impl": "a loop (map)",
}  # fmt: skip


def inline_regions(program: ExportedProgram) -> ExportedProgram:
    """The same program without submodules; the program itself where it has none.

    Raises:
        UnsupportedModelError: a branch or a loop that data decide.
    """
    if not any(calls_submodule(node) for node in program.graph.nodes):
        return program
    graph, notices = new_graph(), list[str]()
    leaves = copy_nodes(program.graph_module, graph, {}, notices)
    graph.output(leaves)
    module = graph_module_of(program.graph_module, graph)
    module.meta.update(program.graph_module.meta)
    signature = copy.deepcopy(program.graph_signature)
    for spec, leaf in zip(signature.output_specs, leaves):
        if isinstance(leaf, fx.Node):
            spec.arg.name = leaf.name  # type: ignore[union-attr]
    flat = program._update(module, signature)
    flat.graph_module.meta["notices"] = list(dict.fromkeys(notices))
    return flat


def calls_submodule(node: fx.Node) -> bool:
    return isinstance(node.target, torch._ops.HigherOrderOperator)


def copy_nodes(
    source: nn.Module, graph: fx.Graph, copies: dict[fx.Node, Any], notices: list[str], exact: bool = True
) -> Any:
    """Copy the nodes of `source`, regions as what is in them, and return what its output names.

    Args:
        copies: of its placeholders, where those are known.
        exact: False in a region of autocast.
    """
    assert isinstance(source, fx.GraphModule)
    for node in source.graph.nodes:
        if node.op == "output":
            return fx.map_arg(node.args[0], copies.__getitem__)
        if node in copies or reads_module(source, node):
            continue
        if calls_submodule(node):
            copies[node] = region(source, node, graph, copies, notices, exact)
        elif isinstance(of := copies.get(node.args[0]) if node.args else None, (tuple, list)):  # type: ignore[arg-type]
            copies[node] = of[node.args[1]]  # type: ignore[index]
        else:
            copies[node] = graph.node_copy(node, copies.__getitem__)
            if not exact and "val" in node.meta:
                copies[node].meta["val"] = pytree.tree_map_only(Tensor, in_full, node.meta["val"])
    raise AssertionError("a graph has an output")


def region(
    source: fx.GraphModule, node: fx.Node, graph: fx.Graph, copies: dict[fx.Node, Any], notices: list[str], exact: bool
) -> Any:
    """What one region puts out, its nodes copied into `graph`."""
    name = name_of(node)
    if name not in REGIONS:
        raise UnsupportedModelError(
            f"the network holds {FLOWS.get(name, name)}, which has no spiking form",
            expected="the same operations for every input",
            remedy="write it without the branch, for example by torch.where, or convert the parts around it",
        )
    place, first = REGIONS[name]
    body = source.get_submodule(str(node.args[place].target))  # type: ignore[union-attr]
    assert isinstance(body, fx.GraphModule)
    inner = [n for n in body.graph.nodes if n.op == "placeholder"]
    read = node.args[first:]
    read = read[0] if len(read) == 1 and isinstance(read[0], (tuple, list)) else read  # strict_mode has them in one
    given = fx.map_arg(read, copies.__getitem__)
    if name == "wrap_with_autocast":
        exact = not node.args[2]
        if not exact:
            kind = str(node.args[1]).removeprefix("torch.")
            notices.append(f"what torch.autocast computes in {kind} is converted in the network's own type, unrounded")
    return copy_nodes(body, graph, dict(zip(inner, given, strict=True)), notices, exact)


def reads_module(source: fx.GraphModule, node: fx.Node) -> bool:
    """Whether the node names a submodule, not a tensor."""
    if node.op != "get_attr":
        return False
    owner, _, name = str(node.target).rpartition(".")
    return isinstance(getattr(source.get_submodule(owner), name), nn.Module)


def in_full(value: Tensor) -> Tensor:
    return value.float() if value.dtype in LOW else value
