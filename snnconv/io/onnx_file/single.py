"""Files made for one sample: a batch dimension is put in front, operation by operation.

Every value of such a file is *bare* (the file has S, the network [B, *S]), or *led* by a dimension of one that the file
puts there itself (the file has [1, *S], the network [B, *S]), as a convolution wants it. What is not in the tables here
has no rule, and the file is refused; what has one is compared with onnxruntime sample by sample like any other file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...errors import UnsupportedModelError
from .graph import Attributes, Graph, Node
from .ops.activation import MODULES
from .ops.arithmetic import BINARY, UNARY
from .ops.reduce import REDUCTIONS

Shape = tuple[int, ...]
ELEMENTWISE = {*MODULES, *UNARY, *BINARY, "Clip", "Selu", "HardSigmoid", "PRelu", "Dropout", "Identity", "Cast", "Mod",
               "Mean", "Where"}  # fmt: skip
# Operations that the standard gives a batch dimension in front.
BATCHED = {"Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Resize",
           "Upsample", "BatchNormalization", "InstanceNormalization", "GroupNormalization", "DepthToSpace",
           "SpaceToDepth"}  # fmt: skip


class Rewriter:
    """The state of the rewriting: which values are bare, and their shapes in the file."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.bare: dict[str, bool] = {entry.name: True for entry in graph.inputs}
        self.nodes: list[Node] = []

    def shape(self, name: str) -> Shape:
        """In the file.

        Raises:
            UnsupportedModelError: it is not known.
        """
        found = self.graph.shapes.get(name)
        if found is None or any(size is None for size in found):
            raise self.refusal(f"the shape of {name[:80]!r} is not known")
        return tuple(size for size in found if size is not None)

    def constant(self, like: str, array: np.ndarray) -> str:
        """A further constant; its name."""
        name = f"{like} for a batch"
        while name in self.graph.constants:
            name += "'"
        self.graph.constants[name] = array
        return name

    def refusal(self, reason: str) -> UnsupportedModelError:
        shown = " and ".join(f"{entry.name[:80]} {list(entry.shape)}" for entry in self.graph.inputs)
        return UnsupportedModelError(
            f"the ONNX file has no batch dimension: {shown} is one sample, and one cannot be put in front: {reason}",
            where=self.graph.where,
            remedy="export the network with a batch dimension in front of its inputs (x·W in place of W·x)",
        )

    def run(self) -> None:
        for node in self.graph.nodes:
            signals = [name for name in node.inputs if name in self.bare]
            bare = {self.bare[name] for name in signals}
            if len(bare) != 1:
                raise self.refusal(f"{node} joins values with and without a dimension in front")
            rule = RULES.get(node.op) if bare == {True} or node.op in EITHER else None
            if rule is None and (bare == {True} or node.op not in BATCHED | ELEMENTWISE | set(RULES) - EITHER):
                raise self.refusal(f"{node} has no rule for it")
            stays_bare = rule(self, node, signals) if rule else self.led(node)
            self.nodes.append(node)
            self.bare.update({name: stays_bare for name in node.outputs if name})
        if self.graph.fixed_batch == 1 and all(self.bare.values()):
            raise self.refusal("its first dimension, of one, may be the batch")
        self.graph.nodes[:] = self.nodes
        for name, is_bare in self.bare.items():
            found = self.graph.shapes.get(name)
            if found is not None:
                self.graph.shapes[name] = (None, *(found if is_bare else found[1:]))
        self.graph.inputs[:] = [replace(entry, shape=(None, *entry.shape), single=True) for entry in self.graph.inputs]

    def led(self, node: Node) -> bool:
        """An operation on values with a dimension in front, which the network makes the batch: nothing changes."""
        axes = axes_of(node) if RULES.get(node.op) is shifted else []
        rank = len(self.shape(node.inputs[0])) if axes else 0
        if node.op in ("MatMul", "Gemm") and (node.is_constant(0) or len(self.shape(node.inputs[0])) < 2):
            raise self.refusal(f"{node} multiplies the dimension in front")
        if node.op == "Transpose" and (node.attributes.get("perm") or [1])[0] != 0:
            raise self.refusal(f"{node} moves the dimension in front")
        if node.op != "Transpose" and any(axis in (0, -rank) for axis in axes):
            raise self.refusal(f"{node} acts on the dimension in front")
        return False


def axes_of(node: Node) -> list[int]:
    if "axis" in node.attributes:
        return [int(node.attributes["axis"])]
    place = 3 if node.op == "Slice" else 1
    return node.integers(place, "axes") or []


def add_batch(graph: Graph) -> None:
    """Put a batch dimension in front of every input, and let it through.

    Raises:
        UnsupportedModelError: some operation has no rule for it.
    """
    Rewriter(graph).run()


def elementwise(state: Rewriter, node: Node, signals: list[str]) -> bool:
    """Signals of one rank; constants of no higher one, or they would stand beside the batch."""
    ranks = {len(state.shape(name)) for name in signals}
    constants = [node.constants[name].ndim for name in node.inputs if name in node.constants]
    if len(ranks) != 1 or max([0, *constants]) > min(ranks):
        raise state.refusal(f"{node} stretches a value to more dimensions")
    return True


