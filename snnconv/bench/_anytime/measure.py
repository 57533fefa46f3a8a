"""Accuracy of a network over video, frame by frame, in one run over the clips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ...capture.capture import evaluating
from ...convert.data_argument import takes_data
from ...errors import InputError
from ...measure.evaluate import LabelledBatch, batches_as_they_come, normalization_of, require_logits, taking, views_of
from ...placement import placement_of
from ...provenance import provenance
from .._latency import CONFIDENCES, arrival, check_within
from ..early_exit import ExitSums, check_confidences
from .rates import FiringCounts
from .result import Anytime, Moment


@takes_data("data")
def anytime(
    network: nn.Module,
    data: Iterable[Any],
    *,
    within: float = 0.5,
    confidences: Sequence[float] = CONFIDENCES,
    model: str = "",
    seed: int = 0,
) -> Anytime:
    """Measure a video network after every further unit of frames, and how often its layers fire meanwhile.

    Early exit: a clip is left at the first answer of which the softmax gives one class at least the confidence, and
    seen to its end otherwise. The confidences are a fixed grid: choose one on other clips than those it is judged on.

    Args:
        network: with a method `anytime(x)` → logits [n, B, classes], clips [B, C, frames, H, W], and the attribute
            `unit`, the frames between two of the n answers: `respike`, `svformer`, `ms_resnet18`, or one of yours.
        data: batches with integer labels.
        within: percentage points below the whole clip's accuracy that are near enough.
        confidences: probabilities in (0, 1].
        model: what the network is, in words, and the seed of its making: for the record.

    Raises:
        InputError: a network without `anytime`, an argument out of range, no labels, clips that the network cannot run
            on or of different lengths.
    """
    answer, unit = answers_of(network)
    check_within(within)
    exits, firing = ExitSums(check_confidences(confidences)), FiringCounts(network)
    correct = torch.zeros(0, dtype=torch.int64)
    with evaluating(network), firing.watching():
        for batch in clips(network, data):
            with taking(batch.arguments, batch.where):
                answers = answer(*batch.arguments)
            logits = require_logits(answers, batch).float().cpu()
            correct = added(correct, (logits.argmax(-1) == batch.labels).sum(1), batch.where)
            exits.add(logits, batch.labels)
            firing.add(len(logits), len(batch.arguments[0]))
    samples = exits.samples
    fired = firing.so_far(samples * views_of(data)) or [(None, None)] * len(correct)
    rows = [
        Moment(number * unit, 100 * int(right) / samples, *known)
        for number, (right, known) in enumerate(zip(correct, fired), start=1)
    ]
    _, needed = arrival(correct, int(correct[-1]) - within / 100 * samples)
    assert needed is not None  # the last answer is near itself
    return Anytime(
        rows=rows,
        unit=unit,
        exits=exits.exits(unit=unit),
        layers=firing.rates(),
        within=float(within),
        needed=needed * unit,
        samples=samples,
        data=str(getattr(data, "name", "data")),
        verdict=verdict(rows, within, rows[needed - 1]),
        model=model or type(network).__name__,
        normalization=normalization_of(data),
        provenance=provenance(seed),
    )


def answers_of(network: Any) -> tuple[Callable[[Tensor], Tensor], int]:
    """Its method `anytime`, and the frames between two answers.

    Raises:
        InputError: it has none.
    """
    if callable(getattr(network, "anytime", None)) and isinstance(getattr(network, "unit", None), int):
        return network.anytime, network.unit
    raise InputError(
        "this network does not say what it knows after some of a clip's frames",
        expected="a method anytime(x) → logits [n, B, classes], and the attribute unit: frames between two answers",
        got=type(network).__name__,
        remedy="snnconv:respike, snnconv:svformer and snnconv:ms_resnet18 have them; for a converted network over its "
        "time steps there is snnconv latency",
    )


def clips(network: nn.Module, data: Iterable[Any]) -> Iterator[LabelledBatch]:
    """Labelled batches on the network's device, in its type, with a progress bar."""
    like = placement_of(network)
    for batch in batches_as_they_come(data, "watching clips"):
        if len(batch.arguments) != 1:
            got = f"{len(batch.arguments)} inputs"
            raise InputError("a clip is one input", expected="[B, C, frames, H, W]", got=got, where=batch.where)
        yield replace(batch, arguments=(batch.arguments[0].to(like),))


def added(sums: Tensor, counts: Tensor, where: str) -> Tensor:
    """Sums over the batches, which must all have as many answers."""
    if len(sums) and len(sums) != len(counts):
        got = f"{len(counts)} answers after {len(sums)} in the batches before"
        raise InputError("the clips are not all of one length", expected="as many frames in each", got=got, where=where)
    return sums + counts if len(sums) else counts


def verdict(rows: list[Moment], within: float, needed: Moment) -> str:
    """From where on the rest of a clip adds little."""
    whole = rows[-1]
    end = f"all {counted(whole.frames)} ({whole.accuracy:.2f} %)"
    if needed is whole:
        return f"within {within:g} points of {end} only at the end"
    return f"within {within:g} points of {end} from {counted(needed.frames)} on: {needed.accuracy:.2f} %"


def counted(frames: int) -> str:
    return f"{frames} frame{'s' * (frames != 1)}"
