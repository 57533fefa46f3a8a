"""SVFormer's energy section: as it was published, and with every layer counted once.

Both count all layers behind a neuron as spike operations at that neuron's rate, those too that read real numbers (in
local blocks the depthwise and the second pointwise convolution, which nothing separates from the first by a neuron; the
pointwise one of the local pathway; the classifier).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from ....models._svformer import SVFormer
from ....models._svformer.blocks import Attention
from ...synops.running import NetworkRun
from .accounting import ACCOUNTINGS, PaperEnergy

AS_PUBLISHED = (
    "multiplies the linear layers and the head, whose counts hold all {T} steps already, by {T} again, and leaves out "
    "one of the ANN's two products of attention"
)
CORRECT = (
    "every layer once for each step it runs; like the paper it takes all that is behind a neuron for spikes at that "
    "neuron's rate, where the SNN's own row counts what reads real numbers as multiply-accumulates"
)


@dataclass(frozen=True)
class Layer:
    """One layer of the table.

    Attributes:
        kind: "conv", "linear", "head" (the fully temporal convolution and the classifier), "kv" (kᵀv) or "q" (q·kᵀv).
        macs: multiply-accumulates of a clip. biases: outputs with a bias.
        rate: firing rate of what it reads, in 0…1; None: it reads the frames.
    """

    name: str
    kind: str
    macs: float
    biases: float
    rate: float | None


@ACCOUNTINGS.register("svformer")
def bills(model: nn.Module, run: NetworkRun) -> list[PaperEnergy]:
    """What the paper says, and the same corrected, of SVFormer alone."""
    if not isinstance(model, SVFormer):
        return []
    table = table_of(model, run)
    return [as_published(table, model.T), correct(table)]


def correct(table: Sequence[Layer]) -> PaperEnergy:
    """ANN Σ macs; SNN Σ rate·(macs + biases), the first convolution as multiply-accumulates.

    This one is right: every layer is counted once for each of the T steps it runs.
    """
    return add_up(table, "corrected", True, CORRECT, lambda layer: layer.macs, lambda layer: layer.macs + layer.biases)


def as_published(table: Sequence[Layer], T: int) -> PaperEnergy:
    """conv (with bias) + T·linear (without) + attention + T·head, for the SNN at the firing rates.

    Wrong, and kept to be named: the linear layers and the head run on all T steps' tokens at once, so their counts
    hold the T already and are multiplied by it again. Of the ANN's two attention products only one is in.
    """
    weight = {"conv": 1, "linear": T, "head": T, "kv": 1, "q": 1}

    def counted(layer: Layer) -> float:
        return weight[layer.kind] * (layer.macs + (layer.biases if layer.kind == "conv" else 0))

    def dense(layer: Layer) -> float:
        return 0 if layer.kind == "kv" else counted(layer)

    return add_up(table, "as published", False, AS_PUBLISHED.format(T=T), dense, counted)


def add_up(
    table: Sequence[Layer],
    name: str,
    right: bool,
    why: str,
    dense: Callable[[Layer], float],
    spiking: Callable[[Layer], float],
) -> PaperEnergy:
    """All layers of the ANN; of the SNN the one that reads frames, and the others at their rates."""
    return PaperEnergy(
        name,
        right,
        why,
        ann={layer.name: dense(layer) for layer in table},
        macs={layer.name: layer.macs + layer.biases for layer in table if layer.rate is None},
        acs={layer.name: layer.rate * spiking(layer) for layer in table if layer.rate is not None},
    )


def table_of(model: SVFormer, run: NetworkRun) -> list[Layer]:
    """The layer table of a network that ran. A layer that reads real numbers has the rate of the one before it."""
    attentions = [name for name, module in model.named_modules() if isinstance(module, Attention)]
    rate: float | None = None
    table = []
    for layer in run.layers:
        rate = rate if layer.rate is None else layer.rate
        table.append(Layer(layer.name, kind_of(layer.name, attentions), layer.macs, layer.bias, rate))
    return table


def kind_of(name: str, attentions: Sequence[str]) -> str:
    if name in ("pool", "head"):
        return "head"
    block = next((block for block in attentions if name.startswith(f"{block}.")), None)
    if block is None:
        return "conv"
    return {f"{block}.matmul": "kv", f"{block}.matmul#2": "q"}.get(name, "linear")
