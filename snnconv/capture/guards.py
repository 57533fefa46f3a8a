"""What an export says of the sizes of its inputs: their ranges, and the guards that it relied on, in our names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import sympy
import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.utils import _pytree as pytree
from torch.utils._sympy.numbers import int_oo
from torch.utils._sympy.printers import PythonPrinter

from ..graph.graphs import hint
from ..size_terms import from_torch, names_in
from ..sizes import BATCH, Dimension, Shapes, Sizes, name_of_size
from .capture import user_inputs
from .refused import line_among, without_folder
from .size_relations import LARGER, OTHERS, has_number, holds_elsewhere, independent, says_nothing, to_fix

TORCH = str(Path(torch.__file__).parent)
PYTHON = tuple(str(Path(TORCH) / part) for part in ("nn", "functional.py"))  # of torch, but as a model's own code is
PRIMS = str(Path(TORCH) / "_prims_common" / "__init__.py")
LAYOUT = ("contiguous", "strides", "channels_last", "overlapping")  # in names of functions that ask about memory only
Lines = Mapping[int, str]  # {number of a guard: the line of the network that led to it}
UNIT = "a map of one element at this size is read as such"
UNWRITTEN = "the network's own code decides by a number computed from it"


class Found(NamedTuple):
    """An export, the sizes it takes, and {dimension that has to be fixed: why}."""

    program: ExportedProgram
    sizes: Sizes
    pins: dict[Dimension, str]


def found_in(program: ExportedProgram, shapes: Shapes, fixed: Mapping[Dimension, str], lines: Lines) -> Found:
    """What a fresh export says of its sizes, of which `shapes` are the example's.

    Args:
        lines: of the network, that led to its guards.
    """
    sizes, symbols = sizes_in(program, shapes)
    places = {name_of_size(place): place for place in sizes.free}
    example = sizes.named(shapes)
    reasons = numbers_taken(program, sizes, symbols, lines)
    reasons |= {name_of_size(place): why for place, why in fixed.items() if why}
    conditions: dict[str, bool] = {}  # {condition: whether it is asked for by Python}
    pins: dict[Dimension, str] = {}
    for guard in guards_of(program, lines):
        text = written(guard.expression, symbols)
        read = {name for name in names_in(text) if name in places} if text else places_of(guard, symbols, places)
        if not read:
            continue
        is_equality = isinstance(guard.expression, sympy.Eq)
        others = LARGER if has_number(guard.expression) else OTHERS
        if not text and (guard.asked or (is_equality and guard.reads_only(symbols))):
            pins.update(dict.fromkeys((places[name] for name in read), UNWRITTEN + said_at(guard.line)))
        elif not text or (not guard.asked and says_nothing(is_equality, text, read, example, sizes.ranges)):
            continue
        elif not is_equality or holds_elsewhere(text, read, example, others):
            conditions[text] = conditions.get(text, False) or guard.asked
            reasons.setdefault(text, guard.line)
        else:
            why = UNIT if 1 in guard.expression.args else f"the network needs {text}"
            tight = to_fix(text, read, example, others)
            weaker = [places[name] for name in tight if pins.get(places[name], UNIT).startswith(UNIT)]
            pins.update(dict.fromkeys(weaker, why + said_at(guard.line)))
    for name in mixed_with_batch(program, symbols):
        if name in places:
            pins[places[name]] = "the batch size is computed from it, as by view(-1, 512)"
    needed = (*sizes.conditions, *independent(conditions, example, sizes.ranges))
    known = {name: why for name, why in reasons.items() if why and (name not in conditions or name in needed)}
    return Found(program, Sizes(sizes.inputs, sizes.ranges, needed, known), pins)


def said_at(line: str) -> str:
    return f", at {line}" if line else ""


def numbers_taken(program: ExportedProgram, sizes: Sizes, symbols: Mapping[str, str], lines: Lines) -> dict[str, str]:
    """{size that the exporter took for a number: the line where it did}."""
    found: dict[str, str] = {}
    for number, guard in enumerated_guards(program):
        line = line_of_guard(guard, lines.get(number, ""))
        if isinstance(guard.expr, sympy.Eq) and line:  # the last that reads a size has made a number of it
            names = {symbols.get(str(symbol), BATCH) for symbol in guard.expr.free_symbols}
            found |= dict.fromkeys(names, f"needed by {line}")
    free = {BATCH, *(name_of_size(place) for place in sizes.free)}
    return {name: why for name, why in found.items() if name not in free}


def line_of_guard(guard: Any, noted: str) -> str:
    """The line that led to a guard: the one noted, or where Python asked for it."""
    place = guard.sloc.framework_loc
    return noted or (without_folder(line_among([(place.filename, place.lineno)])) if hasattr(place, "lineno") else "")


def sizes_in(program: ExportedProgram, shapes: Shapes | None = None) -> tuple[Sizes, dict[str, str]]:
    """Fixed and free sizes of a program's inputs with their ranges, and {the exporter's name of a size: ours}."""
    values = [node.meta["val"] for node in user_inputs(program)]
    values = [value for value in values if isinstance(value, Tensor) and value.dim()]
    symbols: dict[str, str] = {}
    for i, value in enumerate(values):
        for d, size in enumerate(value.shape):
            terms: tuple[Any, ...] = (size.node.expr, size.node._expr) if isinstance(size, torch.SymInt) else ()
            for term in terms:
                if term.is_symbol:  # the second as it was before the exporter found it equal to something else
                    symbols.setdefault(str(term), BATCH if d == 0 else name_of_size((i, d)))
    multiples = multiples_in(values, symbols)
    symbols |= {symbol: f"({name} // {factor})" for symbol, (name, factor) in multiples.items()}
    own = {name for name, _ in multiples.values()}
    inputs: list[tuple[int | str, ...]] = []
    for i, value in enumerate(values):
        dims: list[int | str] = []
        for d, size in enumerate(value.shape[1:], 1):
            text = written(size.node.expr, symbols) if isinstance(size, torch.SymInt) else None
            text = name_of_size((i, d)) if name_of_size((i, d)) in own else text
            dims.append(int(text) if text and text.isdigit() else text if text else known_size(size, shapes, i, d))
        inputs.append(tuple(dims))
    ranges: dict[str, tuple[int, int | None]] = {}
    for symbol, limits in program.range_constraints.items():
        name, factor = multiples.get(str(symbol), (symbols.get(str(symbol), BATCH), 1))
        if name != BATCH and limits.lower > -int_oo:
            ranges[name] = (factor * int(limits.lower), None if limits.upper >= int_oo else factor * int(limits.upper))
    conditions = tuple(f"({factor}*({name} // {factor})) == {name}" for name, factor in multiples.values())
    return Sizes(tuple(inputs), ranges, conditions), symbols


def multiples_in(values: list[Tensor], symbols: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """{symbol that no dimension is: (the first that is a multiple of it, how many times)}, as of `2*Dim("half")`."""
    found: dict[str, tuple[str, int]] = {}
    for i, value in enumerate(values):
        for d, size in enumerate(value.shape[1:], 1):
            expression: Any = size.node.expr if isinstance(size, torch.SymInt) else sympy.Integer(size)
            if len(expression.free_symbols) == 1:
                (symbol,) = expression.free_symbols
                factor = expression / symbol
                if str(symbol) not in symbols and factor.is_Integer:
                    found.setdefault(str(symbol), (name_of_size((i, d)), int(factor)))
    return found


def known_size(size: int | torch.SymInt, shapes: Shapes | None, number: int, dim: int) -> int:
    """Of a dimension that is not a term of the language: fixed at the example's."""
    if not isinstance(size, torch.SymInt):
        return size
    return shapes[number][dim - 1] if shapes is not None else hint(size)


