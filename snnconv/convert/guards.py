"""What an export says of the sizes of its inputs: their ranges, and the guards that it relied on, in our names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

from ..size_terms import from_torch, names_in, value_of_term
from ..sizes import BATCH, Dimension, Shapes, Sizes, name_of_size
from .capture import user_inputs
from .graphs import hint

TORCH = str(Path(torch.__file__).parent)
PYTHON = tuple(str(Path(TORCH) / part) for part in ("nn", "functional.py"))  # of torch, but as a model's own code is
Other = Callable[[int], int]  # from a size to another one
LARGER: tuple[Other, ...] = (lambda n: 2 * n, lambda n: 3 * n)
OTHERS: tuple[Other, ...] = (*LARGER, lambda n: 2 * n - 1, lambda n: 2 * n + 1, lambda n: n + 32, lambda n: n + 64)
UNIT = "a map of one element at this size is read as such"
UNWRITTEN = "the network's own code decides by a number computed from it"


class Found(NamedTuple):
    """An export, the sizes it takes, and {dimension that has to be fixed: why}."""

    program: ExportedProgram
    sizes: Sizes
    pins: dict[Dimension, str]


def found_in(program: ExportedProgram, shapes: Shapes, fixed: Mapping[Dimension, str]) -> Found:
    """What a fresh export says of its sizes, of which `shapes` are the example's."""
    sizes, symbols = sizes_in(program, shapes)
    reasons = {name_of_size(place): why for place, why in fixed.items() if why}
    places = {name_of_size(place): place for place in sizes.free}
    example = sizes.named(shapes)
    conditions: list[str] = []
    pins: dict[Dimension, str] = {}
    for guard in guards_of(program):
        text = written(guard.expression, symbols)
        read = {name for name in names_in(text) if name in places} if text else places_of(guard, symbols, places)
        if not read:
            continue
        is_equality = isinstance(guard.expression, sympy.Eq)
        if not text and (guard.asked or (is_equality and guard.reads_only(symbols))):
            pins.update(dict.fromkeys((places[name] for name in read), UNWRITTEN))
        elif not is_equality:
            if text and guard.asked:
                conditions.append(text)
        elif text and not guard.asked and holds_at_all(text, read, example, sizes.ranges):
            continue
        elif text and holds_elsewhere(text, read, example, LARGER if has_number(guard.expression) else OTHERS):
            conditions.append(text)
        elif text:
            why = UNIT if 1 in guard.expression.args else f"the network needs {text}"
            pins.update({places[name]: why for name in read if pins.get(places[name], UNIT) == UNIT})
    for name in mixed_with_batch(program, symbols):
        if name in places:
            pins[places[name]] = "the batch size is computed from it, as by view(-1, 512)"
    return Found(program, Sizes(sizes.inputs, sizes.ranges, tuple(dict.fromkeys(conditions)), reasons), pins)


def sizes_in(program: ExportedProgram, shapes: Shapes | None = None) -> tuple[Sizes, dict[str, str]]:
    """Fixed and free sizes of a program's inputs with their ranges, and {the exporter's name of a size: ours}."""
    values = [node.meta["val"] for node in user_inputs(program)]
    values = [value for value in values if isinstance(value, Tensor) and value.dim()]
    symbols: dict[str, str] = {}
    for i, value in enumerate(values):
        for d, size in enumerate(value.shape):
            if isinstance(size, torch.SymInt) and size.node.expr.is_symbol:
                symbols.setdefault(str(size.node.expr), BATCH if d == 0 else name_of_size((i, d)))
    inputs: list[tuple[int | str, ...]] = []
    for i, value in enumerate(values):
        dims: list[int | str] = []
        for d, size in enumerate(value.shape[1:], 1):
            text = written(size.node.expr, symbols) if isinstance(size, torch.SymInt) else None
            dims.append(int(text) if text and text.isdigit() else text if text else known_size(size, shapes, i, d))
        inputs.append(tuple(dims))
    ranges = {
        symbols[str(symbol)]: (int(limits.lower), None if limits.upper >= int_oo else int(limits.upper))
        for symbol, limits in program.range_constraints.items()
        if symbols.get(str(symbol), BATCH) != BATCH and limits.lower > -int_oo
    }
    return Sizes(tuple(inputs), ranges), symbols


def known_size(size: int | torch.SymInt, shapes: Shapes | None, number: int, dim: int) -> int:
    """Of a dimension that is no term of the language: fixed at the example's."""
    if not isinstance(size, torch.SymInt):
        return size
    return shapes[number][dim - 1] if shapes is not None else hint(size)


@dataclass(frozen=True)
class Guard:
    """A relation that the exporter relied on.

    Attributes:
        asked: by Python code of the model or of its layers, not by an operation about its operands.
    """

    expression: Any
    asked: bool

    def reads_only(self, symbols: Mapping[str, str]) -> bool:
        return {str(symbol) for symbol in self.expression.free_symbols} <= symbols.keys()


def guards_of(program: ExportedProgram) -> Iterator[Guard]:
    environments: dict[int, Any] = {
        id(size.node.shape_env): size.node.shape_env
        for node in user_inputs(program)
        if isinstance(node.meta["val"], Tensor)
        for size in node.meta["val"].shape
        if isinstance(size, torch.SymInt)
    }
    for environment in environments.values():
        for guard in environment.guards:
            found = re.search(r"file (\S+), line", str(guard.sloc.framework_loc or ""))
            file = found.group(1) if found else ""
            yield Guard(guard.expr, not file.startswith(TORCH) or file.startswith(PYTHON))


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


def has_number(equality: sympy.Eq) -> bool:
    """Whether a size equals a number other than a remainder."""
    return any(side.is_number and side != 0 for side in equality.args)


def holds_elsewhere(text: str, read: set[str], example: Mapping[str, int], others: Sequence[Other]) -> bool:
    """Whether a relation holds at other sizes than the example's, all that it reads changed alike."""
    changed = ({name: other(example[name]) for name in read} for other in others)
    return any(bool(value_of_term(text, {**example, **sizes})) for sizes in changed)


def holds_at_all(
    text: str, read: set[str], example: Mapping[str, int], ranges: Mapping[str, tuple[int, int | None]]
) -> bool:
    """Whether a relation says nothing, as `min(d2, d1*d2) == d2`: it holds at all sizes tried, each changed by itself.

    For what operations ask of their operands, and ask again when they run.
    """
    lowest = {name: ranges.get(name, (1, None))[0] for name in read}
    tried = [sorted({low, low + 1, low + 2, example[name], 2 * example[name] + 1}) for name, low in lowest.items()]
    combined = (dict(zip(lowest, sizes)) for sizes in itertools.product(*tried))
    return all(bool(value_of_term(text, {**example, **sizes})) for sizes in combined)


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
    """{(an input as guards call it, as `L['x'][0]`; dimension): our name}."""
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
