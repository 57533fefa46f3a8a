"""Outputs, labels and accuracy, checked where they meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, fx, nn

from ..capture.examples import as_arguments
from ..data import DataSource, batch_inputs, batch_labels
from ..errors import InputError
from ..graph.graphs import as_call
from ..measure.distributed import Group
from ..measure.evaluate import batches_in, first_tensor, not_scores, of_samples, report_unread_files, taking, views_of
from ..placement import placement_of
from ..progress import track
from .feed import Batch


def scores(network: Any, module: nn.Module, batch: Batch, where: str) -> tuple[Tensor, Tensor]:
    """The network's class scores [B, classes] for a batch, and its labels on the same device.

    Args:
        module: the network itself, which `network` may wrap.

    Raises:
        InputError: inputs that the network cannot run on, no such output, or a label that is not a class.
    """
    inputs, labels = batch
    reference = placement_of(module)
    moved = tuple(x.to(reference.device, non_blocking=True) for x in inputs)
    arguments = as_call(module, moved) if isinstance(module, fx.GraphModule) else as_arguments(module, moved)
    with taking(arguments, where):
        output = first_tensor(network(*arguments))
    if output.dim() != 2 or output.shape[1] < 2:
        raise not_scores([list(output.shape)])
    check_labels(labels, output.shape[1], where)
    return output.float(), labels.to(output.device)


def check_labels(labels: Tensor, classes: int, where: str) -> None:
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise InputError(
            "a label is out of range",
            expected=f"0 to {classes - 1}, the network has {classes} classes",
            got=f"{int(labels.min())} to {int(labels.max())}",
            where=where,
        )


def validate(
    network: nn.Module, data: Iterable[Any], group: Group, precision: AbstractContextManager[Any] | None = None
) -> tuple[int, int]:
    """(correct, samples) over the validation data; each of several processes sees to its share of the batches.

    Raises:
        InputError: the data are empty or have no labels, or labels that are not classes.
    """
    correct = samples = 0
    views = views_of(data)
    training = network.training
    network.eval()
    with torch.no_grad(), precision or nullcontext():
        for number, values in own_batches(data, group):
            where = f"validation batch {number}"
            inputs, labels = batch_inputs(values, where), batch_labels(values, where)
            if labels is None:
                raise InputError("the validation data has no labels", expected="batches (x, y), integer y", where=where)
            output, labels = scores(network, network, (inputs, labels), where)
            output, labels = of_samples(output, views), labels[::views]
            correct += int((output.argmax(1) == labels).sum())
            samples += len(labels)
    network.train(training)
    counts = group.gather((correct, samples))
    correct, samples = sum(count for count, _ in counts), sum(count for _, count in counts)
    if not samples:
        raise InputError("the validation data is empty", expected="at least one labelled batch", got="none")
    return correct, samples


def own_batches(data: Iterable[Any], group: Group) -> Iterator[tuple[int, Any]]:
    """Every batch of which this process is the one to see to it, with its number."""
    if isinstance(data, DataSource):
        numbers = range(group.rank, data.batches, group.size)
        yield from track(data.numbered(numbers), "validating", len(numbers))
        report_unread_files(data, group)
        return
    for number, batch in enumerate(track(data, "validating", batches_in(data))):
        if number % group.size == group.rank:
            yield number, batch
