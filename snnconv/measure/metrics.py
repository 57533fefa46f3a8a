"""What a network is judged by: what each sample says of it, and one figure of many samples with its interval."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils import _pytree as pytree

from ..data import DataSource
from ..errors import InputError
from ..registry import Registry
from .evaluate import LabelledBatch, of_samples, require_logits
from .intervals import Interval, bootstrap, paired_difference, wilson

Outcomes = NDArray[np.float64]  # [samples], or [samples, numbers of each]


class Metric(ABC):
    """One figure of how well a network does.

    Attributes:
        title: as pictures call it; every value is in %.
        higher: whether more is better. labelled: whether it reads labels. reads_ann: whether the ANN's output.
    """

    title: ClassVar[str]
    higher: ClassVar[bool] = True
    labelled: ClassVar[bool] = True
    reads_ann: ClassVar[bool] = False

    def check(self, outputs: Sequence[Tensor], batch: LabelledBatch) -> None:
        """Refuse outputs [S, B, …] that it cannot read, before the first long run.

        Raises:
            InputError: they are of another form.
        """
        self.outcomes(outputs, batch, outputs)

    @abstractmethod
    def outcomes(self, outputs: Sequence[Tensor], batch: LabelledBatch, ann: Sequence[Tensor]) -> Tensor:
        """What each sample says: [S, B], or several numbers each [S, B, K].

        Args:
            outputs: of the network, [S, B, …] each: after S numbers of time steps. ann: those of the ANN, [1, B, …].
        """

    @abstractmethod
    def value(self, outcomes: Outcomes) -> float:
        """The figure of these samples."""

    def interval(self, outcomes: Outcomes) -> Interval:
        """Of 95 %."""
        return bootstrap(lambda chosen: self.value(outcomes[chosen]), len(outcomes))

    def difference(self, outcomes: Outcomes, ann: Outcomes) -> Interval:
        """Of 95 %, of the figure less that of the ANN on the same samples."""
        return bootstrap(lambda chosen: self.value(outcomes[chosen]) - self.value(ann[chosen]), len(outcomes))


METRICS: Registry[type[Metric]] = Registry("metric")


class Share(Metric):
    """The share of samples for which something holds, in %."""

    def value(self, outcomes: Outcomes) -> float:
        return 100 * float(outcomes.sum()) / len(outcomes)

    def interval(self, outcomes: Outcomes) -> Interval:
        return Interval(*(100 * end for end in wilson(int(outcomes.sum()), len(outcomes))))

    def difference(self, outcomes: Outcomes, ann: Outcomes) -> Interval:
        return Interval(*(100 * end for end in paired_difference(outcomes > 0, ann > 0)))


def scores_of(outputs: Sequence[Tensor], batch: LabelledBatch) -> Tensor:
    """Scores [S, B, classes] with a class for every label."""
    return require_logits(outputs[0] if len(outputs) == 1 else tuple(outputs), batch).cpu()


@METRICS.register("top1")
class Top1(Share):
    """The largest score is at the label's class."""

    title = "top-1 accuracy"

    def outcomes(self, outputs: Sequence[Tensor], batch: LabelledBatch, ann: Sequence[Tensor]) -> Tensor:
        return (scores_of(outputs, batch).argmax(-1) == batch.labels).to(torch.int64)


@METRICS.register("top5")
class Top5(Share):
    """The label's class is among the five largest scores."""

    title = "top-5 accuracy"

    def outcomes(self, outputs: Sequence[Tensor], batch: LabelledBatch, ann: Sequence[Tensor]) -> Tensor:
        scores = scores_of(outputs, batch)
        first = scores.topk(min(5, scores.shape[-1]), -1).indices
        return (first == batch.labels.view(1, -1, 1)).any(-1).to(torch.int64)


