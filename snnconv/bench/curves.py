"""The result of a sweep: rows, what is known of each curve, and the networks without time beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from ..documents import Count, Steps
from ..measure.result import Result


@dataclass(frozen=True)
class Row:
    """One setting at one number of time steps.

    Attributes:
        setting: the curve it belongs to, such as "sdm α=0.2 β=5".
        accuracy: top-1 in %, or what the sweep's metric is.
        spikes_per_neuron: spikes a neuron fires per sample over all T steps, mean over neurons and samples.
        spikes: spikes per sample over all T steps, all neurons.
        synops: synaptic operations per sample over all T steps: every spike times its true fan-out.
        macs: multiply-accumulates per sample over all T steps of what does not read spikes (encoder, analog values).
        energy: mJ per sample by the sweep's energy model; these three are None where they were not measured.
        latency: steps simulated, T and the warm-up before them, whose spikes and operations are counted above; T where
            nothing is said.
        accuracy_low, accuracy_high: its 95 % interval.
        difference_low, difference_high: the 95 % interval of its difference to the ANN on the same samples.
    """

    setting: str
    T: Steps
    accuracy: float
    spikes_per_neuron: float
    spikes: float
    synops: float | None = None
    macs: float | None = None
    energy: float | None = None
    latency: Count = 0
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None

    def __post_init__(self) -> None:
        if self.latency < self.T:
            object.__setattr__(self, "latency", self.T)


@dataclass(frozen=True)
class Curve:
    """One setting, besides its rows.

    Attributes:
        setting: its label, unique in the sweep.
        settings: method and options as resolved by the conversion; `at_T` lists the T that it was converted for, one by
            one, where its set-up depends on T.
        neurons: how many the network has; where samples are of several sizes, their mean.
        site_rates: {site: spikes per neuron and step} at the longest T, over the warm-up too.
        samples: how many all its rows were evaluated on; fewer than others where a sweep was interrupted.
    """

    setting: str
    settings: dict[str, Any]
    neurons: float
    site_rates: dict[str, float]
    samples: Count
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Baseline:
    """A network without time on the same samples: the ANN, and the ANN quantised.

    Attributes:
        name: "FP32 ANN", "W8A8", "W4A4".
        accuracy: as of rows, with its 95 % interval.
        energy: mJ per sample by the sweep's energy model, or None where it was not measured.
        ops: multiply-accumulates per sample, or None.
    """

    name: str
    accuracy: float
    energy: float | None = None
    ops: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None


@dataclass(frozen=True)
class Sweep(Result):
    """Curves of one ANN's spiking networks on one data set, and how they were made.

    Attributes:
        rows: curve after curve, T increasing.
        ann_accuracy: top-1 in % of the ANN they were converted from, on the same samples.
        baselines: what the spiking networks compete with.
        samples: the most that a curve was evaluated on.
        energy_model: by whose constants energy was computed.
        configuration: everything the numbers depend on, as kept in the journal.
        complete: False for the partial results of an interrupted sweep.
        metric: what networks are judged by, top1 or another of `METRICS`.
    """

    NAME: ClassVar[str] = "sweep"
    PICTURE = "snnconv.plots.sweep.plot_sweep"  # accuracy and spikes against T
    FORMER: ClassVar[Mapping[str, str]] = {"rivals": "baselines"}

    rows: list[Row]
    curves: list[Curve]
    ann_accuracy: float
    samples: Count
    data: str
    normalization: dict[str, Any] | None
    baselines: list[Baseline] = field(default_factory=list)
    energy_model: str = "45nm"
    configuration: dict[str, Any] = field(default_factory=dict)
    complete: bool = True
    metric: str = "top1"
    provenance: dict[str, Any] = field(default_factory=dict)

    def rows_of(self, setting: str) -> list[Row]:
        """The rows of one curve."""
        return [row for row in self.rows if row.setting == setting]

    def table(self) -> list[dict[str, Any]]:
        return [asdict(row) for row in self.rows]
