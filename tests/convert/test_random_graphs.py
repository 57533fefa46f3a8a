"""Random networks: they convert, keep what they compute, tend to the ANN, and spike as the NumPy reference says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

import snnconv
from snnconv import SpikingNetwork
from snnconv.graph import sites

from .. import reference as ref
from ..networks import SpikeRecorder, power_of_two
from ..random_graphs import random_net
from ..random_graphs.layers import array
from ..random_graphs.make import inputs
from ..random_graphs.program import PROBES, reference_of

SEEDS, SAMPLE = 200, 6  # every sixth seed in the normal suite
STEPS = 64
GENEROUS: dict[str, Any] = {
    "method": "sdm", "alpha": 1 / 15, "beta": 15, "retract": "zero", "down_limit": 15, "threshold": "max",
}  # fmt: skip
SMALL = 0.03  # error of the mean output at T = 64, relative


def seeds() -> list[Any]:
    return [pytest.param(n, marks=[pytest.mark.slow] if n % SAMPLE else []) for n in range(SEEDS)]


def leaves(tree: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, Tensor)]


def errors(ours: Any, theirs: Any) -> list[float]:
    """Of every output, relative to its size, or to a tenth of that of all where it hardly has one."""
    pairs = list(zip(leaves(ours), leaves(theirs), strict=True))
    whole = torch.stack([wanted.norm() / wanted.numel() ** 0.5 for _, wanted in pairs]).max()
    sizes = [torch.maximum(wanted.norm(), 0.1 * whole * wanted.numel() ** 0.5) for _, wanted in pairs]
    return [float((got - wanted).norm() / size) for (got, wanted), size in zip(pairs, sizes)]


def converted(seed: int) -> tuple[SpikingNetwork, Tensor, Any]:
    net = random_net(seed).double()
    x = inputs(net.shape, PROBES, seed).double()  # for which no activation is always 0
    snn = snnconv.convert(net, STEPS, data=[x.clone()], **GENEROUS)
    with torch.no_grad():
        return snn, x, net(x.clone())


@pytest.mark.parametrize("seed", seeds())
def test_it_converts_keeps_its_values_and_tends_to_the_ann(seed: int) -> None:
    snn, x, wanted = converted(seed)
    with torch.no_grad():
        assert max(errors(snn.ann(x.clone()), wanted)) <= 1e-9
    run = snn.run(x.clone(), count=False)
    at = {t: max(errors([leaf[t - 1] for leaf in leaves(run.logits)], wanted)) for t in (8, STEPS)}
    assert at[STEPS] <= SMALL, at
    assert at[STEPS] <= max(at[8], SMALL / 4), at


@pytest.mark.parametrize("seed", seeds())
def test_it_spikes_as_the_reference(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Operation by operation: ½·relu(2x) would be recognised as one activation, which the reference has not."""
    monkeypatch.setattr(sites, "find_runs", lambda graph_module: {})
    net = random_net(seed, exact=True)
    x = inputs(net.shape, PROBES, seed)
    method = ["if", "sdm", "sdm-zero"][seed % 3]
    options: dict[str, Any] = {} if method == "if" else {"alpha": 0.5}
    snn = snnconv.convert(net, 6, data=[x], method=method, per_channel=False, threshold=power_of_two, **options)
    recorder = SpikeRecorder()
    run = snn.run(x, observers=[recorder])
    means, spikes = ref.simulate([reference_of(net, lambda n: spiking(snn, n))], array(x), 6)
    assert list(recorder.spikes) == list(spikes)
    for site, theirs in spikes.items():
        np.testing.assert_array_equal(array(recorder.spikes[site]), theirs, err_msg=site)
    np.testing.assert_allclose(array(run.logits), means, rtol=1e-5, atol=1e-5 * np.abs(means).max())


def spiking(snn: SpikingNetwork, number: int) -> ref.Spiking:
    """The reference's neurons at a site of the plan."""
    name, plan = list(snn.plan.sites.items())[number]
    assert plan.neuron is not None
    assert plan.threshold is not None
    options = dict(plan.options)
    return ref.Spiking(name, plan.neuron, array(plan.threshold) * options.pop("alpha", 1.0), options)