def matmul(state: Rewriter, node: Node, signals: list[str]) -> bool:
    """W·x becomes x·Wᵀ; products of matrices are those of every sample."""
    ranks = [len(state.shape(name)) for name in signals]
    if node.is_constant(0) and ranks == [1]:
        weight = node.constants[node.inputs[0]]
        if weight.ndim != 2:
            raise state.refusal(f"{node} has a weight of shape {weight.shape}")
        node.inputs[:] = [node.inputs[1], state.constant(node.inputs[0], weight.T)]
    elif len(set(ranks)) != 1 or (len(signals) == 2 and ranks[0] < 2):
        raise state.refusal(f"{node} multiplies vectors with each other")
    return True


def gemm(state: Rewriter, node: Node, signals: list[str]) -> bool:
    """α W·X + β C with W in front is a product and a sum; X·W is a dense layer as it stands."""
    if signals != [node.inputs[0]]:
        if not node.is_constant(0) or signals != [node.inputs[1]] or node.attributes.get("transB", 0):
            raise state.refusal(f"{node} multiplies signals with each other")
        weight, given = node.constants[node.inputs[0]], node.attributes
        weight = (weight.T if given.get("transA", 0) else weight) * np.asarray(given.get("alpha", 1.0), weight.dtype)
        product = f"{node.outputs[0]} without its third matrix" if node.has(2) else node.outputs[0]
        inputs = [state.constant(node.inputs[0], weight), node.inputs[1]]
        made = Node("MatMul", node.name, inputs, [product], Attributes(), node.opset, node.constants)
        if not node.has(2):
            node.op, node.inputs, node.attributes = made.op, made.inputs, made.attributes
            return True
        third = node.constant(2, "third matrix")
        state.nodes.append(made)
        bias = state.constant(node.inputs[2], third * np.asarray(given.get("beta", 1.0), third.dtype))
        node.op, node.inputs, node.attributes = "Add", [product, bias], Attributes()
    return True


def shifted(state: Rewriter, node: Node, signals: list[str]) -> bool:
    """Axes counted from the front stand one further back."""
    attribute = "axes" if "axes" in node.attributes else "axis"
    default = {"Softmax": -1 if node.opset >= 13 else 1, "LogSoftmax": -1 if node.opset >= 13 else 1,
               "LayerNormalization": -1, "Concat": 0, "Split": 0, "Gather": 0, "ArgMax": 0, "ArgMin": 0}  # fmt: skip
    if node.op in default:
        axis = int(node.attributes.get("axis", default[node.op]))
        node.attributes["axis"] = axis + (axis >= 0)
        if node.op == "Gather" and (node.inputs[0] not in signals or not node.is_constant(1)):
            raise state.refusal(f"{node} looks up what the input says")
        return True
    rank = len(state.shape(signals[0]))
    place = 3 if node.op == "Slice" else 1
    axes = node.integers(place, attribute)
    if axes is None:  # all of the sample's own
        count = len(node.integers(1, "starts") or []) if node.op == "Slice" else rank
        axes = list(range(count))
    moved = [axis + (axis >= 0) for axis in axes]
    if attribute in node.attributes or (node.op == "Slice" and node.opset < 10) or not takes_axes(node):
        node.attributes["axes"] = moved
    else:
        node.inputs += [""] * (place + 1 - len(node.inputs))
        node.inputs[place] = state.constant("axes", np.array(moved))
    return True


def takes_axes(node: Node) -> bool:
    """Whether this operator set has the axes as an input."""
    return node.op == "Slice" or node.opset >= (13 if node.op == "ReduceSum" else 18)


def transpose(state: Rewriter, node: Node, signals: list[str]) -> bool:
    rank = len(state.shape(signals[0]))
    order = node.attributes.get("perm") or list(reversed(range(rank)))
    node.attributes["perm"] = [0, *(axis + 1 for axis in order)]
    return True


def pad(state: Rewriter, node: Node, signals: list[str]) -> bool:
    if node.has(3):
        raise state.refusal(f"{node} pads chosen axes")
    amounts = node.integers(1, "pads") or []
    half = len(amounts) // 2
    full = [0, *amounts[:half], 0, *amounts[half:]]
    if "pads" in node.attributes:
        node.attributes["pads"] = full
    else:
        node.inputs[1] = state.constant(node.inputs[1], np.array(full))
    return True


def reshaped(state: Rewriter, node: Node, signals: list[str]) -> bool:
    """Squeeze, Unsqueeze, Flatten, Reshape: to the shape that the file has then; a one in front leads."""
    if signals != node.inputs[:1]:
        raise state.refusal(f"{node} takes a shape that is computed")
    target = state.shape(node.outputs[0])
    bare = len(target) < 2 or target[0] != 1
    sizes = [0, *(target if bare else target[1:])]
    node.op, node.attributes = "Reshape", Attributes()
    node.inputs[:] = [node.inputs[0], state.constant(node.outputs[0], np.array(sizes))]
    return bare


Rule = Callable[[Rewriter, Node, list[str]], bool]  # changes the node; whether its outputs are bare
RULES: dict[str, Rule] = {
    **dict.fromkeys(ELEMENTWISE, elementwise),
    **dict.fromkeys((*REDUCTIONS, "Softmax", "LogSoftmax", "LayerNormalization", "Concat", "Split", "Gather", "Slice",
                     "ArgMax", "ArgMin"), shifted),
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), reshaped),
    "MatMul": matmul, "Gemm": gemm, "Transpose": transpose, "Pad": pad,
}  # fmt: skip
EITHER = {"Reshape", "Flatten", "Squeeze", "Unsqueeze"}  # whose rule is the same behind a dimension in front
