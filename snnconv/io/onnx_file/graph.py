"""An ONNX graph in plain Python: nodes with their attributes, constants as NumPy arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor, nn

from ...errors import InputError, UnsupportedModelError

Value = (
    Tensor | np.ndarray
)  # of a run: arrays are shapes and what is computed from them (entries may be symbolic sizes)


class Attributes(dict[str, Any]):
    """A node's attributes by name; remembers which of them were asked for, so that none is passed over in silence."""

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        super().__init__(given or {})
        self.asked: set[object] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.asked.add(name)
        return super().__contains__(name)


@dataclass(eq=False)
class Node:
    """One operation.

    Attributes:
        op: its type, as `Conv`.
        name: as in the file; may be empty.
        inputs: names of values, "" for one left out.
        outputs: names of values.
        attributes: by name; tensors are arrays, texts are str.
        path: where its module stands in the network.
        opset: version of the operator set that says what the operation means.
        constants: all constants of the graph.
        input_shape: of the first input, None where a size is free; () where nothing is known.
        asked: places of the inputs whose constants were asked for.
    """

    op: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: Attributes
    opset: int
    constants: dict[str, np.ndarray] = field(repr=False)
    path: str = ""
    input_shape: tuple[int | None, ...] = ()
    asked: set[int] = field(default_factory=set, repr=False)

    @property
    def rank(self) -> int:
        """Dimensions of the first input; 0 where they are not known."""
        return len(self.input_shape)

    def __str__(self) -> str:
        shown = f"{self.op} {self.name or ' '.join(self.outputs)}"[:100]
        return shown if shown.isprintable() else ascii(shown)

    def has(self, index: int) -> bool:
        """Whether an input is given."""
        return index < len(self.inputs) and bool(self.inputs[index])

    def is_constant(self, index: int) -> bool:
        return self.has(index) and self.inputs[index] in self.constants

    def constant(self, index: int, what: str) -> np.ndarray:
        """The array at an input that has to be a constant.

        Raises:
            UnsupportedModelError: it is computed by the network, or left out.
        """
        if not self.is_constant(index):
            raise self.unsupported(f"its {what} has to be a constant")
        self.asked.add(index)
        return self.constants[self.inputs[index]]

    def integers(self, index: int, attribute: str) -> list[int] | None:
        """Whole numbers that older operator sets take as an attribute and newer ones as a constant input.

        None where neither is there.
        """
        found = self.attributes.get(attribute)
        if found is None and self.has(index):
            found = self.constant(index, attribute).reshape(-1).tolist()
        return None if found is None else [int(number) for number in ([found] if isinstance(found, int) else found)]

    def scalar(self, index: int, attribute: str, default: float | None) -> float | None:
        """One number, as an attribute or as a constant input."""
        if self.has(index):
            array = self.constant(index, attribute)
            if array.size != 1:
                raise self.unsupported(f"its {attribute} has {array.size} values")
            return float(array.reshape(()))
        found = self.attributes.get(attribute, default)
        return None if found is None else float(found)

    def unsupported(self, reason: str) -> UnsupportedModelError:
        """The error for a form of an operation that is not read."""
        return UnsupportedModelError(f"the ONNX operation {self} cannot be read: {reason}", remedy=REMEDY)


REMEDY = "take the model where it was made and export it with torch.export, or export it to ONNX with other settings"


@dataclass(frozen=True)
class Input:
    """An input of the graph.

    Attributes:
        shape: sizes with the batch first, None where one is free.
        dtype: of its numbers, in torch's words.
        order: how the network's input is permuted to give the file's; None: not at all.
        single: the file takes one sample, without a batch dimension.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"
    order: tuple[int, ...] | None = None
    single: bool = False


@dataclass(frozen=True)
class Branch:
    """A graph inside an operation; its names are told apart from all others, its constants stand among the graph's."""

    nodes: list[Node]
    outputs: list[str]


@dataclass
class Graph:
    """A network as the file has it."""

    nodes: list[Node]
    constants: dict[str, np.ndarray]
    inputs: list[Input]
    outputs: list[str]
    shapes: dict[str, tuple[int | None, ...]]  # of values, where shape inference knows them
    where: str
    half_precision: bool = False  # whether some of its numbers are of half precision
    uses: Counter[str] = field(default_factory=Counter)  # of each value, counted once (`fuse`)

    @property
    def fixed_batch(self) -> int | None:
        """The batch size that the file insists on; None where it is free."""
        return next((shape.shape[0] for shape in self.inputs if shape.shape), None)


@dataclass(frozen=True)
class Layer:
    """What a node becomes: a module or function, and which of the node's inputs it is called with."""

    call: nn.Module | Callable[..., Any]
    inputs: tuple[int, ...] = (0,)


Builder = Callable[[Node], Layer]


def bad_file(problem: str, where: str, got: str | None = None) -> InputError:
    """The error for a file that is not a usable ONNX model."""
    return InputError(problem, got=got, where=where, remedy="download or copy it again, or export the model again")
