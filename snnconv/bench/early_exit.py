"""Early exit: every sample stops as soon as the network is sure of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..documents import Percent
from ..errors import InputError


@dataclass(frozen=True)
class Exit:
    """One confidence.

    Attributes:
        confidence: the probability at which a sample stops.
        latency: time steps a sample took, mean; warm-up counted. Of a network over a clip's frames: frames.
        accuracy: top-1 in %, of what each sample said when it stopped.
        early: samples that stopped because they were sure, in %; the others ran to the end.
    """

    confidence: float
    latency: float
    accuracy: Percent
    early: float


class ExitSums:
    """Sums over the samples so far, for every confidence."""

    def __init__(self, confidences: Sequence[float]) -> None:
        self.confidences = confidences
        self.samples = 0
        self._steps, self._correct, self._sure = (torch.zeros(len(confidences), dtype=torch.int64) for _ in range(3))

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Outputs after the first t steps [T, B, classes], labels [B]."""
        certainty, answers = logits.double().softmax(-1).max(-1)
        right = answers == labels
        self.samples += len(labels)
        for place, confidence in enumerate(self.confidences):
            sure = certainty >= confidence
            self._sure[place] += int(sure.any(0).sum())
            sure[-1] = True
            stop = sure.int().argmax(0, keepdim=True)  # the first of equals
            self._steps[place] += int((stop + 1).sum())
            self._correct[place] += int(right.gather(0, stop).sum())

    def exits(self, warm_up: int = 0, unit: int = 1) -> list[Exit]:
        """Early exit at every confidence.

        Args:
            warm_up: steps before the first output. unit: steps, or frames, from one output to the next.
        """
        sums = zip(self.confidences, self._steps.tolist(), self._correct.tolist(), self._sure.tolist())
        n = self.samples
        return [Exit(c, unit * steps / n + warm_up, 100 * right / n, 100 * sure / n) for c, steps, right, sure in sums]


def check_confidences(confidences: Sequence[float]) -> tuple[float, ...]:
    """In increasing order, each once.

    Raises:
        InputError: none at all, or one outside (0, 1].
    """
    wrong = [value for value in confidences if not 0 < value <= 1]
    if wrong or not confidences:
        got = f"{wrong[0]:g}" if wrong else "none"
        raise InputError("a confidence is out of range", expected="probabilities in (0, 1]", got=got)
    return tuple(sorted({float(value) for value in confidences}))
