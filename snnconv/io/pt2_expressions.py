"""Symbolic sizes and guards of a `.pt2`: torch evaluates both as Python, so only their own small language may pass."""

from __future__ import annotations

import ast
import re

from .pt2_extent import check_extent
from .pt2_names import Refused, check_quotable, check_symbol, shorten, words

_LONGEST = 20_000

# What sympy's srepr and torch's printers write: constructors and arithmetic, none of which evaluates a string.
_FUNCTIONS = words("""
    Symbol Integer Float Rational Add Mul Pow Max Min Mod Abs And Or Not Xor ITE Piecewise ExprCondPair Tuple
    Eq Ne Lt Le Gt Ge Equality Unequality LessThan StrictLessThan GreaterThan StrictGreaterThan ceiling floor
    FloorDiv ModularIndexing Where PythonMod CleanDiv CeilToInt FloorToInt CeilDiv LShift RShift PowByNatural FloatPow
    FloatTrueDiv IntTrueDiv IsNonOverlappingAndDenseIndicator TruncToFloat TruncToInt RoundToInt RoundDecimal ToFloat
    Identity OpaqueUnaryFn_sqrt OpaqueUnaryFn_exp OpaqueUnaryFn_log OpaqueUnaryFn_log2 max min abs
""")
_CONSTANTS = words("true false oo zoo nan int_oo inf")
_DOTTED = words("""
    math.trunc math.floor math.ceil math.sqrt math.inf
    torch.sym_float torch.sym_int torch.sym_max torch.sym_min torch.sym_not torch.sym_ite torch.sym_sqrt
""")
_SIZES = words("size stride storage_offset")
_NUMBER = re.compile(r"[-+0-9.e]{1,400}|inf|nan")

_OPERATORS = (ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.expr_context)
_STRUCTURE = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Tuple)


def check_expression(text: str) -> None:
    """A symbolic size (`expr_str`), which torch gives to `sympy.sympify`, which evaluates it.

    Raises:
        Refused: it holds anything but symbols, numbers and known functions.
    """
    _walk(_parse(text), text, guard=False)


def check_guard(text: str) -> None:
    """A guard on the inputs, such as `L['x'].size()[0] % 2 == 0`: `program.module()` compiles and runs these.

    Raises:
        Refused: it is anything but a comparison of sizes.
    """
    # Torch also pastes the guard between double quotes, as the message of its failure.
    if '"' in text or "\\" in text:
        raise Refused(f"the guard {shorten(text)}")
    _walk(_parse(text), text, guard=True)


def _parse(text: str) -> ast.AST:
    if len(text) > _LONGEST or not text.isascii():
        raise Refused(f"the expression {shorten(text)}")
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise Refused(f"the expression {shorten(text)}") from error
    check_extent(tree, text)
    return tree


def _walk(node: ast.AST, text: str, *, guard: bool) -> None:
    """Check `node` and what it holds; a kind of node that is not named here is refused."""
    match node:
        case ast.Constant(value=bool() | int() | float()):
            return
        case ast.Name(id=name):
            if name not in _CONSTANTS:
                check_symbol(name)
            return
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=options) if name in _FUNCTIONS:
            _check_options(options, text)
            if _is_literal(name, arguments):
                return
            children: list[ast.AST] = list(arguments)
        case ast.Call(func=ast.Attribute() as function, args=arguments, keywords=[]) if guard:
            _check_method(function, text)
            children = list(arguments)
        case ast.Attribute() if guard and ast.unparse(node) in _DOTTED:
            return
        case ast.Subscript(value=base, slice=ast.Constant(value=int() | str() as key)) if guard:
            if isinstance(key, str):
                check_quotable(key)
            children = [] if isinstance(base, ast.Name) and base.id == "L" else [base]
        case ast.BinOp(op=ast.BitXor() | ast.MatMult()):
            raise Refused(f"the expression {shorten(text)}")
        case _ if isinstance(node, (*_STRUCTURE, *_OPERATORS)):
            children = list(ast.iter_child_nodes(node))
        case _:
            raise Refused(f"the expression {shorten(text)}")
    for child in children:
        _walk(child, text, guard=guard)


def _is_literal(name: str, arguments: list[ast.expr]) -> bool:
    """Symbol('s0') and Float('1.5') are the only places where a string may stand; its text is checked here."""
    match name, arguments:
        case "Symbol", [ast.Constant(value=str() as symbol)]:
            check_symbol(symbol)
            return True
        case "Float", [ast.Constant(value=str() as number)]:
            return _NUMBER.fullmatch(number) is not None
    return False


def _check_options(options: list[ast.keyword], text: str) -> None:
    """Assumptions of a Symbol (`positive=True`) and the precision of a Float: small constants only."""
    for option in options:
        value = option.value.value if isinstance(option.value, ast.Constant) else None
        small = isinstance(value, int) and 0 <= value <= 4096
        if option.arg is None or not small:
            raise Refused(f"the expression {shorten(text)}")


def _check_method(function: ast.Attribute, text: str) -> None:
    """A call in a guard: `L[…].size()`, or one of torch's and math's own functions on sizes."""
    if ast.unparse(function) in _DOTTED:
        return
    if function.attr not in _SIZES or not isinstance(function.value, ast.Subscript):
        raise Refused(f"the guard {shorten(text)}")
    _walk(function.value, text, guard=True)
