"""ReSpike's energy: 4.6 pJ · (key frames + attention) + 0.9 pJ · spike operations."""

from __future__ import annotations

from torch import nn

from ....models._respike import ReSpike
from ...synops.running import NetworkRun
from .accounting import ACCOUNTINGS, PaperEnergy

WHY = (
    "counts rates × dense operations, and neither the stem that reads the residual frames, nor the shortcuts' "
    "convolutions of potentials, nor the classifier: {missing:.4g} G multiply-accumulates less than there are"
)


@ACCOUNTINGS.register("respike")
def bills(model: nn.Module, run: NetworkRun) -> list[PaperEnergy]:
    """What the paper says, of ReSpike alone."""
    return [as_published(run)] if isinstance(model, ReSpike) else []


def as_published(run: NetworkRun) -> PaperEnergy:
    """The ANN branch's convolutions on key frames, the fusions' layers and products, and Σ rate·macs behind neurons."""
    keys = {layer.name: layer.macs for layer in run.layers if layer.name.startswith("ann.")}
    attention = {layer.name: layer.macs for layer in run.layers if layer.name.startswith("fusions.")}
    spikes = {layer.name: layer.rate * layer.macs for layer in run.layers if layer.rate is not None}
    missing = sum(layer.macs for layer in run.layers if layer.name not in keys | attention | spikes)
    return PaperEnergy("as published", False, WHY.format(missing=missing / 1e9), {}, keys | attention, spikes)
