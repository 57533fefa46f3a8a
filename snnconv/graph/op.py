"""One row of the table of operations, and how users add their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from torch import fx

from ..errors import InputError

Role = Literal["data", "shape", "choice", "factor", "fixed"]
Kind = Literal[
    "moves", "joins", "parts", "pads", "blanks", "writes", "chooses", "sums", "terms", "layers", "products", "gates",
    "quotients", "other",
]  # fmt: skip
Analog = Literal["norm", "softmax", "attention", "product", "gate", "function"]
Counts = Literal[
    "convolution", "linear", "product", "biased product", "einsum", "attention", "norm", "relu", "pool",
    "adaptive pool", "nothing",
]  # fmt: skip
V = TypeVar("V")


@dataclass(frozen=True)
class Op:
    """Operations that are alike to every pass, and to all that counts them.

    Attributes:
        kind: "moves": copies values to other places, one tensor in and one out; "joins": several in, or several out;
            "parts": output i is operand i; "pads"; "blanks": made in the shape of the operand; "writes": into parts of
            a tensor; "chooses": element by element, or as an index says; "sums": weighted sums of one tensor with fixed
            weights; "terms": sums of several; "layers"; "products" of matrices; "gates": products element by element;
            "quotients"; "other": affine in no operand.
        names: in ATen, without overloads; of an operator of one's own, the name in its library.
        data, shape, choice, factor, fixed: names of arguments in the schemas, by what they are to the operation:
            data    it carries the quantum: the result is affine in all data operands at once, as a and b of a + b;
            shape   it lends its shape, type or device, and none of its values;
            choice  indices or a mask: the result is affine in the data as long as these are constant in time;
            factor  affine in one of them as long as the others are constant, as x in x·w;
            fixed   anything else that has to be constant: a divisor, statistics, an interpolation weight.
        unless: calls of it that are not affine all the same.
        analog: what it is as an analog operator on running means, where it may not be affine; None: it cannot be one.
        counts: what the counter of dense operations takes of it, a rule of `graph.quantities` by name; "": nothing if
            values are only moved, else not known.
    """

    kind: Kind
    names: str
    data: str = ""
    shape: str = ""
    choice: str = ""
    factor: str = ""
    fixed: str = ""
    unless: Callable[[fx.Node], bool] | None = None
    analog: Analog | None = None
    counts: Counts | Literal[""] = ""

    def __post_init__(self) -> None:
        for name, value, known in (
            ("kind", self.kind, get_args(Kind)),
            ("analog", self.analog, (None, *get_args(Analog))),
            ("counts", self.counts, ("", *get_args(Counts))),
        ):
            if value not in known:
                raise InputError(
                    f"unknown {name} of an operation", expected=", ".join(map(str, known)), got=repr(value)
                )
        if not self.names.split():
            raise InputError("an operation has no name", expected="names as in ATen, such as 'view reshape'")

    @property
    def roles(self) -> dict[str, Role]:
        """{argument: role}."""
        return {argument: role for role in get_args(Role) for argument in getattr(self, role).split()}


OPERATIONS: dict[str, Op] = {}


def register_op(op: Op) -> Op:
    """Add a row for operations that the table lacks, or in place of its own: the last one wins.

    What snnconv knows of an operation, from capture to energy, it has from here. An operator of one's own has to have a
    backward formula (`torch.library.register_autograd`): fan-outs and the sensitivity of the output are gradients.
    """
    OPERATIONS.update(dict.fromkeys(op.names.split(), op))
    return op


def affine_op(name: str) -> Op | None:
    """The row of an operation that is affine in some operand."""
    op = OPERATIONS.get(name)
    return None if op is None or op.kind == "other" else op


def analog_kind(name: str) -> Analog | None:
    """What an operation is as an analog operator, or None."""
    op = OPERATIONS.get(name)
    return None if op is None else op.analog


class Names(Set[str]):
    """The operations of some kinds, those that users add later included, and some names besides."""

    def __init__(self, kinds: Iterable[Kind] = (), more: Iterable[str] = ()) -> None:
        self.kinds, self.more = frozenset(kinds), frozenset(more)

    def __contains__(self, name: object) -> bool:
        op = OPERATIONS.get(name) if isinstance(name, str) else None
        return name in self.more or (op is not None and op.kind in self.kinds)

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys([*(name for name, op in OPERATIONS.items() if op.kind in self.kinds), *self.more])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __or__(self, other: Set[Any]) -> Names:  # type: ignore[override]  # of names alone
        if isinstance(other, Names):
            return Names(self.kinds | other.kinds, self.more | other.more)
        return Names(self.kinds, {*self.more, *other})


def names(*kinds: Kind) -> Names:
    """The operations of some kinds."""
    return Names(kinds)


class ByKind(Mapping[str, V]):
    """{operation: entry}, by name where it has one of its own, else by kind."""

    def __init__(self, own: Mapping[str, V], *by_kind: tuple[Names, V]) -> None:
        self.own, self.by_kind = dict(own), by_kind

    def __getitem__(self, name: str) -> V:
        if name in self.own:
            return self.own[name]
        for known, entry in self.by_kind:
            if name in known:
                return entry
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys([*self.own, *(name for known, _ in self.by_kind for name in known)])

    def __len__(self) -> int:
        return sum(1 for _ in self)
