"""From a canonical network and the plan of its sites to the spiking network: the last passes, the same for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import fx

from ..errors import InputError
from ..graph.graphs import clone
from ..network import SpikingNetwork
from ..neurons import Neuron
from ..plan import Plan, SitePlan
from ..simulate.split import split_time
from ..sizes import Sizes
from .passes.residual import fuse_residual_adds
from .passes.scales import fold_quanta
from .passes.spike import spike
from .tied_sizes import with_tied
from .whole.averages import fixes_sizes, sum_averages
from .whole.weights import levels_in, make_whole, real_inputs, round_inputs

WEIGHT_BITS = (8, 16)
ROUNDS = 6  # until thresholds stay
SUMMED = "its whole weights hold the sizes that average pooling divides by"


def build(canonical: fx.GraphModule, plan: Plan) -> SpikingNetwork:
    """Put the planned neuron at every site. The canonical network stays as it is: it is the network's ANN.

    Raises:
        InputError: a plan that does not fit the network.
    """
    bits = plan.settings.get("weight_bits")
    sizes = plan.sizes or Sizes.fixed_at(plan.input_shapes)
    if bits and fixes_sizes(canonical):
        sizes = Sizes.fixed_at(plan.input_shapes, SUMMED)
    plan = replace(plan, sizes=with_tied(sizes, canonical, plan.sites, plan.input_shapes))
    network = folded(canonical, plan)
    if bits:
        network = make_whole(network, bits)
    network.requires_grad_(False)  # whole spikes have no gradient
    network.eval()
    return SpikingNetwork(network, split_time(network), canonical, plan)


def folded(canonical: fx.GraphModule, plan: Plan) -> fx.GraphModule:
    """The passes up to integers that travel between layers of float weights."""
    network = spike(clone(canonical), plan.sites, plan.settings.get("maxpool", "exact"))
    if plan.settings.get("weight_bits"):
        network = sum_averages(network)
        network = round_inputs(network, plan.normalization, reach_of(network, plan))
    network = fold_quanta(network)
    return fuse_residual_adds(network)


def reach_of(network: fx.GraphModule, plan: Plan) -> list[float]:
    """The largest value of every input that the conversion saw.

    Raises:
        InputError: the file of an earlier version, which does not say it, of a network whose inputs are not images.
    """
    reach, inputs = list(plan.settings.get("input_reach", ())), len(real_inputs(network))
    if len(reach) == inputs:
        return reach
    if plan.normalization is None and inputs:
        raise InputError(
            "this network was converted by a version that did not note how large its inputs are",
            expected="that, or the normalisation of images", remedy="convert it again, with weight_bits",
        )  # fmt: skip
    return [0.0] * inputs


def quantised(snn: SpikingNetwork, weight_bits: int) -> SpikingNetwork:
    """The same network in whole numbers: weights of 8 or 16 bits, potentials of 24; the one given stays.

    A site of threshold θ that weights W feed (quanta folded) gets k = ⌊θ·(2^(n−1) − 1)/max|W|⌋ and the unit q = θ/k,
    per output channel: W → round(W/q), θ → k, b → round(b/q), and a residual term θ′·s → round(θ′/q)·s. k is lowered
    where currents would not stay within ±2^23. Average pools sum, and their divisors go into the next weights; max
    pools run on whole sums; inputs are rounded to a quarter of an image's level. What is not affine stays analog.

    Args:
        weight_bits: n, 8 or 16.

    Raises:
        InputError: another number of bits. UnsupportedModelError: it does not fit, with the site.
    """
    if weight_bits not in WEIGHT_BITS or isinstance(weight_bits, bool):
        raise InputError("weight_bits is out of range", expected="8 or 16", got=repr(weight_bits))
    sites = {name: replace(site, levels=None) for name, site in snn.plan.sites.items()}
    found: dict[str, torch.Tensor] = {}
    plan = replace(snn.plan, sites=sites, settings={**snn.plan.settings, "weight_bits": weight_bits})
    for _ in range(ROUNDS):  # a threshold that grows changes the weights behind it
        network = folded(snn.ann, replace(plan, sites=sites))
        grown = False
        for name, (levels, theta) in levels_in(network, weight_bits).items():
            neuron = network.get_submodule(name)
            assert isinstance(neuron, Neuron)
            grown |= theta.shape != neuron.theta.shape or not torch.equal(theta.float(), neuron.theta)
            found[name] = levels.float()
            sites[name] = replace(sites[name], threshold=(theta / neuron.scale).to(torch.float32))
        if not grown:
            break
    sites = {name: replace(site, levels=found.get(name)) for name, site in sites.items()}
    made = build(snn.ann, replace(plan, sites=sites))
    made.T, made.chunk = snn.T, snn.chunk
    return made


def with_sites(snn: SpikingNetwork, sites: Mapping[str, SitePlan]) -> SpikingNetwork:
    """The same network with the named sites planned again; the one given stays."""
    planned = build(snn.ann, replace(snn.plan, sites={**snn.plan.sites, **sites}))
    planned.T, planned.chunk = snn.T, snn.chunk
    return planned
