"""How many time steps a spiking network needs: to be as accurate as its ANN, and sample by sample."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..convert.data_argument import takes_data
from ..documents import Count, Percent
from ..errors import InputError
from ..measure.evaluate import count_correct, labelled_batches, normalization_of, require_logits, view_notices
from ..measure.result import Result
from ..network import SpikingNetwork
from ..provenance import provenance
from .early_exit import Exit, ExitSums, check_confidences

CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999)


@dataclass(frozen=True)
class Step:
    """Accuracy in % (top-1) after `steps` time steps, of which `latency` counts the warm-up too."""

    steps: Count
    latency: Count
    accuracy: Percent


@dataclass(frozen=True)
class Latency(Result):
    """Accuracy at every time step, and what it takes to come near the ANN's.

    Attributes:
        rows: every time step from 1 to T.
        within: how far below the ANN is near enough, in percentage points.
        needed: the smallest latency from which on the accuracy is within that distance, at every later step up to T
            too; None where there is none.
        first: the smallest latency at which it is there, though it may leave again.
        warm_up: steps before the first output counts, which some methods need (`snn.plan.settings["warm_up"]`): part of
            every latency here.
        exits: early exit at several confidences.
        verdict: the same in words.
    """

    NAME: ClassVar[str] = "latency"
    # Accuracy against time steps with the band around the ANN, and the early-exit curve.
    PICTURE = "snnconv.plots.latency.plot_latency"

    rows: list[Step]
    ann_accuracy: Percent
    within: float
    needed: int | None
    first: int | None
    warm_up: Count
    exits: list[Exit]
    samples: Count
    data: str
    verdict: str
    settings: dict[str, Any]
    normalization: dict[str, Any] | None
    notices: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)

    def table(self) -> list[dict[str, Any]]:
        """Every time step; early exits are in the JSON."""
        return [asdict(row) for row in self.rows]


@takes_data("data")
def latency(
    snn: SpikingNetwork,
    data: Iterable[Any],
    *,
    within: float = 0.5,
    T: int = 32,
    confidences: Sequence[float] = CONFIDENCES,
    seed: int = 0,
) -> Latency:
    """Measure how many time steps the network needs, in one run of T steps.

    For the whole data set: the smallest t at which, and at every later step up to T, the accuracy is at most `within`
    points below the ANN's on the same samples. A curve that comes near and leaves again has not arrived; where it was
    near first is told too.

    Sample by sample (early exit): a sample stops at the first t at which the softmax of its mean output over t steps
    gives one class a probability of at least the confidence, and at T otherwise. The curve is measured at a fixed grid
    of confidences. Do not choose one by looking at test data: choose it on other samples, then measure.

    Steps that a method needs before its output counts (warm-up) are part of every latency.

    Args:
        data: batches with integer labels.
        within: percentage points, ≥ 0.
        T: the longest run, ≥ 1.
        confidences: probabilities in (0, 1].
        seed: for the record; nothing here is random.

    Raises:
        InputError: an argument out of range, no labels, an output that is not [B, classes].
    """
    check_latency(within, T)
    correct, exits = torch.zeros(T, dtype=torch.int64), ExitSums(check_confidences(confidences))
    ann_correct, samples = 0, 0
    ann = snn.ann
    for batch in labelled_batches(snn, data, "measuring latency"):
        logits = require_logits(snn.run(batch.arguments, T=T, count=False, keep_state=False).logits, batch).cpu()
        correct += (logits.argmax(-1) == batch.labels).sum(1)
        exits.add(logits, batch.labels)
        ann_correct += count_correct(ann, batch)
        samples += len(batch.labels)
    warm_up = int(snn.plan.settings.get("warm_up") or 0)
    rows = [Step(t, t + warm_up, 100 * int(c) / samples) for t, c in enumerate(correct, start=1)]
    first, needed = arrival(correct, ann_correct - within / 100 * samples)
    ann_accuracy = 100 * ann_correct / samples
    return Latency(
        rows=rows,
        ann_accuracy=ann_accuracy,
        within=float(within),
        needed=None if needed is None else needed + warm_up,
        first=None if first is None else first + warm_up,
        warm_up=warm_up,
        exits=exits.exits(warm_up),
        samples=samples,
        data=str(getattr(data, "name", "data")),
        verdict=verdict(rows, ann_accuracy, within, first, needed),
        settings=dict(snn.plan.settings),
        normalization=normalization_of(data, snn),
        notices=[*snn.plan.notices, *view_notices(data)],
        provenance=provenance(seed),
    )


def check_latency(within: float, T: int) -> None:
    """One error for each argument out of range."""
    check_within(within)
    if T < 1:
        raise InputError("too few time steps", expected="T ≥ 1", got=f"T = {T}")


def check_within(within: float) -> None:
    if not 0 <= within <= 100:
        raise InputError("within is out of range", expected="percentage points, 0 to 100", got=f"{within:g}")


def arrival(correct: Tensor, wanted: float) -> tuple[int | None, int | None]:
    """The first step with enough correct samples, and the first from which on there always are enough; or None.

    Args:
        correct: correct samples at every step, [T].
        wanted: how many are enough; a fraction, whose rounding is forgiven.
    """
    enough = (correct >= wanted - 1e-6).tolist()
    first = enough.index(True) + 1 if True in enough else None
    left = len(enough) - enough[::-1].index(False) if False in enough else 0  # the last step that is not enough
    return first, (left + 1 if left < len(enough) else None)


def verdict(rows: list[Step], ann: float, within: float, first: int | None, needed: int | None) -> str:
    """What was found, with the accuracies it rests on."""
    near, last = f"within {within:g} points of the ANN ({ann:.2f} %)", rows[-1]
    warm = last.latency - last.steps
    counted = f", {warm} of them warm-up" if warm else ""
    if needed is not None:
        row = rows[needed - 1]
        said = f"{near} from {steps(row.latency)} on{counted}: {row.accuracy:.2f} %"
    else:
        best = max(rows, key=lambda row: row.accuracy)  # the earliest of equals
        missed = f"not {near} in {steps(last.latency)}{counted}"
        if first is None:
            return f"{missed}; closest: {best.accuracy:.2f} % at {steps(best.latency)}"
        said = f"{missed}, as it does not stay there: {last.accuracy:.2f} % at {steps(last.latency)}"
    if first is not None and first != needed:
        row = rows[first - 1]
        said += f"; first there at {steps(row.latency)}: {row.accuracy:.2f} %, but not to stay"
    return said


def steps(count: int) -> str:
    return f"{count} step{'s' * (count != 1)}"
