"""The networks that are compared: the ANN, the ANN quantised, the spiking network, and that one quantised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from ...convert.capture import MIN_BATCH, capture
from ...convert.graphs import as_call
from ...convert.whole_inputs import blank_inputs
from ...network import SpikingNetwork
from ..count import Count
from ..count import count as count_operations
from ..synops import Wiring
from .load import Load
from .loads import dense_loads, layer_modules
from .quantise import bits_of, levels_of, quantised

EQUAL_BITS = 8  # weights of the ANN that tells as many activations apart as the SNN, and of the SNN beside it


@dataclass(frozen=True)
class Contender:
    """One of the networks that are compared.

    Attributes:
        network: called as `snn.ann` is; what has time takes its default number of steps.
        loads: what it does for one sample, for `EnergyModel.total`.
        weight_bits, levels: of the quantised ones; None: FP32.
    """

    name: str
    network: nn.Module
    loads: list[Load]
    weight_bits: int | None = None
    levels: int | None = None


def dense_count(snn: SpikingNetwork, convention: str = "mac") -> Count:
    """Dense operations of the canonical ANN: those of the source model, the BatchNorms that were folded gone."""
    canonical = snn.ann
    reference = next(canonical.parameters())
    example = blank_inputs(canonical.graph, snn.plan.input_shapes, MIN_BATCH, reference)
    return count_operations(capture(canonical, as_call(canonical, example)), convention=convention)


def contenders(
    snn: SpikingNetwork,
    wiring: Wiring,
    T: int,
    *,
    convention: str = "mac",
    normalization: dict[str, Any] | None = None,
) -> list[Contender]:
    """The networks without time: FP32; 8-bit and 4-bit weights and activations; 8-bit weights and as many levels as
    the spikes tell apart in T steps."""
    counted, modules, levels = dense_count(snn, convention), layer_modules(snn.network), levels_of(snn, T)
    quantisations = {
        "ANN W8A8": (8, 256),
        "ANN W4A4": (4, 16),
        f"ANN W{EQUAL_BITS}, {levels} levels": (EQUAL_BITS, levels),
    }
    found = [Contender("ANN FP32", snn.ann, dense_loads(wiring, counted))]
    for name, (bits, values) in quantisations.items():
        network = quantised(snn, bits, values, normalization=normalization)
        loads = dense_loads(wiring, counted, weight_bits=bits, activation_bits=bits_of(values), modules=modules)
        found.append(Contender(name, network, loads, bits, values))
    return found
