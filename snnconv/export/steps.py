"""Which sites can be run one step at a time."""

from __future__ import annotations

from ..network import SpikingNetwork
from .format import Refusal


def late_sites(snn: SpikingNetwork, instead: str) -> list[Refusal]:
    """Neurons that see several steps before they send the first spike."""
    return [
        Refusal(name, f"{type(neuron).__name__} sees {neuron.opening} steps before it sends the first spike", instead)
        for name, neuron in snn.sites.items()
        if neuron.opening > 1
    ]
