"""The parts of the error in cases worked out by hand; and that they add up."""

from __future__ import annotations

from typing import Any, Literal

import pytest
import torch

from snnconv import convert
from snnconv.bench._diagnose import PARTS, split_error
from snnconv.neurons import IntegrateFire, Neuron, ScalableDualThreshold

from ...networks import MLP, SHAPES, dyadic, dyadic_batch, power_of_two
from .settings import SETTINGS


def parts_of(neuron: Neuron, currents: list[float], wanted: float | None = None) -> tuple[dict[str, float], float]:
    """The parts of the error of one neuron with these currents, and φ. The ANN's activation is ReLU(z) if not given."""
    steps = len(currents)
    x = torch.tensor(currents).view(steps, 1)
    fired, _ = neuron(x, None, steps)
    z = sum(currents) / steps
    a = torch.tensor([[max(z, 0.0) if wanted is None else wanted]])
    parts = split_error(neuron, torch.relu, x.sum(0, keepdim=True), fired.sum(0, keepdim=True), a, steps)
    return {name: float(part) for name, part in parts.items()}, float(neuron.theta) * float(fired.sum()) / steps


NOTHING = dict.fromkeys(PARTS, 0.0)


@pytest.mark.parametrize("neuron", [IntegrateFire(1.0), ScalableDualThreshold(1.0, alpha=0.5, beta=2)])
def test_driven_above_its_range_a_neuron_clips(neuron: Neuron) -> None:
    parts, output = parts_of(neuron, [3.0] * 4)  # βθ = 1 in both, at every step
    assert output == 1.0
    assert parts == {**NOTHING, "clipping": -2.0}


def test_an_even_input_between_two_levels_is_quantised() -> None:
    parts, output = parts_of(IntegrateFire(1.0), [0.375] * 4)  # Tz + v(0) = 2: two spikes, 0.5
    assert output == 0.5
    assert parts == {**NOTHING, "quantisation": 0.125}
    parts, output = parts_of(ScalableDualThreshold(1.0, alpha=0.25, beta=4), [0.3125] * 2)  # 2.5 + ½ = 3 spikes
    assert output == 0.375
    assert parts == {**NOTHING, "quantisation": 0.0625}
    parts, output = parts_of(IntegrateFire(1.0, v0=0.0), [0.375] * 4)  # Tz = 1.5: one spike without v(0)
    assert output == 0.25
    assert parts == {**NOTHING, "quantisation": -0.125}


def test_input_that_comes_late_is_lost_to_unevenness() -> None:
    """z = 1 would be a spike at every step; −1, −1, 3, 3 lets the neuron fire at two of four."""
    parts, output = parts_of(IntegrateFire(1.0), [-1.0, -1.0, 3.0, 3.0])
    assert output == 0.5
    assert parts == {**NOTHING, "unevenness": -0.5}


def test_spikes_that_turn_out_wrong_are_unevenness_unless_taken_back() -> None:
    currents = [2.0, 2.0, -2.0, -2.0]  # z = 0
    parts, output = parts_of(IntegrateFire(1.0), currents)
    assert output == 0.5
    assert parts == {**NOTHING, "unevenness": 0.5}
    gates: tuple[Literal["memory", "input"], ...] = ("memory", "input")
    for gate in gates:
        neuron = ScalableDualThreshold(1.0, alpha=1.0, beta=2, down_limit=2, retract="zero", gate=gate)
        assert parts_of(neuron, [2.0, 2.0, -1.0, -1.0])[0] == NOTHING
    taken_back = ScalableDualThreshold(1.0, alpha=1.0, beta=2, down_limit=2, retract="zero")
    assert parts_of(taken_back, currents) == (NOTHING, 0.0)


def test_another_mean_input_than_the_anns_is_inherited() -> None:
    assert parts_of(IntegrateFire(1.0), [0.5] * 4, wanted=0.25)[0] == {**NOTHING, "inherited": 0.25}
    assert parts_of(IntegrateFire(1.0), [-0.5] * 4, wanted=0.25)[0] == {**NOTHING, "inherited": -0.25}


def test_parts_together() -> None:
    """θ = 1, T = 2. Currents 3 and −0.25: z = 1.375, clipped to 1; q = 1; the neuron fires twice, m = 3.5 and 2.25."""
    parts, output = parts_of(IntegrateFire(1.0), [3.0, -0.25], wanted=1.5)
    assert output == 1.0
    assert parts == {"inherited": -0.125, "clipping": -0.375, "quantisation": 0.0, "unevenness": 0.0}
    parts, output = parts_of(
        IntegrateFire(1.0), [-0.25, 1.5], wanted=1.5
    )  # z = 0.625; q: ⌊1.25 + ½⌋ = 1; m = 0.25, 1.75
    assert output == 0.5
    assert parts == {"inherited": -0.875, "clipping": 0.0, "quantisation": -0.125, "unevenness": 0.0}


def test_above_a_ceiling_below_the_neurons_range_it_clips_too_late() -> None:
    neuron = ScalableDualThreshold(1.0, alpha=1.0, beta=2)
    x = torch.full((1, 1), 8.0)  # at every one of 4 steps, 2
    parts = split_error(neuron, lambda z: z.clamp(0.0, 1.0), x, torch.full((1, 1), 8.0), torch.ones(1, 1), 4)
    assert {name: float(part) for name, part in parts.items()} == {**NOTHING, "clipping": 1.0}


@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_the_parts_add_up_exactly(options: dict[str, Any]) -> None:
    """For every neuron, on weights and thresholds that are sums of powers of two: not one bit is lost."""
    x = dyadic_batch(SHAPES[MLP], count=16)
    snn = convert(dyadic(MLP()), 4, data=[x], threshold=power_of_two, **options)
    for neuron in snn.sites.values():
        net = torch.randint(0, 8, (16, 8)).float()
        drive = neuron.per_unit(net) * torch.randint(-32, 32 * 4 * getattr(neuron, "beta", 1), (16, 8)) / 16
        wanted = torch.randint(0, 16, (16, 8)) / 8
        parts = split_error(neuron, torch.relu, drive, net, wanted, 4)
        error = neuron.per_unit(net).double() * net.double() / 4 - wanted.double()
        assert torch.equal(sum(parts.values(), torch.zeros(())), error)
        assert all(bool(part.any()) for part in parts.values())
