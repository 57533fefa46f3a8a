"""The network that an ONNX file becomes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import InputError, UnsupportedModelError
from ...graph.graphs import put_module
from .graph import Graph, Input, Layer, Node, Value
from .names import name_modules
from .ops import OPERATIONS
from .ops.table import parameter
from .unread import build

SEVERAL_OUTPUTS = {"Split"}


@dataclass(frozen=True)
class Step:
    """One call: of the module at `path`, or of a function; names of the values that go in and come out."""

    label: str
    path: str
    function: Callable[..., Any] | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class OnnxNetwork(nn.Module):
    """Runs the operations of an ONNX file in their order; channels first, any batch size.

    Attributes:
        inputs: what the file says of its inputs.
        half_precision: whether the file computes in half precision, at least in part.
        input_shapes: one sample's shape for each input; None where the file leaves a size open.
    """

    def __init__(self, steps: list[Step], constants: dict[str, np.ndarray], graph: Graph) -> None:
        super().__init__()
        self.steps, self.constants = steps, constants
        self.last = last_uses(steps, graph.outputs)
        self.inputs: list[Input] = list(graph.inputs)
        self.outputs = list(graph.outputs)
        self.half_precision = graph.half_precision

    @property
    def input_shapes(self) -> list[tuple[int, ...]] | None:
        known = [tuple(size for size in entry.shape[1:] if size is not None) for entry in self.inputs]
        complete = all(entry.shape and len(shape) == len(entry.shape) - 1 for shape, entry in zip(known, self.inputs))
        return known if complete else None

    @property
    def input_dtypes(self) -> list[torch.dtype]:
        return [getattr(torch, entry.dtype) for entry in self.inputs]

    def forward(self, *inputs: Tensor) -> Any:
        """Tensors [B, C, …] to the file's outputs: a tensor, or a tuple of them where there are several."""
        values = self.values(inputs)
        for step, unused in zip(self.steps, self.last):
            self.run(step, values)
            for name in unused:
                del values[name]
        found = tuple(values[name] for name in self.outputs)
        return found[0] if len(found) == 1 else found

    def values(self, inputs: tuple[Tensor, ...]) -> dict[str, Value]:
        """What is there before the first step, by name."""
        if len(inputs) != len(self.inputs):
            names = ", ".join(entry.name for entry in self.inputs)
            raise InputError("wrong number of inputs", expected=f"{len(self.inputs)}: {names}", got=str(len(inputs)))
        return {**self.constants, **{entry.name: x for entry, x in zip(self.inputs, inputs)}}

    def run(self, step: Step, values: dict[str, Value]) -> None:
        """One step: adds its outputs to `values`."""
        call = self.get_submodule(step.path) if step.function is None else step.function
        try:
            result = call(*(values[name] for name in step.inputs))
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            raise InputError(
                f"the ONNX operation {step.label} does not run",
                got=f"{type(error).__name__}: {lines[0][:200]}",
                remedy="does the input have the shape that the network was made for (--input-shape)?",
            ) from error
        values.update(zip(step.outputs, result if isinstance(result, (list, tuple)) else (result,)))

    def on_meta(self) -> OnnxNetwork:
        """The same network without numbers; functions are shared."""
        twin = copy.copy(self)
        blanks: dict[int, Any] = {id(x): nn.Parameter(x.detach().to("meta")) for x in self.parameters()}
        blanks |= {id(x): x.to("meta") for x in self.buffers()}
        twin._modules = copy.deepcopy(self._modules, blanks)  # in place of every weight its blank: no copy is made
        return twin


def last_uses(steps: list[Step], outputs: list[str]) -> list[tuple[str, ...]]:
    """For each step the values that nothing needs after it: a run holds no more at once than it has to."""
    seen = set(outputs)
    found = []
    for step in reversed(steps):
        names = dict.fromkeys((*step.inputs, *step.outputs))
        found.append(tuple(name for name in names if name not in seen))
        seen |= names.keys()
    return found[::-1]


