"""How near a spiking network comes to its ANN, and what it costs: what networks are chosen by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from ..bench.assemble import spent
from ..cost.energy import EnergyModel
from ..cost.synops import BySize, SynapticOperations, Wirings
from ..documents import Count
from ..measure.evaluate import arguments_of, require_scores
from ..network import SpikingNetwork

Batch = tuple[tuple[Tensor, ...], Tensor | None]  # flat input leaves, and labels where there are any


@dataclass(frozen=True)
class Score:
    """One network on some samples.

    Attributes:
        agreement: samples, in %, on which it names the class that the ANN names.
        divergence: mean over samples of KL(p_ANN ‖ p_SNN), in nats.
        accuracy: top-1 in %; None without labels.
        spikes_per_neuron: per sample over all steps. energy: mJ per sample over all steps.
    """

    samples: Count
    agreement: float
    divergence: float
    accuracy: float | None
    spikes_per_neuron: float
    energy: float

    @property
    def uncertainty(self) -> float:
        """One standard error of the agreement, in points; never 0: one sample more or less is chance."""
        share = min(self.agreement / 100, 1 - 0.5 / self.samples)
        return 100 * (share * (1 - share) / self.samples) ** 0.5


class Judge:
    """Scores networks of one ANN on the same samples.

    Args:
        batches: of which the ANN's outputs are computed once.
        prices: for the energy.
    """

    def __init__(self, ann_of: SpikingNetwork, batches: Sequence[Batch], prices: EnergyModel) -> None:
        self.prices = prices
        self.batches: list[tuple[tuple[Tensor, ...], Tensor | None, Tensor]] = []
        for number, (leaves, labels) in enumerate(batches):
            arguments = arguments_of(ann_of, leaves, f"sample batch {number}")
            with torch.no_grad():
                output = ann_of.ann(*arguments)
            logits = require_scores(output[None] if isinstance(output, Tensor) else output)[0]
            self.batches.append((arguments, labels, log_softmax(logits.double(), -1).cpu()))

    @property
    def samples(self) -> int:
        return sum(len(expected) for _, _, expected in self.batches)

    def first(self, samples: int) -> Judge:
        """One that looks at as many batches only as hold the first `samples` samples."""
        less = object.__new__(Judge)
        less.prices, less.batches = self.prices, []
        for batch in self.batches:
            if less.samples >= samples:
                break
            less.batches.append(batch)
        return less

    def score(self, snn: SpikingNetwork, T: int, wirings: Wirings | None = None) -> Score:
        """Run the network for T steps on all samples.

        Args:
            wirings: `Wirings(snn)`, where it is at hand: that of any network of the same ANN and neurons.
        """
        operations, counts = SynapticOperations(snn, wirings), BySize()
        agreed, right, divergence, labelled = 0, 0, 0.0, 0
        for arguments, labels, expected in self.batches:
            with operations:
                run = snn.run(arguments, T=T, count=False, keep_state=False)
            counts.take(operations, run.batch)
            found = log_softmax(run.logits[-1].double(), -1).cpu()
            choice = found.argmax(-1)
            agreed += int((choice == expected.argmax(-1)).sum())
            divergence += float((expected.exp() * (expected - found)).sum())
            if labels is not None:
                right, labelled = right + int((choice == labels.cpu()).sum()), labelled + len(labels)
        cost = spent(counts, snn.warm_up + T, self.prices)
        return Score(
            samples=self.samples,
            agreement=100 * agreed / self.samples,
            divergence=divergence / self.samples,
            accuracy=100 * right / labelled if labelled else None,
            spikes_per_neuron=cost.spikes_per_neuron,
            energy=cost.energy,
        )
