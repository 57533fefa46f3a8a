"""In-place operations become out-of-place; writes through a view of a live tensor are functionalised first."""

from __future__ import annotations

import warnings

import torch
from torch import fx
from torch.export import ExportedProgram


def is_view(target: object) -> bool:
    """Whether the op may return a tensor that shares memory with its first argument (reshape does when it can)."""
    if not isinstance(target, torch._ops.OpOverload):
        return False
    aliasing = any(r.alias_info is not None and not r.alias_info.is_write for r in target._schema.returns)
    return aliasing or target.name().split(".")[0] in {"aten::reshape", "aten::contiguous", "aten::flatten", "aten::to"}


def is_mutation(target: object) -> bool:
    return isinstance(target, torch._ops.OpOverload) and target._schema.is_mutable


def writes_through_views(graph: fx.Graph) -> bool:
    """Whether some tensor is written in place while another view of its memory is read later.

    Such a program is right only as long as the write really happens in place, so raising `relu_` to a module that
    returns a new tensor would be silently wrong.
    """
    order = {node: index for index, node in enumerate(graph.nodes)}
    memory: dict[fx.Node, fx.Node] = {}  # node → the node that allocated what it looks at
    for node in graph.nodes:
        source = node.args[0] if node.args and isinstance(node.args[0], fx.Node) else None
        shares = source is not None and (is_view(node.target) or is_mutation(node.target))
        memory[node] = memory[source] if shares and source is not None else node
    for node in graph.nodes:
        if not is_mutation(node.target) or not isinstance(node.args[0], fx.Node):
            continue
        aliases = [other for other in memory if memory[other] is memory[node] and order[other] < order[node]]
        if any(order[user] > order[node] for alias in aliases for user in alias.users):
            return True
    return False


def functionalise(program: ExportedProgram) -> ExportedProgram:
    """A program in which no value changes after it was made.

    `run_decompositions({})` does it for every case, but turns BatchNorm into an op without `num_batches_tracked`;
    so it runs only where a write goes through a view.
    """
    if not writes_through_views(program.graph):
        return program
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*LeafSpec.*", FutureWarning)  # torch 2.11 warns about its own code
        functional = program.run_decompositions({})
    spell_out_copies(functional.graph)
    return functional


def spell_out_copies(graph: fx.Graph) -> None:
    """`copy(a, b)` becomes b in the type and shape of a: torch has no gradient for it."""
    aten = torch.ops.aten
    for node in graph.find_nodes(op="call_function", target=aten.copy.default):
        whole, part = node.args[:2]
        with graph.inserting_before(node):
            cast = graph.call_function(aten.type_as.default, (part, whole))
            moved = graph.call_function(aten.expand_as.default, (cast, whole))
        for made, shaped in ((cast, part), (moved, whole)):
            made.meta = {**node.meta, "val": node.meta["val"].new_empty(shaped.meta["val"].shape)}
        node.replace_all_uses_with(moved)
        graph.erase_node(node)


def out_of_place(target: object) -> object:
    """`add_.Tensor` → `add.Tensor`; any other target as it is."""
    if not is_mutation(target):
        return target
    assert isinstance(target, torch._ops.OpOverload)
    namespace, name = target._schema.name.split("::")
    packet = getattr(getattr(torch.ops, namespace), name.removesuffix("_"), None)
    return getattr(packet, target._overloadname, target)
