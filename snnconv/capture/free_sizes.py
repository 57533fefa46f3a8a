"""Capture with every size free that the exporter leaves free: height, width, frames, the length of a sequence.

The exporter is asked for all dimensions of all inputs. What it finds out about them are guards: relations between sizes
under which the program it traced is the model. Three kinds are told apart:

- equalities that hold at other sizes too (a height that two poolings divide evenly) become conditions on the inputs;
- equalities that hold at hardly any other (what a flatten hands to a Linear) fix the sizes they read;
- anything else counts where the model's own Python asked (`if x.shape[2] > 64`), and fixes the sizes it reads where it
  cannot be written down. What an operation asked of its own operands it asks again when it runs; most of that is about
  memory layout.

An equality with 1 (a map that is one pixel at the example's size) says more of the example than of the network: then
the network is exported once more from an example of twice the size. An example whose input itself has a size of 1 is
exported from one of 2 (`ones`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.utils import _pytree as pytree

from ..errors import UnsupportedModelError
from ..graph.graphs import hint
from ..graph.time_varying import note_sizes
from ..size_terms import names_in
from ..sizes import Dimension, Shapes, Sizes, name_of_size
from .capture import capture, first_line, has_free_batch, user_inputs, widened_example
from .guards import UNIT, Found, conditions_of, found_in, said_at, sizes_in
from .ones import refusing_two, resized, with_ones
from .plain_names import keep_names, plain_program
from .twice import fails_at_twice
from .watching import TooInvolved, Watched, line_of

ROUNDS = 4  # of exports that each fix some more dimensions

INVOLVED = "sizes are computed from it in a way that torch.export is too slow to follow"
NO_OTHER = "the network takes no other"
TINY = "torch.export takes a size of 1 for a constant"
UNFOLLOWED = "torch.export cannot leave it free"
EXPORTED = "the program was exported for this size; export it with dynamic_shapes to leave it free"


class Captured(NamedTuple):
    program: ExportedProgram
    sizes: Sizes


def capture_free(model: nn.Module, inputs: tuple[Any, ...], allowed: Sizes | None = None) -> Captured:
    """Export with the batch size and every other size free that can be, and say which sizes the program takes.

    Args:
        inputs: positional example arguments, batch size at least 2.
        allowed: what is known before; what it fixes stays fixed.

    Raises:
        UnsupportedModelError: torch.export refused the model with fixed sizes too, or the model fixes its batch size.
    """
    shapes = shapes_of(inputs)
    ones = [(i, d) for i, shape in enumerate(shapes) for d, size in enumerate(shape, 1) if size == 1]
    if allowed is None:
        refusing = refusing_two(model, inputs, shapes)
        fixed = {place: f"{NO_OTHER}: {said}" for place, said in refusing.items() if said}
    else:
        known = {(i, d) for i, shape in enumerate(shapes) for d in range(1, len(shape) + 1)} - set(allowed.free)
        fixed = {place: allowed.reasons.get(name_of_size(place), "") for place in known}
    larger = {place: 2 for place in ones if place not in fixed}
    found = found_from(model, resized(inputs, larger), allowed, fixed)
    if larger and not found.sizes.take(shapes):
        found = found_from(model, inputs, allowed, {**fixed, **dict.fromkeys(larger, TINY)})
    note_sizes(found.program.graph, shapes)
    return found


def found_from(
    model: nn.Module, inputs: tuple[Any, ...], allowed: Sizes | None, fixed: dict[Dimension, str]
) -> Captured:
    """What exports of one example find."""
    search = Search(model, inputs, shapes_of(inputs), dict(fixed))
    if allowed is not None:
        program, sizes = search.run()
        return Captured(program, sizes.within(allowed))
    said = fails_at_twice(model, inputs)
    if said:
        return search.all_fixed(f"{NO_OTHER}: {said}")
    program, sizes = search.run()
    return Captured(program, with_ones(model, program, sizes, inputs))


def shapes_of(inputs: tuple[Any, ...]) -> Shapes:
    leaves = [leaf for leaf in pytree.tree_leaves(inputs) if isinstance(leaf, Tensor) and leaf.dim()]
    return [tuple(leaf.shape[1:]) for leaf in leaves]


def recapture_free(program: ExportedProgram) -> Captured:
    """The program itself if its batch size is free, else exported again from its own graph; its own sizes with it.

    What it was exported with fixed stays fixed: its graph may hold numbers that were computed from it.

    Raises:
        UnsupportedModelError: it cannot be exported again.
    """
    program = plain_program(program)
    sizes, _ = sizes_in(program)
    free = {name_of_size(place) for place in sizes.free}
    conditions = [*sizes.conditions, *(text for text in conditions_of(program) if names_in(text) & free)]
    sizes = Sizes(sizes.inputs, sizes.ranges, tuple(dict.fromkeys(conditions)), reasons_of(sizes, EXPORTED))
    if not has_free_batch(program):
        found = capture_free(program.module(check_guards=False), widened_example(program), sizes)
        return Captured(keep_names(found.program, program), found.sizes)
    values = [node.meta["val"] for node in user_inputs(program)]
    note_sizes(program.graph, [tuple(hint(size) for size in value.shape[1:]) for value in values])
    return Captured(program, sizes)


def reasons_of(sizes: Sizes, reason: str) -> dict[str, str]:
    names = {name_of_size((i, d)) for i, dims in enumerate(sizes.inputs) for d in range(1, len(dims) + 1)}
    return dict.fromkeys(names - {name_of_size(place) for place in sizes.free}, reason)


def cause_of(error: UnsupportedModelError) -> str:
    """What torch.export said, and of which line."""
    trace = None if error.__cause__ is None else error.__cause__.__traceback__
    return f": {first_line(error).rstrip('.')}{said_at(line_of(trace))}"


@dataclass
class Search:
    """The exports of one model.

    Attributes:
        fixed: {dimension: why}, more of them after each round.
    """

    model: nn.Module
    inputs: tuple[Any, ...]
    shapes: Shapes
    fixed: dict[Dimension, str] = field(default_factory=dict)

    @property
    def dimensions(self) -> list[Dimension]:
        return [(i, d) for i, shape in enumerate(self.shapes) for d in range(1, len(shape) + 1)]

    def run(self) -> Captured:
        for _ in range(ROUNDS):
            if len(self.fixed) == len(self.dimensions):
                break
            try:
                found = self.export(self.inputs, self.shapes)
            except TooInvolved as error:
                return self.all_fixed(INVOLVED + said_at(str(error)))
            except UnsupportedModelError as error:
                return self.all_fixed(UNFOLLOWED + cause_of(error))
            if not found.pins:
                return Captured(found.program, found.sizes)
            units = {place for place, why in found.pins.items() if why.startswith(UNIT)}
            if len(units) < len(found.pins):
                self.fixed.update({place: why for place, why in found.pins.items() if place not in units})
                continue
            larger = self.larger(found.sizes)
            if larger is not None:
                return larger
            self.fixed.update(found.pins)
        return self.all_fixed(UNFOLLOWED)

    def export(self, inputs: tuple[Any, ...], shapes: Shapes) -> Found:
        def free(number: int, leaf: Tensor) -> list[int]:
            return [d for d in range(leaf.dim()) if (number, d) not in self.fixed]

        watched = Watched()
        try:
            program = capture(self.model, inputs, free, watched)
        except UnsupportedModelError as error:
            if isinstance(error.__cause__, TooInvolved):
                raise error.__cause__ from error
            raise
        return found_in(program, shapes, self.fixed, watched.lines)

    def larger(self, sizes: Sizes) -> Captured | None:
        """The program of an example of twice the size, if it also takes the example's own size."""
        grown = {place: 2 * self.shapes[place[0]][place[1] - 1] for place in sizes.free}
        numbers = iter(range(len(self.shapes)))
        shapes = [
            tuple(grown.get((i, d), size) for d, size in enumerate(shape, 1)) for i, shape in enumerate(self.shapes)
        ]

        def grow(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor) or not leaf.dim():
                return leaf
            return leaf.new_zeros(leaf.shape[0], *shapes[next(numbers)])

        try:
            found = self.export(pytree.tree_map(grow, self.inputs), shapes)
        except (TooInvolved, UnsupportedModelError):
            return None
        if found.pins or set(found.sizes.free) != set(sizes.free) or not found.sizes.take(self.shapes):
            return None
        return Captured(found.program, found.sizes)

    def all_fixed(self, reason: str) -> Captured:
        sizes = Sizes.fixed_at(self.shapes, reason)
        reasons = {**sizes.reasons} | {name_of_size(place): why for place, why in self.fixed.items()}
        known = {name: why for name, why in reasons.items() if why}  # "": fixed before, for a reason nobody knew
        return Captured(capture(self.model, self.inputs), Sizes(sizes.inputs, reasons=known))
