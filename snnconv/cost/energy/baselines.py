"""The networks that are compared: the ANN, the ANN quantised, the spiking network, and that one quantised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from ...capture.capture import MIN_BATCH, capture
from ...graph.graphs import as_call
from ...graph.whole_inputs import blank_inputs
from ...network import SpikingNetwork
from ...placement import placement_of
from ..dense import Count
from ..dense import count as count_operations
from ..synops import Connectivity, Size
from .converted import dense_loads, layer_modules
from .quantise import bits_of, levels_of, quantised
from .workload import Workload

EQUAL_BITS = 8  # weights of the ANN that tells as many activations apart as the SNN, and of the SNN beside it


@dataclass(frozen=True)
class CostedNetwork:
    """One of the networks that are compared.

    Attributes:
        network: called as `snn.ann` is; what has time takes its default number of steps.
        loads: what it does for one sample, for `EnergyModel.total`; of one size, see `dense_work`.
        weight_bits, levels: of the quantised ones; None: FP32.
    """

    name: str
    network: nn.Module
    loads: list[Workload] = field(default_factory=list)
    weight_bits: int | None = None
    levels: int | None = None


def dense_count(snn: SpikingNetwork, convention: str = "mac", size: Size | None = None) -> Count:
    """Dense operations of the canonical ANN: those of the source model, the BatchNorms that were folded gone.

    Args:
        size: of the inputs; None: that of the conversion.
    """
    canonical = snn.ann
    reference = placement_of(canonical)
    example = blank_inputs(canonical.graph, size or snn.plan.input_shapes, MIN_BATCH, reference)
    return count_operations(capture(canonical, as_call(canonical, example)), convention=convention)


def baselines_of(snn: SpikingNetwork, T: int, *, normalization: dict[str, Any] | None = None) -> list[CostedNetwork]:
    """The networks without time: FP32; 8-bit and 4-bit weights and activations; 8-bit weights and as many levels as
    the spikes tell apart in T steps. What they do depends on the size of the inputs, and is not said yet."""
    levels = levels_of(snn, T)
    quantisations = {
        "ANN W8A8": (8, 256),
        "ANN W4A4": (4, 16),
        f"ANN W{EQUAL_BITS}, {levels} levels": (EQUAL_BITS, levels),
    }
    found = [CostedNetwork("ANN FP32", snn.ann)]
    for name, (bits, values) in quantisations.items():
        network = quantised(snn, bits, values, normalization=normalization)
        found.append(CostedNetwork(name, network, weight_bits=bits, levels=values))
    return found


def dense_work(
    snn: SpikingNetwork, baselines: Sequence[CostedNetwork], wiring: Connectivity, size: Size, convention: str = "mac"
) -> list[CostedNetwork]:
    """The networks without time with their loads at one size of the inputs.

    Args:
        wiring: of that size.
    """
    counted, modules = dense_count(snn, convention, size), layer_modules(snn.network)
    found = []
    for baseline in baselines:
        bits = 32 if baseline.levels is None else bits_of(baseline.levels)
        options = {"weight_bits": baseline.weight_bits, "activation_bits": bits, "modules": modules}
        found.append(replace(baseline, loads=dense_loads(wiring, counted, **options)))  # type: ignore[arg-type]
    return found
