"""One network on one batch: everything a sweep wants to know of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..capture.outputs import plain
from ..cost.energy import EnergyModel
from ..cost.energy.baselines import CostedNetwork, baselines_of, dense_work
from ..cost.synops import Connectivity, Layer, Size, Synapse, SynapticOperations
from ..cost.synops.parts import Source
from ..measure.evaluate import LabelledBatch, is_empty, labelled_batch, normalization_of, view_notices, views_of
from ..measure.metrics import Metric, tensors_of
from ..network import SpikingNetwork
from .journal import Converted, Counted, Wired

ANN, QUANTISED = "ANN FP32", ("ANN W8A8", "ANN W4A4")


class BatchCounter:
    """Counts batches for one simulation.

    Args:
        name: of the simulation.
        steps: the numbers of time steps, increasing.
        model: prices what the networks without time do. metric: what they are judged by.
        with_ann: count the ANN as well. with_quantised: and the ANN quantised with this network's thresholds.
        data: the test data, for the normalisation they have.
    """

    def __init__(
        self,
        name: str,
        snn: SpikingNetwork,
        steps: tuple[int, ...],
        data: Iterable[Any],
        model: EnergyModel,
        metric: Metric,
        *,
        with_ann: bool,
        with_quantised: bool,
    ) -> None:
        self.name, self.snn, self.steps, self.model, self.metric = name, snn, steps, model, metric
        self.normalization, self.views = normalization_of(data, snn), views_of(data)
        self._notices = view_notices(data)
        self.operations = SynapticOperations(snn)
        self.wired: set[Size] = set()  # sizes that are told already
        self.baselines: list[CostedNetwork] = []
        names = [ANN] * with_ann + [*QUANTISED] * with_quantised
        if names:
            every = baselines_of(snn, steps[-1], normalization=self.normalization)
            self.baselines = [baseline for baseline in every if baseline.name in names]
        self._checked = False

    def converted(self) -> Converted:
        """What the results need of the network besides the counts, whatever the size of its inputs."""
        plan = self.snn.plan
        at_T = plan.settings.get("at_T")
        foreign = at_T is not None and self.steps != (at_T,)
        other_T = [f"set up for T = {at_T}; at another T the method would set up another network"] if foreign else []
        return Converted(
            setting=self.name,
            settings=dict(plan.settings),
            notices=[*plan.notices, *other_T, *self._notices],
            normalization=self.normalization,
        )

    def news(self) -> list[Wired]:
        """The same at the size of the last batch, the first time that it is of that size."""
        size, wired = self.operations.size, self.operations.wiring
        if size in self.wired:
            return []
        self.wired.add(size)
        missing = ", ".join(f"{name} ×{times}" for name, times in wired.unsupported_ops.items())
        baselines = dense_work(self.snn, self.baselines, wired, size) if self.baselines else []
        return [
            Wired(
                setting=self.name,
                size=[list(shape) for shape in size],
                notices=[*wired.notices, *([f"not counted among the operations: {missing}"] if missing else [])],
                wiring=wiring_to_dict(wired),
                baselines={
                    baseline.name: {
                        "ops": sum(load.macs + load.extra for load in baseline.loads),
                        "energy": self.model.total(baseline.loads).total,
                    }
                    for baseline in baselines
                },
            )
        ]

    def count(self, batch: Any, number: int) -> list[Wired | Counted]:
        """Run the network, and its baselines, on one batch; what came out, and before it what is new about its size.

        Raises:
            InputError: no labels, inputs that do not fit, or an output that the metric does not read.
        """
        if is_empty(batch):
            nothing: dict[str, list[Any]] = {baseline.name: [] for baseline in self.baselines}
            return [Counted(self.name, number, [], 0, [[] for _ in self.steps], [], {}, nothing)]
        labelled = labelled_batch(self.snn, batch, number, self.views, needed=self.metric.labelled)
        ann: list[Tensor] = []
        if not self._checked or self.metric.reads_ann:
            self.snn._flat(labelled.arguments, {})  # the shapes of the inputs
            ann = outputs_of(self.snn.ann, labelled)
            if not self._checked:  # before the first long run
                self.metric.check(ann, labelled)
                self._checked = True
        with self.operations:
            run = self.snn.run(labelled.arguments, T=self.steps[-1], count=False, keep_state=False)
        chosen = torch.tensor(self.steps) - 1
        outputs = [leaf[chosen.to(leaf.device)] for leaf in tensors_of(run.logits)]
        counted = Counted(
            setting=self.name,
            batch=number,
            size=[list(shape) for shape in self.operations.size],
            samples=len(labelled.labels),
            outcomes=self.metric.outcomes(outputs, labelled, ann).tolist(),
            **self.operations.counts.to_dict(),
            baselines={
                baseline.name: self.metric.outcomes(outputs_of(baseline.network, labelled), labelled, ann)[0].tolist()
                for baseline in self.baselines
            },
            views=self.views,
        )
        return [*self.news(), counted]


def outputs_of(network: nn.Module, batch: LabelledBatch) -> list[Tensor]:
    """Of a network without time, [1, B, …] each."""
    with torch.no_grad():
        return [leaf[None] for leaf in tensors_of(plain(network(*batch.arguments)))]


def wiring_to_dict(wired: Connectivity) -> dict[str, Any]:
    """The wiring as plain data, without the fan-outs of single neurons: the counts hold what they were needed for."""
    synapses = [[synapse.source, synapse.layer, synapse.share] for synapse in wired.synapses]
    return asdict(replace(wired, synapses=[])) | {"synapses": synapses}


def wiring_from_dict(document: dict[str, Any]) -> Connectivity:
    return Connectivity(
        **document
        | {
            "layers": {name: Layer(**layer) for name, layer in document["layers"].items()},
            "sources": {name: Source(**source) for name, source in document["sources"].items()},
            "synapses": [
                Synapse(source, layer, torch.zeros(0, dtype=torch.int64), share)
                for source, layer, share in document["synapses"]
            ],
        }
    )
