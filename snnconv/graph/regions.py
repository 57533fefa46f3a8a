"""Which values of a graph are functions of one other value, element by element."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import fx, nn
from torch.utils import _pytree as pytree

from .activations import Activation
from .composed import FILLED, Composed
from .elementwise import ELEMENTWISE, Elementwise
from .graphs import value_of
from .names import name_of
from .operations import is_affine, is_random
from .stack import modules_around

# Besides those that torch itself calls pointwise.
POINTWISE = {
    *ELEMENTWISE, "to", "_to_copy", "type_as", "detach", "alias", "lift_fresh_copy", "contiguous", "floor_divide",
    "relu6", "where", "masked_fill", "rsub", "special_ndtr", "ldexp",
}  # fmt: skip
WRITTEN = {"index_put"}  # where a mask of the same shape says where, as in x[x < 0] = 0
MODULES = (nn.ReLU, nn.Hardtanh)  # ReLU6 among them


@dataclass
class Regions:
    """Values that are elementwise functions of one other value.

    Attributes:
        parent: of such a value the nearest one through which all of it goes: its immediate dominator.
        fixed: what depends on no input: numbers, parameters and what is computed of them.
    """

    graph_module: fx.GraphModule
    parent: dict[fx.Node, fx.Node] = field(default_factory=dict)
    fixed: set[fx.Node] = field(default_factory=set)
    _places: dict[fx.Node, int] = field(default_factory=dict)
    _bent: dict[fx.Node, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place, node in enumerate(self.graph_module.graph.nodes):
            self._places[node] = place
            if node.op == "get_attr" or (node.op == "call_function" and self.is_fixed(node)):
                self.fixed.add(node)
            elif node.op in ("call_function", "call_module") and (parent := self.parent_of(node)) is not None:
                self.parent[node] = parent

    def is_fixed(self, node: fx.Node) -> bool:
        return not is_random(node) and all(source in self.fixed for source in node.all_input_nodes)

    def parent_of(self, node: fx.Node) -> fx.Node | None:
        """The immediate dominator of an elementwise operation whose inputs are all functions of one value."""
        sources = self.varying(node)
        if not sources or not is_pointwise(self.graph_module, node):
            return None
        common = sources[0]
        for source in sources[1:]:
            met = self.meeting(common, source)
            if met is None:
                return None
            common = met
        return common if same_shape(node, common) else None

    def varying(self, node: fx.Node) -> list[fx.Node]:
        """What it reads but constants, and tensors filled with one number."""
        return [source for source in node.all_input_nodes if source not in self.fixed and not is_filled(source)]

    def is_bent(self, node: fx.Node) -> bool:
        """Whether it is one of these functions, and not affine in what varies."""
        if node not in self._bent:
            varying = self.varying(node)
            is_straight = node.op == "call_function" and is_affine(self.graph_module, node, varying)
            self._bent[node] = node in self.parent and not is_straight
        return self._bent[node]

    def above(self, node: fx.Node, most: int | None = None) -> list[fx.Node]:
        """The node and its dominators, the farthest last; at most so many of them."""
        chain = [node]
        while chain[-1] in self.parent and (most is None or len(chain) < most):
            chain.append(self.parent[chain[-1]])
        return chain

    def meeting(self, one: fx.Node, other: fx.Node) -> fx.Node | None:
        """The nearest value through which both go, or None."""
        own = set(self.above(one))
        return next((node for node in self.above(other) if node in own), None)

    def between(self, source: fx.Node, last: fx.Node) -> list[fx.Node]:
        """The operations from `source` to `last` in order, those on constants among them."""
        found: set[fx.Node] = set()
        stack = [last]
        while stack:
            node = stack.pop()
            if node is not source and node not in found and node.op != "get_attr":
                found.add(node)
                stack += [] if is_filled(node) else node.all_input_nodes
        return sorted(found, key=self._places.__getitem__)


def is_filled(node: fx.Node) -> bool:
    """A tensor of numbers in a size that the batch decides, whatever it is made after."""
    value = value_of(node)
    is_number = isinstance(value, torch.Tensor) and value.is_floating_point()
    return is_number and node.target in FILLED and any(node.all_input_nodes)


def is_pointwise(graph_module: fx.GraphModule, node: fx.Node) -> bool:
    if node.op == "call_module":
        module = graph_module.get_submodule(str(node.target))
        return isinstance(module, MODULES) or (isinstance(module, Elementwise) and not was_site(node))
    target, name = node.target, name_of(node)
    if not isinstance(target, torch._ops.OpOverload) or is_random(node) or node.kwargs.get("out") is not None:
        return False
    if name in WRITTEN:
        return writes_under_mask(node)
    numbers = [leaf for leaf in pytree.arg_tree_leaves(*node.args, **node.kwargs) if isinstance(leaf, torch.SymInt)]
    sizes = [source for source in node.all_input_nodes if not isinstance(value_of(source), torch.Tensor)]
    known = name in POINTWISE or torch.Tag.pointwise in target.tags
    return known and not numbers and not sizes and isinstance(value_of(node), torch.Tensor)


def writes_under_mask(node: fx.Node) -> bool:
    places, value = node.args[1], node.args[2]
    if not isinstance(places, (list, tuple)) or len(places) != 1 or not isinstance(places[0], fx.Node):
        return False
    mask, written = value_of(places[0]), value_of(value) if isinstance(value, fx.Node) else None
    is_mask = isinstance(mask, torch.Tensor) and mask.dtype == torch.bool and same_shape(places[0], node)
    return is_mask and isinstance(written, torch.Tensor) and written.dim() == 0 and len(node.args) < 4


def was_site(node: fx.Node) -> bool:
    """Whether it was a site of the saved canonical network that this graph is read from, not a module of its source."""
    around = modules_around(node)
    return bool(around) and around[-1].is_a(Activation, Elementwise, Composed)


def same_shape(one: fx.Node, other: fx.Node) -> bool:
    first, second = value_of(one), value_of(other)
    both = isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor)
    return both and list(map(str, first.shape)) == list(map(str, second.shape))
