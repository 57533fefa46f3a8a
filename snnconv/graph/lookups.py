"""Where a network looks rows of a table up by whole numbers, and what its arithmetic on them lets its inputs hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx

from .graphs import attribute, value_of
from .names import name_of
from .op import names
from .operands import operands
from .time_varying import captured_size

LOOKUPS = {"embedding", "embedding_bag", "_embedding_bag", "_embedding_bag_forward_only"}  # (table, numbers, …)
KEEPING = names("moves", "joins") | {"getitem"}  # hand on the numbers as they are
CHOOSING = {"where", "masked_fill", "maximum", "minimum"}  # hand on some of them
BATCH = 2


class Range(NamedTuple):
    """The whole numbers from `low` to `high`, both among them."""

    low: int
    high: int

    def meet(self, other: Range) -> Range:
        return Range(max(self.low, other.low), min(self.high, other.high))


ANY = Range(-(2**62), 2**62)


class Lookup(NamedTuple):
    """Numbers that rows of a table are looked up by: `least` to rows − 1."""

    numbers: fx.Node
    rows: int
    least: int = 0


def is_real(node: fx.Node) -> bool:
    value = value_of(node)
    return isinstance(value, Tensor) and (value.is_floating_point() or value.is_complex())


def inputs_in(graph: fx.Graph) -> list[fx.Node]:
    """The inputs that are tensors, in order."""
    return [node for node in graph.nodes if node.op == "placeholder" and isinstance(value_of(node), Tensor)]


def lookups_in(graph: fx.Graph) -> list[Lookup]:
    """Those by numbers that come of whole inputs alone, which can be looked at before anything else runs."""
    made = {node for node in inputs_in(graph) if not is_real(node)}
    fixed: set[fx.Node] = set()  # depend on sizes and parameters alone
    if not made:
        return []
    for node in graph.nodes:
        read = {source for source in node.all_input_nodes if isinstance(value_of(source), Tensor)}
        if node.op == "get_attr" or (node.op == "call_function" and read <= fixed):
            fixed.add(node)
        elif node.op == "call_function" and not is_real(node) and read <= made | fixed:
            made.add(node)
    return [lookup for node in graph.nodes for lookup in looked_up(node) if lookup.numbers in made]


def looked_up(node: fx.Node) -> list[Lookup]:
    """What a call looks up; nothing where it does something else."""
    if node.op != "call_function":
        return []
    name, args = name_of(node), node.args
    if name in LOOKUPS and isinstance(args[1], fx.Node):
        return [Lookup(args[1], int(value_of(args[0]).shape[0]))]  # type: ignore[arg-type,union-attr]
    if name == "index":
        sizes = value_of(args[0]).shape  # type: ignore[arg-type,union-attr]
        places = [(at, size) for at, size in zip(args[1], sizes) if isinstance(at, fx.Node)]  # type: ignore[arg-type]
        whole = [(at, size) for at, size in places if value_of(at).dtype != torch.bool]  # type: ignore[union-attr]
        return [Lookup(at, size, -size) for at, size in whole if isinstance(size, int)]  # counts from the end, too
    if name == "one_hot" and len(args) > 1 and int(args[1]) > 0 and isinstance(args[0], fx.Node):  # type: ignore[arg-type]
        return [Lookup(args[0], int(args[1]))]  # type: ignore[arg-type]
    return []


def computed(node: fx.Node, known: Mapping[fx.Node, Tensor]) -> Any:
    """The value of a node from those of the inputs."""
    found: dict[fx.Node, Any] = dict(known)

    def value(at: fx.Node) -> Any:
        if at not in found:
            if at.op == "get_attr":
                assert at.graph.owning_module is not None
                device = next((leaf.device for leaf in known.values()), None)
                found[at] = attribute(at.graph.owning_module, str(at.target)).to(device)
            elif at.op == "call_function" and callable(at.target):
                args, kwargs = fx.map_arg((at.args, at.kwargs), value)  # type: ignore[misc]
                found[at] = at.target(*args, **kwargs)
            else:
                raise LookupError(at)
        return found[at]

    with torch.no_grad():
        return value(node)


def blanks(graph: fx.Graph) -> dict[fx.Node, Tensor]:
    """{input: zeros of the example's sizes}."""
    values = {node: value_of(node) for node in inputs_in(graph)}
    return {
        node: torch.zeros(BATCH, *map(captured_size, value.shape[1:]), dtype=value.dtype)
        for node, value in values.items()
    }


def allowed(node: fx.Node, known: Mapping[fx.Node, Tensor]) -> Range | None:
    """The numbers that what is made of these can be looked up by; None where nothing is looked up.

    Args:
        known: what the inputs hold meanwhile, for those that are added to each other.
    """
    found: Range | None = None
    for user in node.users:
        passed = [Range(0, lookup.rows - 1) for lookup in looked_up(user) if lookup.numbers is node]
        if not passed and user.op == "call_function" and not is_real(user):
            after = allowed(user, known) if hands_on(user, node) else None
            passed = [] if after is None else [undone(user, node, after, known)]
        for one in passed:
            found = one if found is None else found.meet(one)
    return found


def hands_on(user: fx.Node, numbers: fx.Node) -> bool:
    """Whether the call hands the numbers on, as they are or after arithmetic."""
    name = name_of(user)
    if name in KEEPING:
        return any(o.role == "data" for o in operands(user) if o.node is numbers)
    return name in UNDOING or (name in CHOOSING and numbers in user.args and not is_condition(user, numbers))


def is_condition(user: fx.Node, numbers: fx.Node) -> bool:
    return name_of(user) == "where" and user.args[0] is numbers


def undone(user: fx.Node, numbers: fx.Node, after: Range, known: Mapping[fx.Node, Tensor]) -> Range:
    """The numbers that a call makes some of the range `after` of."""
    rule = UNDOING.get(name_of(user))
    if rule is None:
        return after
    others = [argument for argument in user.args if argument is not numbers]
    try:
        bounds = [bounds_of_constant(other, known) for other in others]
    except (LookupError, RuntimeError, TypeError, ValueError):
        return after  # unknown: what is drawn is tried
    return rule(after, bounds, user.args[0] is numbers)


def bounds_of_constant(value: Any, known: Mapping[fx.Node, Tensor]) -> Range | None:
    value = computed(value, known) if isinstance(value, fx.Node) else value
    if isinstance(value, Tensor):
        return Range(*(int(end) for end in value.aminmax()))
    return None if value is None else Range(math.ceil(value), math.floor(value))


Bounds = Sequence[Range | None]
Rule = Callable[[Range, Bounds, bool], Range]


def minus(after: Range, others: Bounds, is_first: bool) -> Range:
    (other,) = others[:1]
    assert other is not None
    if is_first:
        return Range(after.low + other.high, after.high + other.low)
    return Range(other.high - after.high, other.low - after.low)


def plus(after: Range, others: Bounds, is_first: bool) -> Range:
    (other,) = others[:1]
    assert other is not None
    return Range(after.low - other.low, after.high - other.high)


def times(after: Range, others: Bounds, is_first: bool) -> Range:
    (other,) = others[:1]
    if other is None or other.low < 1:
        return after
    low, high = after
    least = -(-low // (other.low if low > 0 else other.high))
    return Range(least, high // (other.high if high >= 0 else other.low))


def over(after: Range, others: Bounds, is_first: bool) -> Range:
    (other,) = others[:1]
    if not is_first or other is None or other.low < 1:
        return after
    return Range(after.low * other.low, (after.high + 1) * other.low - 1)


def within(after: Range, others: Bounds, is_first: bool) -> Range:
    """Numbers that are kept within a range as they are: drawn from it, though all others do."""
    low, high = [*others, None, None][:2]
    return after.meet(Range(ANY.low if low is None else low.high, ANY.high if high is None else high.low))


def modulo(after: Range, others: Bounds, is_first: bool) -> Range:
    (other,) = others[:1]
    return after.meet(Range(0, other.low - 1)) if is_first and other is not None and other.low > 0 else after


def mirrored(after: Range, others: Bounds, is_first: bool) -> Range:
    return Range(-after.high, -after.low)


UNDOING: dict[str, Rule] = {
    "add": plus, "sub": minus, "rsub": lambda after, others, is_first: minus(after, others, not is_first),
    "mul": times, "neg": mirrored, "floor_divide": over, "div": over, "remainder": modulo, "fmod": modulo,
    "clamp": within, "abs": lambda after, others, is_first: after,
}  # fmt: skip
