"""Initial potentials as currents, for importers whose neurons begin at 0 whatever the file says."""

from __future__ import annotations

from copy import deepcopy

import torch

from ...graph.graphs import value_of
from ...network import SpikingNetwork
from ...neurons import Neuron

CHARGES = ("state", "bias")


def charge_by_bias(snn: SpikingNetwork, T: int) -> SpikingNetwork:
    """A copy whose neurons begin at 0 and take v(0)/T more at every step: after T steps the same charge.

    Single spikes come later than those of the network that begins at v(0); the sum of the first T is close to its.
    Neurons whose offset changes from step to step stay as they are.
    """
    copy = deepcopy(snn)
    modules = dict(copy.network.named_modules())
    for node in copy.network.graph.nodes:
        neuron = modules.get(str(node.target)) if node.op == "call_module" else None
        if not isinstance(neuron, Neuron):
            continue
        x = torch.zeros(1, *[1] * (value_of(node).dim() - 1), device=neuron.theta.device)
        if neuron.is_timed(x):
            continue
        charge = neuron.theta * neuron.v0 if neuron.potential is None else neuron.potential
        neuron.correct(offset=neuron.offset_with(charge / T, x), potential=torch.zeros_like(charge))
    return copy
