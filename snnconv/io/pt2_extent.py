"""How large a symbolic expression may be: sympy works some out at once that would take a machine years."""

from __future__ import annotations

import ast
import math

from .pt2_names import Refused, shorten, words

DEEPEST = 100
MOST_NODES = 3000
MOST_CHOICES = 16  # arguments of those whose every pair sympy compares
MOST_PARTS = 1000  # of any other
LARGEST_EXPONENT = 16
LARGEST_NUMBER = 2**63
POWERS = words("Pow PowByNatural FloatPow LShift")
NUMBERS = words("Integer Float Rational")
CHOICES = words("Max Min max min And Or Xor Piecewise Mod ITE")


def check_extent(tree: ast.AST, text: str) -> None:
    """Refuse an expression that is too large, or could become so when it is worked out.

    Raises:
        Refused: which part of it.
    """
    level: list[ast.AST] = [tree]
    nodes = depth = powers = 0
    while level:
        depth, nodes = depth + 1, nodes + len(level)
        if depth > DEEPEST or nodes > MOST_NODES:
            raise Refused(f"the expression {shorten(text)}, which has too many parts")
        for node in level:
            check_numbers(node, text)
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            parts = len(node.args) if isinstance(node, ast.Call) else len(getattr(node, "values", ()))
            if parts > (MOST_CHOICES if name in CHOICES or isinstance(node, ast.BoolOp) else MOST_PARTS):
                raise Refused(f"the expression {shorten(text)}, which chooses among too much")
            exponent = exponent_of(node, name)
            if exponent is not None:
                powers += 1
                check_exponent(exponent, text)
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if powers > LARGEST_EXPONENT:
        raise Refused(f"the expression {shorten(text)}, which holds too many powers")


def exponent_of(node: ast.AST, name: str) -> ast.AST | None:
    if name in POWERS and isinstance(node, ast.Call) and len(node.args) == 2:
        return node.args[1]
    return node.right if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Pow, ast.LShift)) else None


def check_exponent(exponent: ast.AST, text: str) -> None:
    """A small number that stands there: torch writes no other. Raises: Refused."""
    parts = list(ast.walk(exponent))
    plain = (ast.Constant, ast.Call, ast.Name, ast.UnaryOp, ast.USub, ast.Load, ast.BinOp, ast.Div)
    if any(not isinstance(part, plain) or (isinstance(part, ast.Name) and part.id not in NUMBERS) for part in parts):
        raise Refused(f"the power in the expression {shorten(text)}, which is not a number")
    for part in parts:
        value = number_in(part)
        if value is not None and not abs(value) <= LARGEST_EXPONENT:
            raise Refused(f"the power in the expression {shorten(text)}, which is too large")


def check_numbers(node: ast.AST, text: str) -> None:
    value = number_in(node)
    if value is not None and not abs(value) <= LARGEST_NUMBER:
        raise Refused(f"the number in the expression {shorten(text)}, which is too large")


def number_in(node: ast.AST) -> float | None:
    """The value of a literal, whether written as a number or as the text of a Float."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, (bool, bytes, complex, type(None))):
        return None
    if isinstance(node.value, (int, float)):
        return node.value
    try:
        value = float(str(node.value))
    except ValueError:
        return None  # the name of a symbol
    return 0.0 if math.isnan(value) or str(node.value) == "inf" else value
