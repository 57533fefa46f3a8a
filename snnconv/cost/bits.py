"""How many bits a network of whole numbers needs, layer by layer and site by site: what fits which hardware."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from ..data import batch_inputs
from ..errors import InputError
from ..network import SpikingNetwork
from ..neurons import Neuron, WholeLayer
from ..neurons.kernels import LIMIT

# What hardware holds, in bits of weights and of potentials, as its makers say.
HARDWARE = {
    "Loihi 2": (8, 24),  # Intel, Loihi 2 technology brief, 2021
    "SpiNNaker 2": (8, 32),  # Höppner et al., arXiv:2103.08392: 8-bit MAC arrays, 32-bit accumulators
    "Speck": (8, 16),  # Yao et al., Nature Communications 2024: 8-bit weights, 16-bit states
}


@dataclass(frozen=True)
class LayerBits:
    """Attributes:
    weights: bits of its largest weight, sign included. inputs: of what it reads. sums: of what it can give at most.
    """

    layer: str
    weights: int
    inputs: int
    sums: int


@dataclass(frozen=True)
class SiteBits:
    """Attributes:
    threshold: bits of the largest k. spikes: the least and the most that one neuron sends in a step.
    potential: bits that potentials are kept within. measured: bits of the largest seen; None: nothing was run.
    """

    site: str
    threshold: int
    spikes: tuple[int, int]
    potential: int
    measured: int | None = None


@dataclass(frozen=True)
class Bits:
    """Attributes:
    analog: sites that stay real numbers.
    """

    layers: list[LayerBits]
    sites: list[SiteBits]
    analog: list[str]

    @property
    def fits(self) -> dict[str, bool]:
        """{hardware: whether its weights and potentials hold the network, by what was measured where there is that}."""
        weights = max((layer.weights for layer in self.layers), default=0)
        potentials = max((site.potential if site.measured is None else site.measured for site in self.sites), default=0)
        return {name: weights <= w and potentials <= v and not self.analog for name, (w, v) in HARDWARE.items()}

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "fits": self.fits}


def bits(snn: SpikingNetwork, data: Iterable[Any] = (), *, T: int | None = None) -> Bits:
    """Bits of every layer and site.

    Args:
        data: batches to run, for the potentials that occur.
        T: steps; default `snn.T`.

    Raises:
        InputError: the network is not one of whole numbers.
    """
    if not snn.is_whole:
        raise InputError(
            "the weights of this network are real numbers", expected="a network of whole numbers",
            remedy="convert(…, weight_bits=8), --weight-bits 8, or snn.quantise(8)",
        )  # fmt: skip
    largest = dict(potentials(snn, data, snn.T if T is None else T))
    whole = {name: neuron for name, neuron in snn.sites.items() if neuron.levels is not None}
    return Bits(list(layers_of(snn)), [site_bits(name, neuron, largest.get(name)) for name, neuron in whole.items()],
                [name for name in snn.plan.sites if name not in whole])  # fmt: skip


def site_bits(name: str, neuron: Neuron, largest: int | None) -> SiteBits:
    assert neuron.levels is not None
    measured = None if largest is None else signed(largest)
    return SiteBits(name, int(neuron.levels.max()).bit_length(), neuron.extent, signed(int(LIMIT) - 1), measured)


def layers_of(snn: SpikingNetwork) -> Iterator[LayerBits]:
    for name, layer in snn.network.named_modules():
        if isinstance(layer, WholeLayer):
            weight: Tensor = layer.weight  # type: ignore[assignment]
            rows = weight.abs().double().flatten(1).sum(1) if weight.dim() > 1 else weight.abs().double()
            bias = 0.0 if layer.bias is None else float(layer.bias.abs().max())  # type: ignore[operator, union-attr]
            reach = max(abs(layer.low), abs(layer.high))
            sums = signed(int(float(rows.max()) * reach + bias))
            inputs = layer.high.bit_length() if layer.low >= 0 else signed(reach)
            yield LayerBits(name, signed(int(weight.abs().max())), inputs, sums)


def signed(largest: int) -> int:
    """Bits of whole numbers from −largest to largest."""
    return max(1, largest.bit_length()) + 1


def potentials(snn: SpikingNetwork, data: Iterable[Any], T: int) -> Iterator[tuple[str, int]]:
    """The largest potential of every site after any step."""
    largest: dict[str, int] = {}
    for number, batch in enumerate(data):
        inputs = batch_inputs(batch, where=f"batch {number}")
        state = None
        for _ in range(T):
            state = snn.run(tuple(inputs), T=1, state=state, count=False).state
            for site, held in state.items():
                v = getattr(held, "v", None)
                if v is not None:
                    largest[site] = max(largest.get(site, 0), int(v.abs().max()))
    yield from largest.items()
