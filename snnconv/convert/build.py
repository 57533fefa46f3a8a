"""From a canonical network and the plan of its sites to the spiking network: the last passes, the same for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import fx

from ..graph.graphs import clone
from ..network import SpikingNetwork
from ..plan import Plan, SitePlan
from ..simulate.split import split_time
from ..sizes import Sizes
from .passes.residual import fuse_residual_adds
from .passes.scales import fold_quanta
from .passes.spike import spike
from .tied_sizes import with_tied


def build(canonical: fx.GraphModule, plan: Plan) -> SpikingNetwork:
    """Put the planned neuron at every site. The canonical network stays as it is: it is the network's ANN.

    Raises:
        InputError: a plan that does not fit the network.
    """
    sizes = plan.sizes or Sizes.fixed_at(plan.input_shapes)
    plan = replace(plan, sizes=with_tied(sizes, canonical, plan.sites, plan.input_shapes))
    network = spike(clone(canonical), plan.sites, plan.settings.get("maxpool", "exact"))
    network = fold_quanta(network)
    network = fuse_residual_adds(network)
    network.requires_grad_(False)  # whole spikes have no gradient
    network.eval()
    return SpikingNetwork(network, split_time(network), canonical, plan)


def with_sites(snn: SpikingNetwork, sites: Mapping[str, SitePlan]) -> SpikingNetwork:
    """The same network with the named sites planned again; the one given stays."""
    planned = build(snn.ann, replace(snn.plan, sites={**snn.plan.sites, **sites}))
    planned.T, planned.chunk = snn.T, snn.chunk
    return planned
