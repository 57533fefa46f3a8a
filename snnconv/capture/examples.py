"""Example inputs of a model: from its data, a given shape, its own file, or a guess that is announced."""

from __future__ import annotations

import inspect as python_inspect
import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram

from ..data.batches import batch_inputs
from ..errors import InputError
from ..graph.time_varying import captured_size
from ..graph.whole_inputs import draw_inputs
from ..models.geometry import read_shapes
from .capture import MIN_BATCH, capture, recapture, user_inputs, widen_batch
from .input_types import input_types
from .raise_modules import raise_modules
from .shapes import infer_input_shapes

# Of one sample; several where the network takes several inputs.
InputShape = tuple[int, ...] | Sequence[tuple[int, ...]]
LARGEST = 2**31  # values of one sample


@dataclass(frozen=True)
class Examples:
    """What a conversion runs the network on.

    Attributes:
        leaves: flat example tensors, batch at least 2.
        arguments: the same as the model's forward takes them.
        batches: calibration batches as flat leaves; None: there is no data.
    """

    leaves: tuple[Tensor, ...]
    arguments: tuple[Any, ...]
    batches: Iterator[tuple[Tensor, ...]] | None = None
    count: int | None = None
    name: str = "synthetic"
    normalization: dict[str, Any] | None = None
    notices: list[str] = field(default_factory=list)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [tuple(leaf.shape[1:]) for leaf in self.leaves]


def examples_of(
    model: nn.Module | ExportedProgram, data: Iterable[Any] | None, input_shape: InputShape | None
) -> Examples:
    """Example inputs, in this order of preference: the data's first batch, `input_shape`, the program's own, what the
    module tells in an attribute `input_shapes`, a guess.

    Raises:
        InputError: empty or unusable data, a shape that is none, or nothing to go by.
    """
    if data is not None:
        examples = from_data(model, data)
        if input_shape is not None and check_shapes(input_shape) != examples.shapes:
            raise InputError(
                "data and input_shape disagree",
                expected=f"{' and '.join(map(str, examples.shapes))}, as in the data",
                got=str(input_shape),
            )
        return examples
    notices: list[str] = []
    if input_shape is None:
        shapes = declared_shapes(model)
        if not shapes:
            assert isinstance(model, nn.Module)
            shapes = infer_input_shapes(model)
            shown = " and ".join(map(str, shapes))
            notices.append(f"input shape {shown} inferred; pass input_shape (--input-shape) if it is another")
    else:
        shapes = check_shapes(input_shape)
    generator = torch.Generator().manual_seed(0)
    leaves = tuple(
        like_model(
            torch.randn(MIN_BATCH, *shape, generator=generator, dtype=torch.float32)
            if dtype is None
            else torch.zeros(MIN_BATCH, *shape, dtype=dtype),  # 0 is a word of every table
            model,
        )
        for shape, dtype in zip(shapes, input_types(model, shapes))
    )
    return Examples(leaves, as_arguments(model, leaves), notices=notices)


def random_inputs(
    model: nn.Module | ExportedProgram, examples: Examples, count: int, generator: torch.Generator
) -> tuple[Tensor, ...]:
    """`count` samples for every input: Gaussian ones, or whole numbers that the network has rows for."""
    if all(leaf.is_floating_point() for leaf in examples.leaves):
        drawn = tuple(torch.randn(count, *shape, generator=generator, dtype=torch.float32) for shape in examples.shapes)
    else:
        program = capture(model, examples.arguments) if isinstance(model, nn.Module) else recapture(model)
        drawn = draw_inputs(raise_modules(program).graph, examples.shapes, count, generator)
    return tuple(like_model(leaf, model) for leaf in drawn)


