"""The small language that relations between sizes are written in: `2*(d2 // 2) == d2`, `d2 / d3 <= 1.5`.

Texts of it stand in files: none is run, each is parsed and its parts looked up in the tables below.
"""

from __future__ import annotations

import ast
import functools
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

LONGEST = 2_000  # characters
Number = int | float
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
DIVISIONS = (ast.Div, ast.FloorDiv, ast.Mod)
RELATIONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
CALLS: dict[str, Callable[..., Number]] = {
    "max": max,
    "min": min,
    "float": float,
    "trunc": lambda value: whole(math.trunc, value),
    "ceil": lambda value: whole(math.ceil, value),
    "floor": lambda value: whole(math.floor, value),
}
PRINTED = {"torch.sym_": "", "math.": ""}  # torch's own spelling of those


def whole(rounded: Callable[[Number], int], value: Number) -> int:
    if not math.isfinite(value):
        raise OverflowError
    return rounded(value)


def from_torch(text: str) -> str:
    """A relation as torch prints it, in this language if it is one of it."""
    for printed, ours in PRINTED.items():
        text = text.replace(printed, ours)
    return re.sub(r"\d+\.\d+(e-?\d+)?", lambda found: repr(float(found[0])), text)


@functools.cache
def term(text: str) -> ast.expr:
    """The parsed text.

    Raises:
        ValueError: it is not of the language.
    """
    if len(text) > LONGEST:
        raise ValueError("a term on sizes is too long")
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(f"no term on sizes: {text[:80]!r}") from error


def names_in(text: str) -> set[str]:
    """The sizes that a text reads.

    Raises:
        ValueError: it is not of the language.
    """
    names: set[str] = set()
    try:
        _evaluate(term(text), _Any(names))
    except ArithmeticError as error:
        raise ValueError("a term on sizes leaves the range of numbers") from error
    return names


def value_of_term(text: str, sizes: Mapping[str, int]) -> Number | bool:
    """Its value, or whether it holds; what divides by 0 or leaves the range of numbers does not.

    Raises:
        ValueError: it is not of the language. KeyError: it reads a size that is not given.
    """
    try:
        return _evaluate(term(text), sizes)
    except ArithmeticError:
        return False


class _Any(dict[str, int]):
    """Any name is a size of 1, and is noted."""

    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self.names = names

    def __missing__(self, name: str) -> int:
        self.names.add(name)
        return 1


def _evaluate(node: ast.expr, sizes: Mapping[str, int]) -> Any:
    """All parts are evaluated, also where the first ones settle it, so that every text is looked through whole."""
    match node:
        case ast.Constant(value=int() | float() as number) if math.isfinite(number):
            return number
        case ast.Name(id=name) if name not in CALLS:
            return sizes[name]
        case ast.UnaryOp(op=ast.USub(), operand=part):
            return -_evaluate(part, sizes)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return not _evaluate(part, sizes)
        case ast.BinOp(left=left, op=kind, right=right) if type(kind) in ARITHMETIC:
            a, b = _evaluate(left, sizes), _evaluate(right, sizes)
            if b == 0 and isinstance(kind, DIVISIONS):
                if isinstance(sizes, _Any):
                    return 0  # only looked through
                raise ZeroDivisionError
            return ARITHMETIC[type(kind)](a, b)
        case ast.Compare(left=left, ops=[kind], comparators=[right]) if type(kind) in RELATIONS:
            return RELATIONS[type(kind)](_evaluate(left, sizes), _evaluate(right, sizes))
        case ast.BoolOp(op=kind, values=parts):
            values = [bool(_evaluate(part, sizes)) for part in parts]
            return all(values) if isinstance(kind, ast.And) else any(values)
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if name in CALLS and parts:
            return CALLS[name](*[_evaluate(part, sizes) for part in parts])
    raise ValueError(f"no term on sizes: {ast.unparse(node)[:80]!r}")
