"""A program of tensor operations, the module that runs it, and the builder that writes it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from .. import reference as ref

PROBES = 4  # samples on which every value is computed while the program is written
SHAPES: dict[int, tuple[int, ...]] = {0: (12,), 1: (4, 16), 2: (3, 8, 8), 3: (2, 4, 6, 6)}
LARGEST = 800  # elements of a value, per sample


@dataclass(frozen=True)
class Step:
    """One operation: a function, or the name of a module, and the numbers of the values it reads.

    Attributes:
        reference: the same in NumPy, where there is such a thing: a layer, or a function of arrays.
    """

    call: Callable[..., Any] | str
    inputs: tuple[int, ...]
    reference: Any = None


class RandomNet(nn.Module):
    """Value 0 is the input, every step makes the next one.

    Args:
        parts: modules by name. steps: the program. outputs: a tensor's number, or a tree of such.
        shape: of one input sample.
    """

    def __init__(self, parts: dict[str, nn.Module], steps: list[Step], outputs: Any, shape: tuple[int, ...]) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)
        self.steps, self.outputs, self.shape = steps, outputs, shape

    def forward(self, x: Tensor) -> Any:
        values: list[Any] = [x]
        for step in self.steps:
            call = getattr(self, step.call) if isinstance(step.call, str) else step.call
            values.append(call(*(values[number] for number in step.inputs)))
        return read(self.outputs, values)


def read(tree: Any, values: list[Any]) -> Any:
    """The values in the place of their numbers."""
    if isinstance(tree, dict):
        return {name: read(part, values) for name, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(read(part, values) for part in tree)
    return values[tree]


@dataclass
class Builder:
    """A program under construction, run on probes as it is written, so that shapes and sizes are known.

    Attributes:
        exact: only what the NumPy reference can simulate, with weights whose sums are exact in float32.
        values: every value on the probes; tuples where an operation returns several.
        layers: (name, shape it was called on) of modules with weights, to be used again.
    """

    random: random.Random
    exact: bool
    values: list[Any] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    parts: dict[str, nn.Module] = field(default_factory=dict)
    layers: list[tuple[str, torch.Size, Any]] = field(default_factory=list)

    def shape(self, x: int) -> tuple[int, ...]:
        """Of one sample."""
        return tuple(self.values[x].shape[1:])

    def dims(self, x: int) -> int:
        """Spatial dimensions: 0 of a vector."""
        return len(self.shape(x)) - 1

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def choose(self, options: Any) -> Any:
        return self.random.choice(list(options))

    def apply(self, call: Callable[..., Any] | str, *inputs: int, reference: Any = None) -> int:
        """Append an operation; its value's number."""
        function = self.parts[call] if isinstance(call, str) else call
        self.values.append(function(*(self.values[number] for number in inputs)))
        self.steps.append(Step(call, inputs, reference))
        return len(self.values) - 1

    def module(self, module: nn.Module, *inputs: int, reference: Any = None) -> int:
        name = f"{type(module).__name__.lower()}{len(self.parts)}"
        self.parts[name] = module.eval()
        return self.apply(name, *inputs, reference=reference)

    def layer(self, module: nn.Module, x: int, reference: Callable[[Any], Any] | None = None) -> int:
        """A module with weights, scaled so that what it puts out neither vanishes nor explodes."""
        self.scale(module, x)
        made = reference(module) if reference else None
        y = self.module(module, x, reference=made)
        self.layers.append((str(self.steps[-1].call), self.values[x].shape, reference))
        return y

    def scale(self, module: Any, x: int) -> None:
        weight, bias = module.weight, module.bias
        if self.exact:
            for parameter in (weight, bias):
                if parameter is not None:
                    parameter.copy_(torch.round((torch.rand_like(parameter) - 0.5) * 8) / 8)
        elif bias is not None:
            bias.copy_(torch.randn_like(bias) * 0.3)
        spread = float(module(self.values[x]).std())
        factor = 1 / spread if spread > 1e-3 else 1.0
        weight.mul_(2.0 ** round(math.log2(factor)) if self.exact else factor)

    def others(self, x: int, fits: Callable[[tuple[int, ...]], bool]) -> list[int]:
        """Earlier values of which `fits` says that their shape will do."""
        tensors = [n for n, v in enumerate(self.values) if isinstance(v, Tensor) and v.dim() > 1 and n != x]
        return [n for n in tensors if fits(self.shape(n))]


def reference_of(net: RandomNet, site: Callable[[int], ref.Spiking]) -> ref.Program:
    """The network in the reference's parts.

    Args:
        site: the neuron at the n-th activation.
    """
    steps: list[tuple[Any, tuple[int, ...]]] = []
    count = 0
    for step in net.steps:
        part: Any = step.reference
        if part == "activation":
            part, count = site(count), count + 1
        steps.append((part if hasattr(part, "step") else ref.Stateless(part), step.inputs))
    return ref.Program(steps, net.outputs)
