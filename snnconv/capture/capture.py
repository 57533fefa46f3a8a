"""From an nn.Module to an ATen program: torch.export with a free batch size, the caller's model left as it was."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.export import Dim, ExportedProgram
from torch.export.graph_signature import InputKind
from torch.utils import _pytree as pytree

from ..errors import UnsupportedModelError
from ..modes import callers_defaults
from .frozen_clips import settled
from .outputs import plain_forward
from .plain_names import keep_names, plain_program
from .refused import first_line as first_line
from .refused import muted_export_log, refusal
from .spelled_out import SpelledOut

UNREGISTERED = "in output, which is not a known type"  # torch's words
ABSENT = nullcontext()
MIN_BATCH = 2  # exporting at batch 1 bakes the 1 into views and expands
FreeDims = Callable[[int, torch.Tensor], list[int]]  # of an input's number and its example: the dimensions left free


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """Put `model` into eval mode, with the caller's defaults of torch; afterwards every module gets its own flag back
    (`train()` would set one for all)."""
    flags = [(module, module.training) for module in model.modules()]
    for module, _ in flags:
        module.training = False  # not model.eval(): the module of an exported program refuses that
    try:
        with torch.no_grad(), callers_defaults():
            yield model
    finally:
        for module, training in flags:
            module.training = training


def fresh(inputs: Any) -> Any:
    """The same tensors in new containers: a model that writes `x[0] = …` must not change the caller's list."""
    return pytree.tree_map(lambda leaf: leaf, inputs)


def batch_alone(number: int, leaf: torch.Tensor) -> list[int]:
    return [0]


def capture(
    model: nn.Module,
    inputs: tuple[Any, ...],
    free: FreeDims = batch_alone,
    watch: AbstractContextManager[Any] = ABSENT,
) -> ExportedProgram:
    """Export `model` in eval mode with dimension 0 of every input tensor free.

    Args:
        model: any module that torch.export can take. Not changed: training flags are restored.
        inputs: positional example arguments, batch size at least 2.
        free: the dimensions that the exporter may leave free; see `free_sizes.capture_free`, which asks for all.
        watch: a mode of torch functions that the export runs in.

    Raises:
        InputError: the model does not run on these inputs.
        UnsupportedModelError: torch.export refused the model, or the model fixes its batch size.
    """

    numbers = itertools.count()

    def freed(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor) or leaf.dim() == 0:
            return None
        return dict.fromkeys(free(next(numbers), leaf), Dim.AUTO)

    with evaluating(model), settled(model), muted_export_log(), SpelledOut(), watch:
        try:
            shapes = as_signature(model, pytree.tree_map(freed, inputs))
            program = exported(model, inputs, shapes)
        except Exception as error:  # torch.export raises whatever the traced Python raised
            if free is not batch_alone:  # another export follows: nobody reads why
                raise UnsupportedModelError(first_line(error)) from error
            raise refusal(model, inputs, error) from error
    require_free_batch(program, type(model).__name__)
    return plain_program(program)


def exported(model: nn.Module, inputs: tuple[Any, ...], shapes: tuple[Any, ...]) -> ExportedProgram:
    """torch.export, with dicts in place of outputs in containers that torch does not know."""

    def run() -> ExportedProgram:
        return torch.export.export(model, fresh(inputs), dynamic_shapes=shapes, strict=False)

    try:
        return run()
    except Exception as error:
        if UNREGISTERED not in str(error):
            raise
    with plain_forward(model):
        return run()


def as_signature(model: nn.Module, shapes: tuple[Any, ...]) -> tuple[Any, ...]:
    """Shapes of positional arguments, those that a `*inputs` takes as one tuple: so torch.export wants them."""
    kinds = [parameter.kind for parameter in inspect.signature(model.forward).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL not in kinds:
        return shapes
    place = kinds.index(inspect.Parameter.VAR_POSITIONAL)
    return (*shapes[:place], shapes[place:])


def recapture(program: ExportedProgram) -> ExportedProgram:
    """The program itself if its batch size is free, else exported again from its own graph with a free batch size."""
    program = plain_program(program)
    if has_free_batch(program):
        return program
    return keep_names(capture(program.module(check_guards=False), widened_example(program)), program)


def widened_example(program: ExportedProgram) -> tuple[Any, ...]:
    """The example that a program was exported from, with a batch of at least `MIN_BATCH`.

    Raises:
        UnsupportedModelError: it carries none.
    """
    (args, kwargs) = program.example_inputs or ((), {})
    if not args or kwargs:
        raise UnsupportedModelError(
            "the exported program fixes its batch size and carries no example inputs to export it again with",
            remedy="export it with dynamic_shapes, batch dimension Dim.AUTO, from a batch of at least 2",
        )
    return pytree.tree_map(widen_batch, tuple(args))


def widen_batch(leaf: Any) -> Any:
    """An example tensor with a batch of at least `MIN_BATCH`, by repetition."""
    if not isinstance(leaf, torch.Tensor) or leaf.dim() == 0 or leaf.shape[0] >= MIN_BATCH:
        return leaf
    return leaf.expand(MIN_BATCH, *leaf.shape[1:]).contiguous()


def user_inputs(program: ExportedProgram) -> list[torch.fx.Node]:
    """The placeholders a caller fills, in order (parameters and buffers are lifted placeholders too)."""
    names = {spec.arg.name for spec in program.graph_signature.input_specs if spec.kind == InputKind.USER_INPUT}
    return [node for node in program.graph.nodes if node.op == "placeholder" and node.name in names]


def has_free_batch(program: ExportedProgram) -> bool:
    """Whether dimension 0 of every input tensor is a free symbol (Dim.AUTO may leave a symbol that stands for 2)."""
    values = [node.meta.get("val") for node in user_inputs(program)]
    sizes = [value.shape[0] for value in values if isinstance(value, torch.Tensor) and value.dim() > 0]
    return bool(sizes) and all(isinstance(size, torch.SymInt) and not size.node.expr.is_number for size in sizes)


def require_free_batch(program: ExportedProgram, name: str) -> None:
    if not has_free_batch(program):
        raise UnsupportedModelError(
            f"{name} fixes its batch size: exported from a batch of {MIN_BATCH}, it takes no other",
            expected="a network that works for every batch size (time steps are folded into the batch)",
            remedy="replace len(x) and constant sizes, as in x.reshape(2, …), by x.shape[0] or -1",
        )