@METRICS.register("mean-per-class")
class MeanPerClass(Share):
    """Top-1 of each class that occurs, and the mean of these."""

    title = "mean accuracy per class"

    def outcomes(self, outputs: Sequence[Tensor], batch: LabelledBatch, ann: Sequence[Tensor]) -> Tensor:
        right = (scores_of(outputs, batch).argmax(-1) == batch.labels).to(torch.int64)
        return torch.stack([right, batch.labels.expand_as(right)], -1)

    def value(self, outcomes: Outcomes) -> float:
        right, label = outcomes[:, 0], outcomes[:, 1].astype(np.int64)
        counts = np.bincount(label)
        shares = np.bincount(label, weights=right)[counts > 0] / counts[counts > 0]
        return 100 * float(shares.mean())

    interval = Metric.interval
    difference = Metric.difference


class WithoutLabels(Metric):
    labelled = False
    reads_ann = True


@METRICS.register("agreement")
class Agreement(WithoutLabels, Share):
    """The largest output along dimension 1 is where the ANN's is; of maps, at more than half of the places."""

    title = "agreement with the ANN"

    def outcomes(self, outputs: Sequence[Tensor], batch: LabelledBatch, ann: Sequence[Tensor]) -> Tensor:
        mine, wanted = (combined(leaves[0], batch) for leaves in (outputs, ann))
        if mine.dim() < 3 or mine.shape[2] < 2:
            raise InputError(
                "the network's output has no classes to agree on", expected="[B, classes, …], at least two classes",
                got=str(list(mine.shape[1:])), remedy="metric='error' (--metric error) compares outputs of any kind",
            )  # fmt: skip
        same = mine.argmax(2) == wanted.argmax(2)
        return (same.flatten(2).double().mean(2) > 0.5).to(torch.int64) if same.dim() > 2 else same.to(torch.int64)


@METRICS.register("error")
class RelativeError(WithoutLabels):
    """‖output − ANN's output‖ / ‖ANN's output‖, all outputs and samples together."""

    title = "error relative to the ANN"
    higher = False

    def outcomes(self, outputs: Sequence[Tensor], batch: LabelledBatch, ann: Sequence[Tensor]) -> Tensor:
        parts = []
        for mine, wanted in zip(outputs, ann, strict=True):
            mine, wanted = mine.double().cpu(), wanted.double().cpu()
            off = (mine - wanted).unflatten(1, (-1, batch.views)).flatten(2).square().sum(2)
            size = wanted.unflatten(1, (-1, batch.views)).flatten(2).square().sum(2)
            parts.append(torch.stack([off, size.expand_as(off)], -1))
        return torch.stack(parts).sum(0)

    def value(self, outcomes: Outcomes) -> float:
        off, size = outcomes.sum(0)
        return 100 * float(np.sqrt(off / size)) if size else float(off > 0) * 100


def combined(output: Tensor, batch: LabelledBatch) -> Tensor:
    """[S, B·views, classes] as [S, B, classes]."""
    return of_samples(output, batch.views).cpu() if batch.views > 1 and output.dim() == 3 else output.cpu()


def tensors_of(output: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(output) if isinstance(leaf, Tensor)]


def metric_of(name: str | Metric | None, data: Iterable[Any]) -> tuple[str, Metric]:
    """A metric by its name; None: top-1, of data without labels the agreement with the ANN.

    Raises:
        InputError: no such metric, or one that needs labels which the data have not.
    """
    unlabelled = isinstance(data, DataSource) and not data.labelled
    if isinstance(name, Metric):
        return type(name).__name__, name
    chosen = name or ("agreement" if unlabelled else "top1")
    metric = METRICS[chosen]()
    if metric.labelled and unlabelled:
        raise InputError(
            f"the metric {chosen} needs labels, which the data have not", got=getattr(data, "name", "data"),
            remedy="say which array they are (npz:FILE?y=KEY), or compare with the ANN: metric='agreement' or 'error' "
            "(--metric)",
        )  # fmt: skip
    return chosen, metric
