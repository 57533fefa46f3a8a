"""What calibration finds does not depend on the batch size of its data."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import snnconv
from snnconv import METHODS, SpikingNetwork
from snnconv.calib import RULES, samples
from snnconv.calib.output_sensitivity import directions
from snnconv.calib.samples import portions
from snnconv.methods.corrections import CORRECTIONS
from snnconv.plan import KINDS

from ..networks import SHAPES, ResidualNet

COUNT = 44  # of samples: five portions of 8, and 4
SETTINGS: dict[str, dict[str, Any]] = {
    **{method: {"method": method} for method in METHODS},
    **{correction: {"method": "if", "corrections": (correction,)} for correction in CORRECTIONS},
    **{f"by {rule}": {"method": "if", "threshold": rule} for rule in RULES if rule != "learned"},
    "per channel": {"method": "sdm", "threshold": "percentile:99", "per_channel": True},
}


def converted(batch: int, **options: Any) -> SpikingNetwork:
    torch.manual_seed(0)
    model = ResidualNet().eval()
    x = torch.randn(COUNT, *SHAPES[ResidualNet]) * torch.linspace(0.5, 4, COUNT).view(-1, 1, 1, 1)
    return snnconv.convert(model, 3, data=x.split(batch), **options)


@pytest.mark.parametrize("name", list(SETTINGS))
def test_the_plan_is_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit: every threshold, current, potential, weight and span."""
    monkeypatch.setattr(samples, "PORTION", 8)
    whole, small = (converted(batch, **SETTINGS[name]) for batch in (COUNT, 3))
    for site, plan in whole.plan.sites.items():
        other = small.plan.sites[site]
        assert plan.options == other.options
        for kind, _ in KINDS:
            first, second = getattr(plan, kind), getattr(other, kind)
            assert first is second is None or torch.equal(first, second), (site, kind)


@pytest.mark.parametrize("sizes", [[7], [1] * 7, [4, 3], [2, 5], [3, 3, 1]])
@pytest.mark.parametrize("portion", [1, 3, 4, 7, 9])
def test_portions(sizes: list[int], portion: int) -> None:
    x, y = torch.arange(14.0).view(7, 2), torch.arange(7)
    found = list(portions(zip(x.split(sizes), y.split(sizes)), portion))
    assert [len(part[0]) for part in found] == [len(part) for part in x.split(portion)]
    assert torch.equal(torch.cat([part[0] for part in found]), x)
    assert torch.equal(torch.cat([part[1] for part in found]), y)


def test_samples_of_other_shapes_are_portions_of_their_own() -> None:
    batches = [(torch.zeros(2, 4),), (torch.zeros(1, 4),), (torch.zeros(3, 5),)]
    assert [tuple(part[0].shape) for part in portions(batches, 8)] == [(3, 4), (3, 5)]


def test_a_direction_is_that_of_its_sample() -> None:
    """And samples, seeds and probes have others."""
    drawn = directions(0, range(5), 6)
    assert torch.equal(directions(0, range(2, 4), 6), drawn[:, 2:4])
    rows: list[Tensor] = [*drawn.flatten(0, 1), *directions(1, range(5), 6).flatten(0, 1)]
    assert len({tuple(row.tolist()) for row in rows}) == 20
