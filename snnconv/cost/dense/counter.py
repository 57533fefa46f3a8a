"""One counter over the captured graph; a convention says what its quantities add up to."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.export import ExportedProgram

from ...capture.capture import capture, recapture
from ...capture.examples import InputShape, examples_of
from ...capture.functionalise import out_of_place
from ...capture.inlining import inline_regions
from ...graph.graphs import value_of
from ...graph.names import name_of
from ...graph.quantities import rule_of
from ...graph.stack import path_around
from .conventions import CONVENTIONS


@dataclass(frozen=True)
class Count:
    """Dense operations of one sample.

    Attributes:
        ops: the total by the convention.
        parameters: trainable and frozen parameters of the model, buffers not included.
        by_layer: {module path: operations}.
        quantities: what was counted before the convention weighed it.
        unsupported: operations of the graph that no rule knows: {name: how often}.
    """

    ops: int
    parameters: int
    convention: str
    input_shape: list[tuple[int, ...]]
    by_layer: dict[str, int]
    quantities: dict[str, int]
    unsupported: dict[str, int]

    def unsupported_ops(self) -> list[str]:
        """Names of the operations that were not counted because no rule knows them, the most frequent first."""
        return sorted(self.unsupported, key=lambda name: (-self.unsupported[name], name))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def count(
    model: nn.Module | ExportedProgram, input_shape: InputShape | None = None, *, convention: str = "mac"
) -> Count:
    """Count the dense operations of a model for one input sample.

    Args:
        input_shape: shape of one sample, such as (3, 224, 224); a list of shapes if the network takes several inputs;
            inferred as `convert` does if it is not given.
        convention: "mac", "conv", "mac+bias", "fvcore-eval", "fvcore-train" or "mmcv".

    Raises:
        InputError: an unknown convention or shape. UnsupportedModelError: torch.export cannot take the model.
    """
    weights = CONVENTIONS[convention].weights
    examples = examples_of(model, None, input_shape)
    program = capture(model, examples.arguments) if isinstance(model, nn.Module) else recapture(model)
    program = inline_regions(program)
    totals: Counter[str] = Counter()
    layers: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for node in program.graph.nodes:
        if node.op != "call_function" or not isinstance(value_of(node), (torch.Tensor, tuple, list)):
            continue
        name = operation(node)
        if (rule := rule_of(name)) is None:
            unknown[name] += 1
            continue
        found = rule(node)
        totals.update(found)
        layers[layer_of(node)] += int(sum(weights.get(key, 0) * amount for key, amount in found.items()))
    return Count(
        ops=sum(layers.values()),
        parameters=sum(value.numel() for value in parameters(program)),
        convention=convention,
        input_shape=examples.shapes,
        by_layer={name: amount for name, amount in layers.items() if amount},
        quantities={name: amount for name, amount in sorted(totals.items()) if amount},
        unsupported=dict(unknown),
    )


def layer_of(node: fx.Node) -> str:
    """Path of the module whose forward the operation is in; the operation's name outside all of them."""
    return path_around(node) or operation(node)


def operation(node: fx.Node) -> str:
    """The operation's name, in place or not."""
    copy = out_of_place(node.target)
    return copy._schema.name.split("::")[1] if isinstance(copy, torch._ops.OpOverload) else name_of(node)


def parameters(program: ExportedProgram) -> list[torch.Tensor]:
    """Each parameter once, tied ones too."""
    unique = {id(value): value for value in program.state_dict.values() if isinstance(value, nn.Parameter)}
    return list(unique.values())
