"""SVFormer's energy section, worked out from its layer table and firing rates: as it was published, and as it is right.

Base model, T = 16 frames of 224², 101 classes. All counts are for one clip, over its 16 steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from ..cost.energy.accountings import PaperEnergy
from ..cost.energy.accountings import svformer as accounting
from .cost import energy_mj

T = 16
WIDTHS = (128, 256, 384, 512)
SIZES = (56, 28, 14, 7)  # height and width in the four stages
HEAD = 64  # channels of an attention head
CLASSES = 101

# Published firing rates in %. Local stages: of the neurons before the mixing layers, and before the MLP's two layers.
LOCAL_RATES = {1: (16.678, 15.669, 15.548), 2: (11.906, 12.767, 7.744)}
# Global blocks: before q/k/v, of q, of k, of v, before the projection, and before the MLP's two layers.
GLOBAL_RATES = {
    "3.0": (6.576, 9.329, 8.078, 11.086, 21.754, 14.548, 2.538),
    "3.1": (5.984, 11.808, 9.952, 8.508, 22.417, 10.998, 4.058),
    "3.2": (8.369, 22.295, 9.091, 11.585, 34.611, 4.787, 5.070),
    "4.0": (5.372, 13.785, 7.714, 7.275, 4.945, 3.658, 2.163),
}
EMBEDDING_RATES = {2: 18.037, 3: 6.402, 4: 2.371}
LOCAL_PATHWAY_RATE, HEAD_RATE = 5.649, 3.771


@dataclass(frozen=True)
class Layer(accounting.Layer):
    """One layer of the table.

    Attributes:
        norms: outputs that a BatchNorm follows.
    """

    norms: int = 0


@dataclass(frozen=True)
class Operations:
    """G operations of one clip: of the ANN, of the SNN's first convolution (which reads the frames), of its spikes."""

    ann: float
    first: float
    spikes: float

    @property
    def ann_mj(self) -> float:
        return energy_mj(self.ann)

    @property
    def snn_mj(self) -> float:
        return energy_mj(self.first, self.spikes)


def layers() -> list[Layer]:
    """The layer table of the base model, 38,189,558,784 multiply-accumulates in all."""
    w, s = WIDTHS, SIZES
    table = [conv("PE1", 3, w[0], s[0], (6, 6), None, norm=True), *local_stage(1)]
    table += [embedding(2), *local_stage(2), embedding(3)]
    for block in ("3.0", "3.1", "3.2"):
        table += global_block(block, w[2], s[2])
    table += [embedding(4), *global_block("4.0", w[3], s[3])]
    table.append(conv("LP.depthwise", w[2], w[2], s[3], (3, 3), LOCAL_PATHWAY_RATE, groups=w[2]))
    table.append(conv("LP.pointwise", w[2], w[3], s[3], (1, 1), LOCAL_PATHWAY_RATE, norm=True))
    joined = 2 * w[3]
    inputs = joined // w[3] * T * s[3] ** 2  # of one output: a group's channels, all steps and positions
    table.append(Layer("head.conv", "head", joined * inputs, joined, HEAD_RATE / 100, joined))
    table.append(Layer("head.classifier", "head", joined * CLASSES, CLASSES, HEAD_RATE / 100))
    return table


def conv(
    name: str, inputs: int, outputs: int, size: int, kernel: tuple[int, ...], rate: float | None,
    groups: int = 1, norm: bool = False,
) -> Layer:  # fmt: skip
    """A convolution to `outputs` × size², at every step."""
    values = T * size * size * outputs
    share = None if rate is None else rate / 100
    return Layer(name, "conv", values * inputs // groups * prod(kernel), values, share, values * norm)


def embedding(stage: int) -> Layer:
    """PE2…PE4: kernel 4, stride 2."""
    inputs, outputs = WIDTHS[stage - 2], WIDTHS[stage - 1]
    return conv(f"PE{stage}", inputs, outputs, SIZES[stage - 1], (4, 4), EMBEDDING_RATES[stage], norm=True)


def local_stage(stage: int) -> Iterator[Layer]:
    """LFE: pointwise, 5×5 depthwise, pointwise with nothing between, all counted at the rate before them; then the MLP.

    Only the first of the three reads spikes: the published arithmetic counts the others at its rate, and so does this.
    """
    width, size, (mixing, first, second) = WIDTHS[stage - 1], SIZES[stage - 1], LOCAL_RATES[stage]
    yield conv(f"{stage}.pointwise1", width, width, size, (1, 1), mixing)
    yield conv(f"{stage}.depthwise", width, width, size, (5, 5), mixing, groups=width)
    yield conv(f"{stage}.pointwise2", width, width, size, (1, 1), mixing, norm=True)
    yield conv(f"{stage}.mlp1", width, 2 * width, size, (1, 1), first, norm=True)
    yield conv(f"{stage}.mlp2", 2 * width, width, size, (1, 1), second, norm=True)


def global_block(name: str, width: int, size: int) -> Iterator[Layer]:
    """GSA and MLP on T·size² tokens. Attention is of order q·(kᵀv): two products of T·N·C·64 multiply-accumulates.

    kᵀv adds up where k and v both fire: at most min(r_k, r_v) of the products. q·(kᵀv) does where q fires: r_q.
    """
    tokens = T * size * size
    before, q, k, v, projection, first, second = (rate / 100 for rate in GLOBAL_RATES[name])

    def linear(layer: str, inputs: int, outputs: int, rate: float) -> Layer:
        values = tokens * outputs
        return Layer(f"{name}.{layer}", "linear", values * inputs, values, rate, values)

    yield linear("qkv", width, 3 * width, before)
    yield Layer(f"{name}.kv", "kv", tokens * width * HEAD, 0, min(k, v))
    yield Layer(f"{name}.q", "q", tokens * width * HEAD, 0, q)
    yield linear("projection", width, width, projection)
    yield linear("mlp1", width, 2 * width, first)
    yield linear("mlp2", 2 * width, width, second)


def dense_macs() -> int:
    """Multiply-accumulates of the ANN, the `mac` convention."""
    return round(sum(layer.macs for layer in layers()))


def norm_elements() -> int:
    """Elements that BatchNorm normalises; the `fvcore-eval` convention adds two operations for each."""
    return sum(layer.norms for layer in layers())


def correct() -> Operations:
    """ANN Σ macs = 38.19 G; SNN Σ rate·(macs + biases) = 4.107 G spike operations; first convolution 0.700 G.

    This one is right: every layer is counted once for each of the 16 steps it runs.
    """
    return operations(accounting.correct(layers()))


def as_published() -> Operations:
    """ANN 229.163 G, SNN 20.760 G: conv (with bias) + 16·linear (without) + attention + 16·head."""
    return operations(accounting.as_published(layers(), T))


def operations(bill: PaperEnergy) -> Operations:
    return Operations(*(sum(layers.values()) / 1e9 for layers in (bill.ann, bill.macs, bill.acs)))
