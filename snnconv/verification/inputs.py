"""The inputs that a model is verified on: the first samples of the data, or random ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from ..capture.examples import Examples, InputShape, examples_of, like_model, random_inputs
from ..data.batches import limited_batches, shapes_of
from ..errors import InputError
from ..steps import is_whole


@dataclass(frozen=True)
class Inputs:
    """One batch, as data that can be iterated again and again.

    Attributes:
        leaves: flat input tensors, [samples, …] each.
        name: where they are from.
        notices: what was guessed. labels: [samples], where the data have them.
    """

    leaves: tuple[Tensor, ...]
    name: str
    notices: list[str]
    labels: Tensor | None = None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter([{"input": self.leaves}])

    @property
    def samples(self) -> int:
        return len(self.leaves[0])


def inputs_of(
    model: nn.Module | ExportedProgram,
    data: Iterable[Any] | None,
    input_shape: InputShape | None,
    samples: int,
    seed: int,
) -> Inputs:
    """At most `samples` samples, on the model's device and of its float type.

    Args:
        data: batches, labelled or not; None: random inputs of the shapes that the model, its file or `input_shape`
            tells, as `convert` finds them.

    Raises:
        InputError: samples < 1, empty data, or shapes that cannot be found or disagree.
    """
    if not is_whole(samples) or samples < 1:
        raise InputError("too few samples", expected="a whole number, at least 1", got=f"samples = {samples}")
    if data is None:
        examples = examples_of(model, None, input_shape)
        leaves = random_inputs(model, examples, samples, torch.Generator().manual_seed(seed))
        kind = "Gaussian inputs" if all(leaf.is_floating_point() for leaf in leaves) else "random inputs"
        return Inputs(leaves, kind, announced(examples, samples, kind))
    batches = list(limited_batches(data, samples))
    alike = [batch for batch in batches if shapes_of(batch[0]) == shapes_of(batches[0][0])]
    leaves = tuple(like_model(torch.cat(parts), model) for parts in zip(*(inputs for inputs, _ in alike)))
    labels = [found for _, found in alike if found is not None]
    others = len(batches) - len(alike)
    told = [f"verified on samples of one size, {' and '.join(map(str, shapes_of(alike[0][0])))}; the data hold others"]
    known = torch.cat(labels) if len(labels) == len(alike) else None
    found = Inputs(leaves, str(getattr(data, "name", "data")), told * (others > 0), known)
    examples_of(model, found, input_shape)  # refuses data of another shape than told
    return found


def announced(examples: Examples, samples: int, kind: str) -> list[str]:
    shown = " and ".join(str(shape) for shape in examples.shapes)
    return [*examples.notices, f"verified on {samples} {kind} {shown}; real data (data=…, --data) says more"]
