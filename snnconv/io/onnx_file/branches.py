"""Operations that hold graphs of their own: an `If` whose condition is constant is its branch; the rest is refused."""

from __future__ import annotations

from ...errors import UnsupportedModelError
from .graph import Attributes, Branch, Graph, Node

# Operation → what can be done about it where the file is made.
REMEDIES = {
    "If": "export the network with the condition fixed, or write torch.where, which computes both sides",
    "Loop": "export the network with a fixed number of rounds, written out",
    "Scan": "export the network with a fixed number of rounds, written out",
    "SequenceMap": "export the network with tensors in place of sequences",
}


def inline_branches(graph: Graph) -> bool:
    """Put the branch that is taken in place of every `If` with a constant condition; whether there was one."""
    nodes: list[Node] = []
    for node in graph.nodes:
        branch = taken(node)
        if branch is None:
            nodes.append(node)
            continue
        nodes += branch.nodes
        for name, inner in zip(node.outputs, branch.outputs):
            nodes.append(Node("Identity", "", [inner], [name], Attributes(), node.opset, graph.constants))
    found = len(nodes) != len(graph.nodes) or any(node is not old for node, old in zip(nodes, graph.nodes))
    graph.nodes[:] = nodes
    return found


def taken(node: Node) -> Branch | None:
    """The branch of an `If` that its constant condition chooses."""
    if node.op != "If" or not node.is_constant(0):
        return None
    branch = node.attributes.get("then_branch" if node.constant(0, "condition").all() else "else_branch")
    return branch if isinstance(branch, Branch) and len(branch.outputs) == len(node.outputs) else None


def refuse_branches(graph: Graph) -> None:
    """Refuse what is left, all of it at once.

    Raises:
        UnsupportedModelError: which operation it is, where, and what decides.
    """
    left = [node for node in graph.nodes if node.op in REMEDIES]
    if not left:
        return
    shown = "; ".join(
        f"{node}" + (f" (decided by {node.inputs[0][:80]!r}, which depends on the input)" if node.op == "If" else "")
        for node in left[:8]
    ) + (" …" if len(left) > 8 else "")
    remedies = dict.fromkeys(REMEDIES[node.op] for node in left)
    raise UnsupportedModelError(
        f"the ONNX file holds operations that branch or loop: {shown}",
        where=graph.where,
        remedy="; ".join(remedies),
    )
