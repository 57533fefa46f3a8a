"""Networks of every kind, converted or as they are, on the same batches: what goes in, and the class scores out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.utils import _pytree as pytree

from ..capture.capture import evaluating
from ..capture.examples import as_arguments, like_model
from ..network import SpikingNetwork
from .evaluate import LabelledBatch, batches_as_they_come, placed, require_logits, require_sizes, taking

Network = nn.Module | ExportedProgram  # a SpikingNetwork is a module
Scores = Callable[[LabelledBatch], Tensor]  # a batch as it came → [B, classes]


@contextmanager
def scoring(network: Network, T: int | None = None) -> Iterator[Scores]:
    """The network in eval mode, without gradients, as a function from batches to class scores.

    Inputs go to its device, in its float type. Afterwards it is in the mode in which it was.

    Args:
        T: time steps of a converted network; None: its own.

    Raises:
        InputError: from the function: inputs that the network cannot run on, an output that is not [B, classes], or a
            label that is not a class.
    """
    if isinstance(network, SpikingNetwork):
        with torch.no_grad():
            yield lambda batch: last(
                network.run(placed(network, batch.arguments), T=T, count=False, keep_state=False).logits, batch
            )
        return
    module = network if isinstance(network, nn.Module) else network.module()

    def scores(batch: LabelledBatch) -> Tensor:
        leaves = tuple(like_model(leaf, network) for leaf in batch.arguments)
        with taking(leaves, batch.where):
            output = module(*as_arguments(network, leaves))
        return last(pytree.tree_map_only(Tensor, lambda leaf: leaf[None], output), batch)

    with evaluating(module):
        yield scores


def last(logits: Any, batch: LabelledBatch) -> Tensor:
    """The scores after the last of the time steps."""
    return require_logits(logits, batch)[-1]


def hits(scores: Scores, batch: LabelledBatch) -> int:
    """How many of the batch are classified correctly."""
    return int((scores(batch).argmax(-1).cpu() == batch.labels).sum())


def accuracy(network: Network, data: Iterable[Any], T: int | None = None) -> float:
    """Top-1 in %.

    Raises:
        InputError: the data are empty or have no labels, or the output is not [B, classes].
    """
    correct = samples = 0
    require_sizes(network, data)
    with scoring(network, T) as scores:
        for batch in batches_as_they_come(data, "evaluating"):
            correct += hits(scores, batch)
            samples += len(batch.labels)
    return 100 * correct / samples