@dataclass(frozen=True)
class Guard:
    """A relation that the exporter relied on.

    Attributes:
        asked: by Python code of the model or of its layers, not by an operation about its operands.
        line: of the network that led to it; "" where none is known.
    """

    expression: Any
    asked: bool
    line: str

    def reads_only(self, symbols: Mapping[str, str]) -> bool:
        return {str(symbol) for symbol in self.expression.free_symbols} <= symbols.keys()


def guards_of(program: ExportedProgram, lines: Lines) -> Iterator[Guard]:
    """The guards of sizes that are still free, but for those about the layout of memory.

    An equality with a number also narrows the exporter's range, whoever asked.
    """
    for number, guard in enumerated_guards(program):
        place = guard.sloc.framework_loc
        file, function = getattr(place, "filename", ""), getattr(place, "name", "")
        expression = environments_of(program)[0].replace(guard.expr)
        is_layout = file == PRIMS and any(word in function for word in LAYOUT)
        if is_layout and not (isinstance(expression, sympy.Eq) and has_number(expression)):
            continue
        if expression.free_symbols:
            line = line_of_guard(guard, lines.get(number, ""))
            yield Guard(expression, not file.startswith(TORCH) or file.startswith(PYTHON), line)


def enumerated_guards(program: ExportedProgram) -> Iterator[tuple[int, Any]]:
    for environment in environments_of(program):
        yield from enumerate(environment.guards)


