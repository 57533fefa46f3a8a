"""Which values of a network vary in time: those that depend on a neuron. The input itself is constant."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import fx

from .graphs import value_of
from .operands import carriers
from .operations import is_random


def varies_in_time(graph: fx.Graph, is_neuron: Callable[[fx.Node], bool]) -> set[fx.Node]:
    """Nodes downstream of a neuron, the neurons included. Sizes never vary, nor does what only has their shape."""
    varying: set[fx.Node] = set()
    for node in graph.nodes:
        if isinstance(value_of(node), (torch.SymInt, int)):
            continue
        if is_neuron(node) or any(source in varying for source in carriers(node)):
            varying.add(node)
    return varying


def constants(graph: fx.Graph) -> set[fx.Node]:
    """Nodes that depend on no input, nor on its size, and draw no random numbers: the same at every call."""
    found: set[fx.Node] = set()
    for node in graph.nodes:
        is_call = node.op in {"call_function", "call_module"} and not is_random(node)
        if node.op == "get_attr" or (is_call and found.issuperset(node.all_input_nodes)):
            found.add(node)
    return found


def batch_symbols(graph: fx.Graph) -> set[object]:
    """The free symbols that stand for the batch size: dimension 0 of the input tensors."""
    symbols: set[object] = set()
    for node in graph.nodes:
        value = value_of(node)
        if node.op == "placeholder" and isinstance(value, torch.Tensor) and value.dim():
            size = value.shape[0]
            if isinstance(size, torch.SymInt):
                symbols |= size.node.expr.free_symbols
    return symbols


def batch_dims(node: fx.Node, symbols: set[object]) -> list[int]:
    """The dimensions of the node's tensor whose size depends on the batch size."""
    value = value_of(node)
    shape = tuple(value.shape) if isinstance(value, torch.Tensor) else ()
    return [
        dim
        for dim, size in enumerate(shape)
        if isinstance(size, torch.SymInt) and size.node.expr.free_symbols & symbols
    ]


def size_at(size: int | torch.SymInt, batch: int) -> int:
    """A size for a given batch size; of other free sizes those of the example, or of the inputs of `at_shapes`."""
    if not isinstance(size, torch.SymInt):
        return int(size)
    known = {**CAPTURED.get(size.node.shape_env, {}), **(_GIVEN.get() or {})}
    return _evaluated(size.node.expr, tuple(sorted(known.items(), key=str)), batch)


def captured_size(size: int | torch.SymInt) -> int:
    """A size besides the batch's, of the example; `int()` of a free size would fix it for good."""
    if not isinstance(size, torch.SymInt):
        return int(size)
    known: Any = size_at(size, 1) if size.node.shape_env in CAPTURED else size.node.hint
    return int(known)


@functools.lru_cache(4096)
def _evaluated(expression: Any, known: tuple[tuple[Any, int], ...], batch: int) -> int:
    values = dict(known)
    return int(str(expression.subs({symbol: values.get(symbol, batch) for symbol in expression.free_symbols})))


# {shape environment: {symbol: size in the example}} of the sizes besides the batch's.
CAPTURED: WeakKeyDictionary[Any, dict[Any, int]] = WeakKeyDictionary()
_GIVEN: ContextVar[dict[Any, int] | None] = ContextVar("sizes", default=None)


def note_sizes(graph: fx.Graph, shapes: Sequence[tuple[int, ...]]) -> None:
    """Let `size_at` know the sizes of the example, of one sample for each input."""
    found = input_sizes(graph, shapes)
    for value in input_values(graph):
        for size in value.shape[1:]:
            if isinstance(size, torch.SymInt):
                CAPTURED.setdefault(size.node.shape_env, {}).update(found)


@contextmanager
def at_shapes(graph: fx.Graph, shapes: Sequence[tuple[int, ...]] | None) -> Iterator[None]:
    """Inside the block sizes of the graph's values are those for inputs of these shapes; None: of the example's."""
    token = _GIVEN.set(None if shapes is None else input_sizes(graph, shapes))
    try:
        yield
    finally:
        _GIVEN.reset(token)


def input_sizes(graph: fx.Graph, shapes: Sequence[tuple[int, ...]]) -> dict[Any, int]:
    """{symbol: its size} in inputs of these shapes."""
    found: dict[Any, int] = {}
    for value, shape in zip(input_values(graph), shapes, strict=True):
        for size, number in zip(value.shape[1:], shape, strict=True):
            if isinstance(size, torch.SymInt) and len(size.node.expr.free_symbols) == 1:
                expression: Any = size.node.expr
                (symbol,) = expression.free_symbols  # itself, a multiple, or what a whole leaves over: 14 − s
                rest, times = expression.subs(symbol, 0), expression.coeff(symbol)
                found[symbol] = int((number - rest) / times)
    return found


def input_values(graph: fx.Graph) -> list[torch.Tensor]:
    """Of the inputs that have samples; parameters that a program lifted to inputs have no free sizes."""
    values = [value_of(node) for node in graph.find_nodes(op="placeholder")]
    return [value for value in values if isinstance(value, torch.Tensor) and is_sampled(value)]


def is_sampled(value: torch.Tensor) -> bool:
    return value.dim() > 0 and isinstance(value.shape[0], torch.SymInt)
