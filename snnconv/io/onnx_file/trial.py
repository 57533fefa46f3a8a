"""Tries a network out: without numbers first, which shows what a run would take."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from ...errors import InputError, UnsupportedModelError
from .batch import Shapes, free_batch, meta_inputs
from .compare import relative
from .network import OnnxNetwork

BATCH = 3
# Bytes that a run may hold at once: in proportion to the input, up to half a gibibyte, and to the weights beside. A
# stem of 64 channels for 32 frames of 112² holds 616 MB with its BatchNorm. An I3D has one, and 48 MB of weights.
LEAST, INPUT_FACTOR, MOST, WEIGHT_FACTOR = 2**27, 32, 2**29, 16
LARGEST = 2**28  # numbers in one value
ALIKE = 1e-4
SIZES = (
    64,
    224,
    32,
    28,
    16,
    8,
    128,
    256,
    299,
    112,
    96,
    384,
    12,
    10,
    7,
    6,
    5,
    4,
    3,
    2,
    1,
)  # tried where the file leaves one open
MOST_WIDTHS = 3
MOST_TRIALS = 63


class SizeLimit(TorchDispatchMode):
    """Refuses to compute what would not fit."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if any(isinstance(leaf, Tensor) and leaf.numel() > LARGEST for leaf in pytree.tree_leaves(result)):
            raise ValueError(f"a value with more than {LARGEST:,} numbers")
        return result


def trial_shapes(network: OnnxNetwork, batch: int | None) -> Shapes | None:
    """One sample's shape for each input: the file's, or where it leaves sizes open the first usual ones that run.

    None: the file does not tell how many dimensions there are, or none of them runs.

    Raises:
        InputError: the file asks for absurdly large inputs.
    """
    shapes = network.input_shapes
    if shapes is not None:
        if any(BATCH * torch.Size(shape).numel() > LARGEST for shape in shapes):
            raise InputError("the ONNX file takes absurdly large inputs", got=" and ".join(map(str, shapes)))
        return shapes
    if not all(entry.shape for entry in network.inputs):
        return None
    twin = network.on_meta()
    for shapes in itertools.islice(candidates(network), MOST_TRIALS):
        try:
            with torch.no_grad(), SizeLimit():
                twin(*meta_inputs(network, shapes, batch or BATCH))
        except (InputError, ValueError):
            continue
        return shapes
    return None


def candidates(network: OnnxNetwork) -> Iterator[Shapes]:
    """Shapes with a usual size at every open place; channels, and the last dimension, also as wide as some weight."""
    widths = list(dict.fromkeys(width for module in network.modules() for width in taken_by(module)))[:MOST_WIDTHS]
    seen = set()
    for size, width, place in itertools.product(SIZES, (None, *widths), (1, -1)):
        shapes = []
        for entry in network.inputs:
            filled = [size if length is None else length for length in entry.shape]
            if width and entry.shape[place] is None:
                filled[place] = width
            shapes.append(tuple(filled[1:]))
        if tuple(shapes) not in seen:
            seen.add(tuple(shapes))
            yield shapes


def taken_by(module: nn.Module) -> list[int]:
    """How many channels or features a layer takes."""
    found = getattr(module, "in_channels", None) or getattr(module, "in_features", None)
    return [found] if isinstance(found, int) else []


def trial_inputs(network: OnnxNetwork, shapes: Shapes) -> tuple[Tensor, ...]:
    """Random inputs of a batch of three, of both signs unless the outputs are not finite with those."""
    generator = torch.Generator().manual_seed(0)
    for draw in (torch.randn, torch.rand):
        inputs = tuple(
            draw(BATCH, *shape, generator=generator)
            if entry.dtype == "float32"
            else torch.randint(2, (BATCH, *shape), generator=generator)
            for shape, entry in zip(shapes, network.inputs)
        )
        with torch.no_grad():
            outputs = pytree.tree_leaves(network(*inputs))
        if all(bool(y.isfinite().all()) for y in outputs):
            break
    return inputs


def check_sizes(network: OnnxNetwork, shapes: Shapes, batch: int | None) -> None:
    """Run on shapes alone; a batch that the file fixes is freed on the way.

    Raises:
        InputError: an operation does not take what it gets, or some value would be absurdly large.
    """
    with torch.no_grad(), SizeLimit():
        if batch is not None:
            free_batch(network, shapes, batch)
        check_memory(network, meta_inputs(network, shapes, BATCH))


def check_memory(network: OnnxNetwork, inputs: tuple[Tensor, ...]) -> None:
    """Run on shapes alone, and count what is held: a file of three operations can ask for gigabytes.

    Raises:
        InputError: more than the input and the weights justify.
    """
    weights = sum(bytes_of(x) for x in network.state_dict().values())
    allowed = min(max(LEAST, INPUT_FACTOR * sum(map(bytes_of, inputs))), MOST) + WEIGHT_FACTOR * weights
    twin = network.on_meta()
    values = twin.values(inputs)
    for step, unused in zip(twin.steps, twin.last):
        twin.run(step, values)
        held = sum(bytes_of(x) for x in {id(x): x for x in values.values() if isinstance(x, Tensor)}.values())
        if held > allowed:
            raise InputError(
                "the ONNX file asks for values far larger than its input and its weights",
                expected=f"at most {allowed:,} bytes at once, for {BATCH} samples",
                got=f"{held:,} at {step.label}",
                remedy="export it for a smaller input",
            )
        for name in unused:
            del values[name]


def bytes_of(x: Tensor) -> int:
    return x.numel() * x.element_size()


def check_free_batch(network: OnnxNetwork, inputs: tuple[Tensor, ...]) -> None:
    """Three samples at once give what three runs give.

    Raises:
        UnsupportedModelError: they do not: the file fixes its batch size in a way that cannot be undone.
    """
    with torch.no_grad():
        together = pytree.tree_leaves(network(*inputs))
        alone = [pytree.tree_leaves(network(*(x[i : i + 1] for x in inputs))) for i in range(BATCH)]
    for y, *parts in zip(together, *alone):
        expected = torch.cat(parts)
        if bool(expected.isfinite().all()) and not relative(y, expected) < ALIKE:
            raise UnsupportedModelError(
                "the ONNX file fixes its batch size, and gives something else for several samples at once",
                remedy="export it with a dynamic batch (dynamic_axes, or dynamic_shapes with dynamo=True)",
            )