def environments_of(program: ExportedProgram) -> list[Any]:
    """What holds the guards; one."""
    sizes = [
        size
        for node in user_inputs(program)
        if isinstance(node.meta["val"], Tensor)
        for size in node.meta["val"].shape
        if isinstance(size, torch.SymInt)
    ]
    return [sizes[0].node.shape_env] if sizes else []


def written(expression: Any, symbols: Mapping[str, str]) -> str | None:
    """An expression as text in our names; None where it is not of the language, or reads other sizes."""
    if not {str(symbol) for symbol in expression.free_symbols} <= symbols.keys():
        return None
    text = from_torch(PythonPrinter().doprint(expression))
    text = re.sub(r"\b[a-z]+\d+\b", lambda found: symbols.get(found.group(), found.group()), text)
    try:
        names_in(text)
    except ValueError:
        return None
    return text


def places_of(guard: Guard, symbols: Mapping[str, str], places: Iterable[str]) -> set[str]:
    return {symbols.get(str(symbol), "") for symbol in guard.expression.free_symbols} & set(places)


def mixed_with_batch(program: ExportedProgram, symbols: Mapping[str, str]) -> set[str]:
    """Sizes that a batch dimension is divided by: [B·h·w // 36, …] is not a whole number of rows for every sample."""
    batch = {name for name, ours in symbols.items() if ours == BATCH}
    found: set[str] = set()
    seen: set[Any] = set()
    for node in program.graph.nodes:
        for leaf in pytree.tree_leaves(node.meta.get("val")):
            for size in leaf.shape if isinstance(leaf, Tensor) else ():
                if not isinstance(size, torch.SymInt) or size.node.expr in seen:
                    continue
                expression: Any = size.node.expr
                seen.add(expression)
                names: dict[str, Any] = {str(symbol): symbol for symbol in expression.free_symbols}
                mixed = names.keys() & batch
                if mixed and len(names) > 1:
                    rest = expression / sympy.prod(names[name] for name in mixed)
                    if {str(symbol) for symbol in rest.free_symbols} & batch:
                        found |= {symbols[name] for name in names if name in symbols and name not in batch}
    return found


def conditions_of(program: ExportedProgram) -> Iterator[str]:
    """The guards that a program carries as text, on sizes of its inputs."""
    names = source_names(program)
    for code in getattr(program, "_guards_code", None) or ():
        text = from_torch(code)
        text = re.sub(r"(L[^.]*)\.size\(\)\[(\d+)\]", lambda found: names.get((found[1], int(found[2])), "L"), text)
        with suppress(ValueError):  # on something else than sizes
            if names_in(text) - {BATCH} and names_in(text) <= set(names.values()):
                yield text


def source_names(program: ExportedProgram) -> dict[tuple[str, int], str]:
    """{(an input as guards call it, such as `L['x'][0]`; dimension): our name}."""
    spec, count = program.call_spec.in_spec, len(user_inputs(program))
    if spec is None or spec.num_leaves != count:
        return {}
    args, kwargs = pytree.tree_unflatten(list(range(count)), spec)
    signature = program.module_call_graph[0].signature
    words = list(getattr(signature, "forward_arg_names", None) or [])
    named = dict(zip(words, args)) | dict(kwargs)
    found: dict[tuple[str, int], str] = {}
    for path, number in pytree.tree_flatten_with_path(named)[0]:
        value = user_inputs(program)[number].meta["val"]
        for d in range(value.dim() if isinstance(value, Tensor) else 0):
            found["L" + pytree.keystr(path), d] = BATCH if d == 0 else name_of_size((number, d))
    return found
