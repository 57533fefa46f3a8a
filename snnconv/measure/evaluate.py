"""Labelled batches for a network and its outputs as class scores, checked: what every evaluation starts from."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from ..capture.capture import first_line
from ..capture.outputs import plain
from ..data import DataSource, batch_inputs, batch_labels
from ..data.batches import shapes_of
from ..errors import InputError, SnnconvError
from ..graph.graphs import as_call
from ..graph.whole_inputs import require_rows
from ..network import SpikingNetwork
from ..placement import placement_of
from ..progress import track
from .distributed import Group

DECODE = (
    "pass a module whose forward decodes it: `return self.model(x)[0]` for the first of several outputs, "
    "`return self.model(x).mean((-2, -1))` for a map of scores; on the command line as package.module:factory"
)
ONE_VALUE = (
    "for a yes-or-no score z, pass a module whose forward returns two scores, `torch.stack([-z, z], -1)` "
    "(`[1 - p, p]` for a probability); the error of a regression is measured by snnconv verify and snnconv diagnose"
)


@dataclass(frozen=True)
class LabelledBatch:
    """One batch, ready to run.

    Attributes:
        number: its place in the data.
        arguments: positional arguments of the network, on its device: `snn.run(arguments)`, `ann(*arguments)`; or of no
            network yet, the input tensors as they came.
        labels: int64 [B], on the CPU.
        where: names the batch in errors.
        views: of every sample, one after the other in the arguments, [B · views, …].
    """

    number: int
    arguments: tuple[Any, ...]
    labels: Tensor
    where: str
    views: int = 1

    def combined(self, scores: Tensor) -> Tensor:
        """Scores of the views as those of the samples."""
        return of_samples(scores, self.views)


def labelled_batches(snn: SpikingNetwork, data: Iterable[Any], doing: str) -> Iterator[LabelledBatch]:
    """The batches of the test data as the network takes them, with a progress bar.

    Args:
        doing: what the bar says, such as "sweeping".

    Raises:
        InputError: the data are empty or have no labels.
    """
    require_sizes(snn, data)
    for batch in batches_as_they_come(data, doing):
        require_rows(snn.lookups, batch.arguments, batch.where)
        yield replace(batch, arguments=placed(snn, batch.arguments))


def batches_as_they_come(data: Iterable[Any], doing: str) -> Iterator[LabelledBatch]:
    """The batches of the test data for networks of any kind, with a progress bar.

    Raises:
        InputError: the data are empty or have no labels.
    """
    count, views = 0, views_of(data)
    for number, batch in enumerate(track(data, doing, batches_in(data))):
        where = f"test batch {number}"
        labelled = LabelledBatch(
            number, batch_inputs(batch, where), require_labels(batch, where)[::views], where, views
        )
        count += len(labelled.labels)
        yield labelled
    if not count:
        raise InputError("the test data is empty", expected="at least one labelled batch", got="none")


def labelled_batch(
    snn: SpikingNetwork, batch: Any, number: int, views: int = 1, *, needed: bool = True
) -> LabelledBatch:
    """One batch as the network takes it.

    Args:
        views: of every sample in the batch, one after the other.
        needed: whether labels are; else those of a batch without are all −1.

    Raises:
        InputError: it has no labels, or inputs that are none.
    """
    where = f"test batch {number}"
    if needed or batch_labels(batch) is not None:
        labels = require_labels(batch, where)[::views]
    else:
        labels = torch.full((len(batch_inputs(batch, where)[0]) // views,), -1)
    return LabelledBatch(number, arguments_of(snn, batch, where), labels, where, views)


def is_empty(batch: Any) -> bool:
    """Whether a data source had nothing left of it: none of its files could be read."""
    return isinstance(batch, tuple) and len(batch) == 2 and isinstance(batch[1], Tensor) and not batch[1].numel()


def views_of(data: Iterable[Any]) -> int:
    """Rows of a batch for each sample."""
    return data.views if isinstance(data, DataSource) else 1


def of_samples(scores: Tensor, views: int) -> Tensor:
    """Scores of views [..., B · views, classes], those of a sample one after the other, as scores [..., B, classes].

    Softmax scores are averaged over the views, as SlowFast is evaluated (Feichtenhofer et al. 2019, arXiv:1812.03982,
    § 4): this is the logarithm of the mean, whose softmax is the mean again. Those of a single view stay as they are.
    """
    return scores if views == 1 else scores.unflatten(-2, (-1, views)).float().softmax(-1).mean(-2).log()


def view_notices(data: Iterable[Any]) -> list[str]:
    """What a result has to say of views."""
    views = views_of(data)
    return [f"accuracy is of clips, by the mean softmax of {views} views; costs are of one view"] * (views > 1)


def report_unread_files(data: Iterable[Any], group: Group) -> None:
    """Name the files that could not be read, once the data have been gone through; all processes have to call this."""
    if isinstance(data, DataSource) and data.random:
        bad, partial = zip(*group.gather(data.news()))
        data.tell((dict(ChainMap(*bad)), dict(ChainMap(*partial))))


def arguments_of(snn: SpikingNetwork, batch: Any, where: str) -> tuple[Any, ...]:
    """The inputs of a batch, labelled or not, as positional arguments of the network."""
    inputs = batch_inputs(batch, where=where)
    require_rows(snn.lookups, inputs, where)
    return placed(snn, inputs)


def placed(snn: SpikingNetwork, leaves: tuple[Tensor, ...]) -> tuple[Any, ...]:
    """Input tensors as positional arguments of the network: on its device, in its type."""
    device = placement_of(snn).device
    return pytree.tree_map(snn._like_network, as_call(snn.network, tuple(leaf.to(device) for leaf in leaves)))


def require_sizes(network: Any, data: Iterable[Any]) -> None:
    """Refuse data with samples of a size that a converted network does not take, before it runs on the others.

    Raises:
        InputError: there is one; it is named.
    """
    if isinstance(data, DataSource) and isinstance(network, SpikingNetwork):
        data.check_sizes(lambda leaves: network._flat(placed(network, leaves), {}))


def require_one_size(data: Iterable[Any], doing: str) -> None:
    """Refuse a data source of several sizes, before anything is run.

    Raises:
        InputError: it has them; the first sample of another size is named.
    """
    if isinstance(data, DataSource):
        data.check_one_size(doing)


def require_same_size(
    arguments: tuple[Any, ...], first: list[tuple[int, ...]] | None, doing: str, where: str
) -> list[tuple[int, ...]]:
    """The sizes of a batch's inputs, if they are those of the first batch; for batches of any kind.

    Raises:
        InputError: they are others.
    """
    shapes = shapes_of(pytree.tree_leaves(arguments))
    if first is not None and first != shapes:
        raise InputError(
            f"{doing} takes samples of one size", expected=" and ".join(map(str, first)),
            got=" and ".join(map(str, shapes)), where=where,
            remedy="bring them to one size, or measure those of each size by themselves",
        )  # fmt: skip
    return shapes


def batches_in(data: Iterable[Any]) -> int | None:
    """How many batches there are, where that is known; a `DataSource` counts samples, all else batches."""
    if isinstance(data, DataSource):
        return data.batches
    return len(data) if isinstance(data, Sized) else None


def normalization_of(data: Iterable[Any], snn: SpikingNetwork | None = None) -> dict[str, Any] | None:
    """The one applied to the data; where the data do not tell, the one a converted network was calibrated with."""
    if isinstance(data, DataSource):
        return None if data.normalization is None else data.normalization.to_dict()
    return None if snn is None else snn.plan.normalization


@contextmanager
def taking(inputs: Sequence[Any], where: str) -> Iterator[None]:
    """Inside the block a network runs on `inputs`; what it cannot do with them is an error that shows them.

    Raises:
        InputError: the network fails, as on other channels or another size than it was built for.
    """
    try:
        yield
    except (SnnconvError, torch.OutOfMemoryError):
        raise
    except (RuntimeError, AssertionError, IndexError, TypeError, ValueError) as error:
        shapes = ", ".join(str(list(leaf.shape)) for leaf in pytree.tree_leaves(inputs) if isinstance(leaf, Tensor))
        raise InputError(
            "the network cannot run on these inputs",
            got=f"{shapes}: {first_line(error)}",
            where=where,
            remedy="build it for them, as with --arch-arg in_channels=…, or prepare them as it was trained",
        ) from error


def count_correct(network: nn.Module, batch: LabelledBatch) -> int:
    """How many of the batch a network without time classifies correctly."""
    with torch.no_grad():
        output = batch.combined(first_tensor(network(*batch.arguments)))
    return int((output.argmax(-1).cpu() == batch.labels).sum())


def first_tensor(output: Any) -> Tensor:
    leaves = [leaf for leaf in pytree.tree_leaves(plain(output)) if isinstance(leaf, Tensor)]
    return leaves[0] if leaves else torch.zeros(0)


def require_labels(batch: Any, where: str) -> Tensor:
    labels = batch_labels(batch)
    if labels is None:
        raise InputError("the test data has no labels", expected="batches (x, y) with integer y", where=where)
    if labels.dim() != 1:
        raise InputError(
            "a batch has not one label per sample", expected=f"y [{len(labels)}]", got=f"y {list(labels.shape)}",
            where=where, remedy="classes as numbers: y.squeeze(1) of [N, 1], y.argmax(1) of one-hot labels",
        )  # fmt: skip
    return labels.cpu()


def require_scores(logits: Any) -> Tensor:
    """The logits of a run, if they are [T, B, classes], of at least two classes.

    Raises:
        InputError: they are something else.
    """
    if isinstance(logits, Tensor) and logits.dim() == 3 and logits.shape[-1] > 1:
        return logits
    shapes = [list(leaf.shape[1:]) for leaf in pytree.tree_leaves(logits) if isinstance(leaf, Tensor)]
    raise not_scores(shapes, "" if isinstance(logits, Tensor) else f"{type(logits).__name__} of ")


def not_scores(shapes: Sequence[list[int]], kind: str = "") -> InputError:
    """Outputs of these shapes, [B, …] each, are not class scores: what can be done."""
    single = len(shapes) == 1 and (len(shapes[0]) == 1 or shapes[0][1:] == [1])
    return InputError(
        "the network's output is one value per sample: without classes there is no accuracy"
        if single
        else "the network's output is not one score per class",
        expected="[B, classes], at least two classes",
        got=kind + (", ".join(map(str, shapes)) or "no tensor"),
        remedy=ONE_VALUE if single else DECODE,
    )


def require_logits(logits: Any, batch: LabelledBatch) -> Tensor:
    """The logits [T, B, classes] of the samples, if they are numbers and have a class for every label."""
    logits = batch.combined(require_scores(logits))
    if logits.isnan().any():
        raise InputError(
            "the network's output is not a number", got=f"NaN in {int(logits.isnan().any(-1).any(0).sum())} samples",
            where=batch.where, remedy="check the weights, the data and the float type (--dtype)",
        )  # fmt: skip
    classes, labels = logits.shape[-1], batch.labels
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise InputError(
            "a label is out of range",
            expected=f"0 to {classes - 1}, the network has {classes} classes",
            got=f"{int(labels.min())} to {int(labels.max())}",
            where=batch.where,
        )
    return logits


def require_plain_rates(snn: SpikingNetwork, doing: str) -> None:
    """Refuse networks whose spikes, counted from the first step on, do not stand for activations.

    Raises:
        InputError: neurons of differential coding, or steps of warm-up.
    """
    differential = any(neuron.differential for neuron in snn.sites.values())
    if differential or snn.warm_up:
        got = "spikes that are differences" if differential else f"{snn.warm_up} steps of warm-up"
        raise InputError(
            f"{doing} needs spikes whose sum over all steps stands for the activation",
            got=f"method {snn.plan.settings.get('method')}: {got}",
            remedy="convert with another method, such as method='sdm'",
        )
