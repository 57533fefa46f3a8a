"""The modules that are exported: one step, what it starts from, or all steps; and their programs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from ..errors import UnsupportedModelError
from ..graph.whole_inputs import blank_inputs
from ..network import SpikingNetwork
from ..placement import placement_of
from ..simulate.step_module import StepModule

BATCH = 3  # of the example: neither of the numbers that torch.export takes for constants


class Traced(NamedTuple):
    """A program and the names of what goes in and comes out."""

    program: ExportedProgram
    inputs: list[str]
    outputs: list[str]


class AllSteps(nn.Module):
    """x → the mean output over all steps, and over the first t of them [T, B, …], for each output."""

    def __init__(self, snn: SpikingNetwork, T: int) -> None:
        super().__init__()
        program = snn._hidden[0]
        self.prefix, self.body = program.prefix, program.body
        self.T, self.warm_up = T, snn.warm_up

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        steps = self.warm_up + self.T
        leaves, _ = self.body({}, steps, False, *self.prefix(*inputs))
        sums = [summed(leaf.unflatten(0, (steps, -1))[self.warm_up :]) for leaf in leaves]
        return tuple(part for each in sums for part in (each[-1], torch.stack(each)))


def summed(by_step: Tensor) -> list[Tensor]:
    """Means of the first t steps, added up one after the other."""
    means, total = [], by_step[0].float()
    for t, value in enumerate(by_step):
        total = total + value if t else total
        means.append(total / (t + 1))
    return means


class Begins(nn.Module):
    """x → the state before the first step, which depends on the size of the batch alone.

    Args:
        state: of some batch.
    """

    def __init__(self, state: Sequence[Tensor]) -> None:
        super().__init__()
        self.shapes = [tuple(leaf.shape[1:]) for leaf in state]
        self.dims = [leaf.dim() for leaf in state]
        for number, leaf in enumerate(state):
            self.register_buffer(f"state{number}", shrunk(leaf))

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        batch = inputs[0].shape[0]
        leaves = [self.get_buffer(f"state{number}") for number in range(len(self.shapes))]
        return tuple(
            leaf.expand(batch, *shape).clone() if dims else leaf.clone()
            for leaf, shape, dims in zip(leaves, self.shapes, self.dims, strict=True)
        )


def shrunk(leaf: Tensor) -> Tensor:
    """The same with one entry along every dimension in which it does not vary."""
    for dim in range(leaf.dim()):
        first = leaf.narrow(dim, 0, 1)
        leaf = first if torch.equal(first.expand_as(leaf), leaf) else leaf
    return leaf.contiguous()


def example_of(snn: SpikingNetwork) -> list[Tensor]:
    """A batch of zeros."""
    return list(blank_inputs(snn.network.graph, snn.plan.input_shapes, BATCH, placement_of(snn)))


def input_names(inputs: Sequence[Tensor]) -> list[str]:
    return ["x"] if len(inputs) == 1 else [f"x{number}" for number in range(len(inputs))]


def output_names(count: int) -> list[str]:
    return ["output"] if count == 1 else [f"output{number}" for number in range(count)]


def step_programs(snn: SpikingNetwork) -> tuple[Traced, Traced]:
    """One step, and what the first of them starts from."""
    inputs = example_of(snn)
    step = StepModule(snn._hidden[0], inputs).eval()
    state, given = list(step.initial_state(*inputs)), input_names(inputs)
    with torch.no_grad():
        count = len(step(*inputs, *state)) - len(state)
    names, outputs = [*given, *step.names], [*output_names(count), *(f"{name}.next" for name in step.names)]
    return (
        Traced(program_of(step, [*inputs, *state]), names, outputs),
        Traced(program_of(Begins(state), inputs), given, step.names),
    )


def whole_program(snn: SpikingNetwork, T: int) -> Traced:
    """All T steps."""
    inputs = example_of(snn)
    program = program_of(AllSteps(snn, T).eval(), inputs, free_sizes(snn))
    count = len(program.graph_signature.user_outputs) // 2
    outputs = [name for output in output_names(count) for name in (output, f"{output}_by_step")]
    return Traced(program, input_names(inputs), outputs)


def free_sizes(snn: SpikingNetwork) -> list[dict[int, Any]]:
    """Of every input the dimensions that were free when the network was captured."""
    values = [node.meta["val"] for node in snn.network.graph.find_nodes(op="placeholder")]
    return [
        {dim: Dim.AUTO for dim, size in enumerate(value.shape) if dim and isinstance(size, torch.SymInt)}
        for value in values
        if isinstance(value, Tensor)
    ]


def program_of(
    module: nn.Module, inputs: Sequence[Tensor], free: Sequence[dict[int, Any]] | None = None
) -> ExportedProgram:
    """The module as a program that takes any batch.

    Args:
        free: further dimensions of each input that may be of any size.

    Raises:
        UnsupportedModelError: torch.export does not take it.
    """
    batch = Dim("batch")
    more = free or [{}] * len(inputs)
    shapes: Any = (tuple({0: batch} | sizes if leaf.dim() else None for leaf, sizes in zip(inputs, more)),)
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.export(module, tuple(inputs), dynamic_shapes=shapes, strict=False)
    except Exception as error:  # of whatever kind: it runs all of the network's Python
        raise UnsupportedModelError(
            "torch.export does not take the steps of this network",
            got=f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}",
        ) from error