class WithWeight(nn.Module):
    """A function of which one input is a weight."""

    def __init__(self, function: Callable[..., Any], place: int, array: np.ndarray) -> None:
        super().__init__()
        self.function, self.place = function, place
        self.weight = parameter(array)

    def forward(self, *values: Value) -> Any:
        return self.function(*values[: self.place], self.weight, *values[self.place :])


def build_network(graph: Graph) -> OnnxNetwork:
    """A module for every operation that has one in PyTorch, functions for the rest.

    Raises:
        UnsupportedModelError: operations that are not read, all of them at once.
        InputError: the order of the operations does not hold together.
    """
    check_order(graph)
    missing = sorted({node.op for node in graph.nodes} - set(OPERATIONS))
    if missing:
        raise UnsupportedModelError(
            f"the ONNX file holds operations that are not read here: {', '.join(name[:80] for name in missing)}",
            where=graph.where,
            remedy="take the model where it was made and export it with torch.export",
        )
    check_outputs(graph)
    name_modules(graph.nodes)
    steps, modules = [], {}
    for node in graph.nodes:
        layer, inputs = weights_inside(node, build_layer(node, graph))
        if isinstance(layer.call, nn.Module):
            modules[node.path] = layer.call
        function = None if isinstance(layer.call, nn.Module) else layer.call
        steps.append(Step(str(node), node.path, function, inputs, tuple(node.outputs)))
    used = {name for step in steps for name in (*step.inputs, *graph.outputs)}
    network = OnnxNetwork(steps, {name: value for name, value in graph.constants.items() if name in used}, graph)
    for path, module in modules.items():
        put_module(network, path, module)
    return network.eval()


def build_layer(node: Node, graph: Graph) -> Layer:
    """The layer of a node; what is missing in its attributes or shapes is the file's fault."""
    try:
        return build(node)
    except (InputError, UnsupportedModelError):
        raise
    except Exception as error:
        raise InputError(
            f"the ONNX operation {node} does not make sense",
            got=f"{type(error).__name__}: {str(error)[:200]}",
            where=graph.where,
        ) from error


def weights_inside(node: Node, layer: Layer) -> tuple[Layer, tuple[str, ...]]:
    """The layer, a constant that it is called with as its parameter; names of the inputs that are left."""
    names = [node.inputs[index] for index in layer.inputs]
    if isinstance(layer.call, nn.Module):
        return layer, tuple(names)
    for place, name in enumerate(names):
        array = node.constants.get(name)
        if array is None or (node.op == "Concat" and array.ndim == 1):
            continue  # numbers joined to a list are not weights, but as the scales of a Resize
        if array.dtype.kind == "f" and array.size > 1 and len(set(names)) == len(names):
            wrapped = Layer(WithWeight(layer.call, place, array), layer.inputs)
            return wrapped, tuple(names[:place] + names[place + 1 :])
    return layer, tuple(names)


def check_outputs(graph: Graph) -> None:
    """Nothing is used that an operation gives beside its result: masks, places of maxima, statistics."""
    used = {name for node in graph.nodes for name in node.inputs} | set(graph.outputs)
    for node in graph.nodes:
        more = [name for name in node.outputs[1:] if name and name in used]
        if more and node.op not in SEVERAL_OUTPUTS:
            raise node.unsupported(f"its output {more[0][:80]!r} beside the result is used")


def check_order(graph: Graph) -> None:
    """Every value is made before it is used, and once."""
    known = {*graph.constants, *(entry.name for entry in graph.inputs)}
    for node in graph.nodes:
        lacking = [name for name in node.inputs if name and name not in known]
        again = [name for name in node.outputs if name and name in known]
        if lacking or again:
            raise InputError(
                "the operations of the ONNX file do not follow each other",
                got=f"{node} uses {lacking[0]!r}, which nothing makes" if lacking else f"{again[0]!r} is made twice",
                where=graph.where,
            )
        known.update(node.outputs)
    lacking = [name for name in graph.outputs if name not in known]
    if lacking:
        raise InputError("an output of the ONNX file is never made", got=repr(lacking[0]), where=graph.where)