def declared_shapes(model: nn.Module | ExportedProgram) -> list[tuple[int, ...]]:
    """Sample shapes of the inputs, where the model tells them: a program, a captured network, or one with an attribute
    `input_shapes`, as ONNX files, trained files and stock networks given by name have it, or whose layers tell
    (`read_shapes`)."""
    if isinstance(model, ExportedProgram):
        return [tuple(captured_size(size) for size in node.meta["val"].shape[1:]) for node in user_inputs(model)]
    known = captured_shapes(model) if isinstance(model, fx.GraphModule) else []
    told = getattr(model, "input_shapes", None)
    if known or isinstance(model, fx.GraphModule):
        return known or (check_shapes(told) if told else [])
    return check_shapes(told) if told else list(read_shapes(model))


def captured_shapes(graph_module: fx.GraphModule) -> list[tuple[int, ...]]:
    """Sample shapes that a network was captured with (`snnconv.clip`); none where some input is not a known tensor."""
    values = [node.meta.get("val") for node in graph_module.graph.nodes if node.op == "placeholder"]
    if not all(isinstance(value, Tensor) and value.dim() for value in values):
        return []
    return [tuple(captured_size(size) for size in value.shape[1:]) for value in values if isinstance(value, Tensor)]


def from_data(model: nn.Module | ExportedProgram, data: Iterable[Any]) -> Examples:
    iterator = iter(data)
    first = next(iterator, None)
    if first is None:
        raise InputError("the calibration data is empty", expected="at least one batch", got="none")
    batches = (
        tuple(like_model(leaf, model) for leaf in batch_inputs(batch, where=f"calibration batch {number}"))
        for number, batch in enumerate(itertools.chain([first], iterator))
    )
    opening = next(batches)
    leaves = tuple(widen_batch(leaf[:MIN_BATCH]) for leaf in opening)
    normalization = getattr(data, "normalization", None)
    return Examples(
        leaves,
        as_arguments(model, leaves),
        batches=itertools.chain([opening], batches),
        count=len(data) if isinstance(data, Sized) and not hasattr(data, "normalization") else None,
        name=str(getattr(data, "name", "data")),
        normalization=normalization.to_dict() if normalization is not None else None,
    )


def check_shapes(input_shape: InputShape) -> list[tuple[int, ...]]:
    """One shape for each input: a shape is a tuple of sizes, several are a sequence of such."""
    several = bool(input_shape) and all(isinstance(shape, Sequence) for shape in input_shape)
    return [check_shape(tuple(shape)) for shape in (input_shape if several else (input_shape,))]  # type: ignore[arg-type]


def check_shape(input_shape: tuple[int, ...]) -> tuple[int, ...]:
    shape = tuple(input_shape)
    if not shape or not all(isinstance(size, int) and size > 0 for size in shape):
        raise InputError(
            "invalid input_shape",
            expected="one sample's sizes without the batch, such as (3, 224, 224)",
            got=str(shape),
        )
    if prod(shape) >= LARGEST:
        raise InputError("input_shape is too large", expected=f"below {LARGEST} values", got=str(shape))
    return shape


def like_model(leaf: Tensor, model: nn.Module | ExportedProgram) -> Tensor:
    """On the model's device, and of its float type; no tensor of inference mode, which gradients cannot pass."""
    leaf = leaf.clone() if leaf.is_inference() else leaf
    values = model.parameters() if isinstance(model, nn.Module) else iter(model.state_dict.values())
    reference = next((value for value in values if value.is_floating_point()), None)
    if reference is None:
        return leaf
    return leaf.to(reference.device, reference.dtype if leaf.is_floating_point() else None)


def as_arguments(model: nn.Module | ExportedProgram, leaves: tuple[Tensor, ...]) -> tuple[Any, ...]:
    """Positional arguments: several tensors go in as one list where the forward takes a single argument."""
    if len(leaves) == 1 or isinstance(model, ExportedProgram):
        return tuple(leaves)
    parameters = python_inspect.signature(model.forward).parameters.values()
    required = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    takes_many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return ([*leaves],) if len(required) == 1 and not takes_many else tuple(leaves)
