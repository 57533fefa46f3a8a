"""The maximum of every neuron: streamed, shaped as a sample, and no more than a maximum."""

from __future__ import annotations

import pytest
import torch

import snnconv
from snnconv import InputError
from snnconv.calib import parse_rule, statistics_of
from snnconv.calib.rules import Site
from snnconv.calib.statistics import NeuronMaximum

from ..networks import MLP, SHAPES, SmallCNN


def test_maximum_over_all_batches() -> None:
    values, found = torch.rand(20, 3, 4, 5), statistics_of("neuron")
    for part in values.split(7):
        found.add(part)
    assert torch.equal(found.maximum, values.amax(0))
    site = Site("site", found, None, 4, 1, 1.0)
    assert torch.equal(parse_rule("max")(site), values.amax(0))


@pytest.mark.parametrize("rule", ["percentile:99.9", "mse"])
def test_rules_that_need_a_distribution(rule: str) -> None:
    found = NeuronMaximum()
    found.add(torch.rand(4, 3))
    with pytest.raises(InputError, match="needs the distribution"):
        parse_rule(rule)(Site("site", found, None, 4, 1, 1.0))


def test_values_that_are_not_finite() -> None:
    with pytest.raises(InputError, match="NaN or infinite"):
        NeuronMaximum().add(torch.tensor([[1.0, float("nan")]]))


@pytest.mark.parametrize("net", [SmallCNN, MLP])
def test_thresholds_are_shaped_as_a_sample(net: type[torch.nn.Module]) -> None:
    """A neuron that never rose above 0 gets the median of those that did."""
    x = torch.randn(3, *SHAPES[net])
    model = net().eval()
    snn = snnconv.convert(model, data=[x], method="snm")
    site = "relu1" if net is SmallCNN else "1"
    source = torch.relu((model.conv1 if net is SmallCNN else model[0])(x)).amax(0).detach()  # type: ignore[index, operator]
    threshold = snn.plan.sites[site].threshold
    assert threshold is not None
    torch.testing.assert_close(threshold[source > 0], source[source > 0])
    assert bool((threshold[source == 0] == source[source > 0].median()).all())
