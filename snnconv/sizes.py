"""Which sizes of its inputs a network takes: what `torch.export` left free, in which range, and why the rest is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import InputError
from .size_terms import names_in, value_of_term

Shapes = Sequence[tuple[int, ...]]  # of one sample, for each input
Dimension = tuple[int, int]  # (input, dimension), the batch being dimension 0
BATCH = "b"  # its name in conditions
ITSELF = "the network's layers or its own code fix it"
ANOTHER = "the input has another shape than the network was converted for"


def name_of_size(place: Dimension) -> str:
    """`d2` of the first input, `d2_2` of the second."""
    number, dim = place
    return f"d{dim}" if number == 0 else f"d{dim}_{number + 1}"


def described(place: Dimension) -> str:
    number, dim = place
    return f"dimension {dim}" if number == 0 else f"dimension {dim} of input {number + 1}"


@dataclass(frozen=True)
class Sizes:
    """The sizes of one sample of every input.

    Attributes:
        inputs: each dimension after the batch: a number where it is fixed, else its own name (`d2`) or a term of other
            names that it equals.
        ranges: {name: (smallest, largest)}; None: no largest.
        conditions: relations between names that hold as well (`2*(d2 // 2) == d2`); `b` is the batch size.
        reasons: {name: why it is fixed} and {condition: the line that needs it}, where that is known.
    """

    inputs: tuple[tuple[int | str, ...], ...]
    ranges: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = {name_of_size((i, d)) for i, dims in enumerate(self.inputs) for d in range(1, len(dims) + 1)}
        for text in (*(size for dims in self.inputs for size in dims if isinstance(size, str)), *self.conditions):
            if not names_in(text) <= known | {BATCH}:
                raise ValueError(f"a size that is not there, in {text[:80]!r}")

    @classmethod
    def fixed_at(cls, shapes: Shapes, reason: str = "") -> Sizes:
        names = [name_of_size((i, d)) for i, shape in enumerate(shapes) for d in range(1, len(shape) + 1)]
        reasons = dict.fromkeys(names, reason) if reason else {}
        return cls(tuple(tuple(shape) for shape in shapes), reasons=reasons)

    @property
    def free(self) -> list[Dimension]:
        """The dimensions that are not fixed."""
        return [
            (i, d + 1) for i, dims in enumerate(self.inputs) for d, size in enumerate(dims) if isinstance(size, str)
        ]

    def with_fixed(self, fixed: Mapping[Dimension, int], reason: str) -> Sizes:
        """The same with some dimensions fixed."""
        inputs = [list(dims) for dims in self.inputs]
        reasons = dict(self.reasons)
        for (i, d), size in fixed.items():
            inputs[i][d - 1] = size
            reasons[name_of_size((i, d))] = reason
        return replace(self, inputs=tuple(map(tuple, inputs)), reasons=reasons)

    def within(self, other: Sizes) -> Sizes:
        """What both take. Both are of the same inputs."""
        inputs: list[tuple[int | str, ...]] = []
        ties: list[str] = []
        for i, (ours, theirs) in enumerate(zip(self.inputs, other.inputs, strict=True)):
            names = [name_of_size((i, d)) for d in range(1, len(ours) + 1)]
            both = list(zip(names, ours, theirs, strict=True))
            inputs.append(tuple(b if isinstance(b, int) or a == name else a for name, a, b in both))
            ties += [f"{name} == {b}" for name, a, b in both if isinstance(b, str) and b not in (a, name) and a != name]
        ranges = dict(self.ranges)
        for name, (low, high) in other.ranges.items():
            lowest, highest = ranges.get(name, (low, high))
            smallest = min(low, lowest) if max(low, lowest) == 2 else max(low, lowest)  # 2: torch.export assumes it
            ranges[name] = smallest, min((h for h in (high, highest) if h is not None), default=None)
        first, second = (self, other) if set(self.conditions) >= set(other.conditions) else (other, self)
        conditions = tuple(dict.fromkeys([*first.conditions, *second.conditions, *ties]))
        taken = {size for dims in inputs for size in dims}
        ranges = {name: limits for name, limits in ranges.items() if name in taken}
        return Sizes(tuple(inputs), ranges, conditions, {**self.reasons, **other.reasons})

    def named(self, shapes: Shapes, batch: int = 2) -> dict[str, int]:
        """{name: its size} in inputs of these shapes."""
        sizes = {name_of_size((i, d + 1)): size for i, shape in enumerate(shapes) for d, size in enumerate(shape)}
        return sizes | {BATCH: max(2, batch)}

    def check(self, shapes: Shapes, batch: int = 2) -> None:
        """Refuse what the network does not take.

        Args:
            shapes: of one sample, for each input. batch: samples.

        Raises:
            InputError: which dimension is wrong, what it may be and why.
        """
        for i, (dims, shape) in enumerate(zip(self.inputs, shapes, strict=True)):
            if len(dims) != len(shape):
                raise self.refusal(shapes, batch, i, f"{len(dims) + 1} dimensions, the batch included")
            for d, (size, got) in enumerate(zip(dims, shape), 1):
                if isinstance(size, int) and got != size:
                    why = self.reasons.get(name_of_size((i, d)), ITSELF)
                    raise self.refusal(shapes, batch, i, f"{described((i, d))} is fixed at {size}: {why}")
        sizes = self.named(shapes, batch)
        for i, d in self.free:
            name = name_of_size((i, d))
            low, high = self.ranges.get(name, (1, None))
            if sizes[name] < low or (high is not None and sizes[name] > high):
                limits = f"at least {low}" if sizes[name] < low else f"at most {high}"
                raise self.refusal(
                    shapes, batch, i, f"{described((i, d))} is {sizes[name]}; the network takes {limits}", free=True
                )
            term = self.inputs[i][d - 1]
            if term != name and value_of_term(str(term), sizes) != sizes[name]:
                raise self.refusal(shapes, batch, i, f"{described((i, d))} is {sizes[name]}, not {term}", free=True)
        for condition in self.conditions:
            if not value_of_term(condition, sizes):
                line = self.reasons.get(condition)
                why = f"the network needs {condition}" + (f", at {line}" if line else "")
                raise self.refusal(shapes, batch, 0, why, free=True)

    def take(self, shapes: Shapes, batch: int = 2) -> bool:
        """Whether the network takes inputs of these shapes."""
        try:
            self.check(shapes, batch)
        except InputError:
            return False
        return True

    def refusal(self, shapes: Shapes, batch: int, number: int, why: str, free: bool = False) -> InputError:
        remedy = "convert again with input_shape=… or calibration data of the shape you mean to run"
        return InputError(
            ANOTHER,
            expected=f"{self.shown(number)}, any batch size B ≥ 1",
            got=str([batch, *shapes[number]]),
            where=why,
            remedy="resize or pad the input, or c" + remedy[1:] if free else remedy,
        )

    def shown(self, number: int) -> str:
        """`[B, 3, d2 ≥ 32, d3 ≥ 32]`."""
        parts = [self.shown_size(name_of_size((number, d)), size) for d, size in enumerate(self.inputs[number], 1)]
        return f"[{', '.join(['B', *parts])}]"

    def shown_size(self, name: str, size: int | str) -> str:
        if isinstance(size, int):
            return str(size)
        if size != name:
            return f"{name} = {size}"
        low, high = self.ranges.get(name, (1, None))
        return f"{name} ≥ {low}" if high is None else f"{name} in {low}…{high}"

    def described(self) -> list[str]:
        """One line for each input, then the relations."""
        lines = [f"input {i + 1}: {self.shown(i)}" for i in range(len(self.inputs))]
        return [*lines, *(f"where {condition}" for condition in self.conditions)]

    def to_dict(self) -> dict[str, Any]:
        return {
            "inputs": [list(dims) for dims in self.inputs],
            "ranges": {name: list(limits) for name, limits in sorted(self.ranges.items())},
            "conditions": list(self.conditions),
            "reasons": dict(sorted(self.reasons.items())),
        }
