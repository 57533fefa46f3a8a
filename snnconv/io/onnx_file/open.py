"""`open_onnx`: from a file to a network, and what the user should know about it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from ...errors import InputError, SnnconvError
from .compare import compare_with_onnxruntime
from .graph import Graph
from .network import OnnxNetwork, build_network
from .packages import REMEDY, onnxruntime
from .prepare import prepare
from .read import read_graph
from .trial import check_free_batch, check_sizes, trial_inputs, trial_shapes

Opened = tuple[OnnxNetwork, list[str]]
DISAGREES = 1e-3
DISAGREES_HALF = 2e-2  # numbers of half precision are computed as single ones here
OPEN = "the file leaves sizes of its input open, and none of the usual ones runs; say them with --input-shape"
UNCHECKED = "unchecked: not compared with onnxruntime"


def open_onnx(path: str | os.PathLike[str]) -> tuple[OnnxNetwork, list[str]]:
    """Read an ONNX file. Nothing in it is run but the operations of the standard.

    Returns:
        The network, in eval mode, channels first, for any batch size; and notes for the user: what was changed, and how
        well it agrees with onnxruntime where that is installed.

    Raises:
        InputError: the package onnx is missing, or the file is missing, cut short, damaged or absurd.
        UnsupportedModelError: it holds what cannot be read.
    """
    graph = read_graph(path)
    fixed = graph.fixed_batch
    if all(len(entry.shape) == 1 and (entry.shape[0] or 0) > 1 for entry in graph.inputs):  # numbers of one sample
        return first_of(lambda: whole(path, graph, single=True), lambda: whole(path, read_graph(path), single=False))
    if fixed is None:
        return whole(path, graph, single=False)
    network = None
    try:
        network = built(path, graph, single=False)
        return tried(path, network, fixed)
    except SnnconvError as reason:
        try:
            return whole(path, read_graph(path), single=True)
        except SnnconvError as other:
            raise (other if network is not None and fixed > 1 else reason) from None


def first_of(*ways: Callable[[], Opened]) -> Opened:
    """What the first of two ways gives that works.

    Raises:
        SnnconvError: of the first way, when both fail.
    """
    try:
        return ways[0]()
    except SnnconvError as reason:
        try:
            return ways[1]()
        except SnnconvError:
            raise reason from None


def whole(path: str | os.PathLike[str], graph: Graph, single: bool) -> Opened:
    fixed = None if single else graph.fixed_batch
    return tried(path, built(path, graph, single), fixed)


@contextmanager
def holding_together(path: str | os.PathLike[str]) -> Iterator[None]:
    """A file can be wrong in more ways than there are checks; a traceback would help nobody."""
    try:
        yield
    except SnnconvError:
        raise
    except Exception as error:
        raise InputError(
            "the ONNX file does not hold together",
            got=f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}",
            where=str(path),
        ) from error


def built(path: str | os.PathLike[str], graph: Graph, single: bool) -> OnnxNetwork:
    """The network of a graph: its first dimension the batch, or (`single`) one put in front."""
    with holding_together(path):
        prepare(graph, single)
        return build_network(graph)


def tried(path: str | os.PathLike[str], network: OnnxNetwork, fixed: int | None) -> Opened:
    """Run for any batch size, and compared."""
    with holding_together(path):
        notes = changes(network, fixed)
        shapes = trial_shapes(network, fixed)
        if shapes is None:
            return network, [*notes, f"{UNCHECKED}: {OPEN}"]
        check_sizes(network, shapes, fixed)
        inputs = trial_inputs(network, shapes)
        check_free_batch(network, inputs)
        return network, [*notes, agreement(path, network, inputs)]


def changes(network: OnnxNetwork, fixed: int | None) -> list[str]:
    """What is different from the file."""
    notes = []
    turned = [entry for entry in network.inputs if entry.order is not None]
    if turned:
        shape = ", ".join(str(size or "?") for size in turned[0].shape[1:])
        notes.append(f"the file takes channels last; the network takes channels first, such as ({shape})")
    if any(entry.single for entry in network.inputs):
        shape = " and ".join(str(tuple(size for size in entry.shape[1:])) for entry in network.inputs)
        notes.append(f"the file takes one sample, without a batch dimension; the network takes a batch of {shape}")
    if fixed is not None:
        notes.append(f"the file fixes its batch at {fixed}; the network takes any")
    return notes


def agreement(path: str | os.PathLike[str], network: OnnxNetwork, inputs: tuple[torch.Tensor, ...]) -> str:
    """One line on how it compares with onnxruntime.

    Raises:
        InputError: it does not: the file would be converted into something else.
    """
    if onnxruntime() is None:
        return f"{UNCHECKED}, which is not installed ({REMEDY})"
    try:
        error = compare_with_onnxruntime(path, network, inputs)
    except InputError as reason:
        return f"{UNCHECKED}: {reason}"
    if math.isnan(error):
        return f"{UNCHECKED}: the outputs are not finite"
    if error > (DISAGREES_HALF if network.half_precision else DISAGREES):
        raise InputError(
            "the network read from the ONNX file disagrees with onnxruntime",
            expected=f"a relative error of at most {DISAGREES_HALF if network.half_precision else DISAGREES:g}",
            got=f"{error:.2g}",
            where=str(path),
            remedy="take the model where it was made and export it with torch.export, and report this file",
        )
    at = "" if network.input_shapes else f", tried with {' and '.join(str(tuple(x.shape[1:])) for x in inputs)}"
    return f"agrees with onnxruntime to {error:.1g} relative{at}"
