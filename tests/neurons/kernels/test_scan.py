"""The fused scans give the same bits as the eager step of every neuron that has one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor

from snnconv.neurons import NEURONS, Neuron
from snnconv.neurons.codes import events
from snnconv.neurons.kernels import dispatch
from snnconv.neurons.kernels.dispatch import Parts, has
from snnconv.neurons.temporal import Temporal, is_fused

SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("integrate_fire", {}),
    ("integrate_fire", {"strict": True, "v0": 0.0}),
    ("sd", {}),
    ("sd", {"alpha": 0.2, "beta": 5, "down_limit": 5, "retract": "zero"}),
    ("sd", {"alpha": 0.2, "beta": 5, "down_limit": 0}),
    ("sd", {"alpha": 0.5, "beta": 2, "gate": "input"}),
    ("sd", {"alpha": 1.0, "beta": 300, "down_limit": 200, "retract": "zero"}),
    ("binary", {"bits": 4}),
    ("signed", {"bits": 8, "cost": 0.3, "down_limit": 255, "retract": "zero", "alpha": 0.5}),
    ("signed", {"bits": 4, "cost": 0.0, "down_limit": 15, "retract": "zero"}),
]
SHAPES = {
    "vectors": (3, 37), "one value": (2, 1), "maps": (3, 5, 6, 7), "channels last": (3, 5, 6, 7),
    "clips": (2, 3, 4, 5, 6), "sequences": (2, 9, 11), "long": (2, 1500),
}  # fmt: skip
pytestmark = pytest.mark.skipif(not has("numba"), reason="needs numba: pip install 'snnconv[fast]'")


def neuron_of(name: str, options: dict[str, Any], granularity: str, shape: tuple[int, ...]) -> Neuron:
    draw = torch.Generator().manual_seed(1)
    sizes = {"layer": (), "channel": shape[1:2], "neuron": shape[1:]}[granularity]
    neuron = NEURONS[name](torch.rand(sizes, generator=draw) + 0.5, **options)
    if hasattr(neuron, "most") and granularity != "neuron":
        neuron.saturate(torch.tensor(1.3))
    if granularity == "channel":
        neuron.correct(offset=0.1 * torch.randn(sizes, generator=draw), potential=torch.rand(sizes, generator=draw))
    return neuron


def eager(neuron: Neuron, x: Tensor, state: Any, steps: int, varying: bool = True) -> tuple[Tensor, Any]:
    return Temporal.forward(neuron, neuron.driven(x)[0], state, steps, varying)


def same(one: Tensor, other: Tensor) -> bool:
    return bool((one == other).all()) and one.shape == other.shape and one.stride() == other.stride()


@pytest.fixture(autouse=True)
def however_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "SMALL", 1)


@pytest.mark.parametrize("place", SHAPES)
@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_the_same_bits(name: str, options: dict[str, Any], place: str) -> None:
    granularities = ["layer", "channel", "neuron"]
    turn = list(SHAPES).index(place) + [setting[0] for setting in SETTINGS].index(name)
    granularity, shape = granularities[turn % 3], SHAPES[place]
    neuron = neuron_of(name, options, granularity, shape)
    assert is_fused(neuron)
    counted: list[Tensor] = []
    neuron.tally = lambda events, neurons: counted.append(events)
    draw = torch.Generator().manual_seed(2)
    states: list[Any] = [None, None]
    for steps in (1, 3, 2):
        x = torch.randn((steps * shape[0], *shape[1:]), generator=draw)
        x = x.to(memory_format=torch.channels_last) if place == "channels last" else x
        spikes, states[0] = neuron(x, states[0], steps)
        wanted, states[1] = eager(neuron, x, states[1], steps)
        assert same(spikes, wanted)
        assert all(same(one, other) for one, other in zip(*states) if one is not None)
        events_of = events(wanted, neuron.code).view(steps, -1) if place != "channels last" else None
        if events_of is not None:
            assert counted[-1].tolist() == events_of.sum(1).tolist()
    assert place == "one value" or bool(wanted.any())


@pytest.mark.parametrize(("name", "options"), SETTINGS[::3])
@pytest.mark.parametrize("varying", [(True, True), (False, True), (True, False)])
def test_residual_adds(name: str, options: dict[str, Any], varying: tuple[bool, bool]) -> None:
    """What a neuron adds up itself is what a `Scale` adds up before it."""
    shape, steps = (3, 5, 6, 7), 3
    neuron = neuron_of(name, options, "channel", shape)
    draw = torch.Generator().manual_seed(3)
    current, spikes = (torch.randn((steps * 3 if v else 3, 5, 6, 7), generator=draw) for v in varying)
    factor = torch.rand((5, 1, 1), generator=draw)
    spikes = (3 * spikes).round()
    result, _ = neuron(Parts(current, varying[0], spikes, varying[1], factor), None, steps)
    whole = [x if v else x.repeat(steps, 1, 1, 1) for x, v in zip((current, spikes), varying)]
    wanted, _ = eager(neuron, torch.addcmul(whole[0], whole[1], factor), None, steps)
    assert same(result, wanted)


def test_a_neuron_that_steps_otherwise_has_no_kernel() -> None:
    class Other(NEURONS["sd"]):  # type: ignore[misc]
        def step(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
            spikes, state = super().step(x, state)
            return -spikes, state

    assert not is_fused(Other(1.0))
    assert bool((Other(1.0)(torch.full((2, 3), 5.0), None, 1)[0] < 0).all())


def test_a_step_that_somebody_replaced_runs() -> None:
    """On the class, or on one neuron."""
    kind = NEURONS["sd"]
    neuron, x = kind(1.0), torch.full((2, 3), 5.0)
    assert is_fused(neuron)
    neuron.step = lambda x, state: (-x, state)  # type: ignore[method-assign]
    assert not is_fused(neuron)
    assert torch.equal(neuron(x, None, 1)[0], -x)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "step", lambda self, x, state: (-x, state))
        assert torch.equal(kind(1.0)(x, None, 1)[0], -x)
    assert is_fused(kind(1.0))


def test_what_a_neuron_is_given_anew_counts() -> None:
    """Also if it lies where the one before lay, as a tensor that is made and dropped in a loop does."""
    neuron, x = NEURONS["sd"](1.0), torch.rand(2, 40)
    for step in range(30):
        neuron.correct(offset=torch.tensor(step / 10), potential=torch.tensor(step / 20))
        assert same(neuron(x, None, 3, False)[0], eager(neuron, x, None, 3, False)[0])
        neuron.theta.mul_(1.02)  # and what is written into


def test_tensors_of_inference_mode() -> None:
    with torch.inference_mode():
        neuron = NEURONS["sd"](torch.rand(40) + 0.5)
    x = torch.rand(2, 40)
    assert same(neuron(x, None, 3, False)[0], eager(neuron, x, None, 3, False)[0])


HELD_BACK = """
import torch, numba.core.caching as caching
{before}
torch.set_num_threads(2)
from snnconv.neurons import NEURONS
from snnconv.neurons.temporal import Temporal
neuron, x = NEURONS["sd"](1.0), torch.randn(64, 2048)
assert torch.equal(neuron(x, None, 3, False)[0], Temporal.forward(neuron, x, None, 3, False)[0])
{after}
print("same")
"""


@pytest.mark.parametrize(
    ("before", "after", "environment"),
    [
        ("", "", {"OMP_THREAD_LIMIT": "1"}),  # fewer threads than are asked for
        pytest.param("", "", {"OMP_DYNAMIC": "true"}, marks=pytest.mark.slow),
        (
            "caching.CacheImpl._locator_classes = []",  # no folder that can be written
            "from snnconv.neurons.kernels import numba_scan; assert not numba_scan.KEEPS",
            {},
        ),
    ],
    ids=["one thread", "as many threads as it likes", "nothing can be written"],
)
def test_machines_that_hold_back(before: str, after: str, environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", HELD_BACK.format(before=before, after=after)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    assert done.stdout.strip() == "same", done.stderr[-2000:]


def test_threads_change_nothing() -> None:
    neuron = neuron_of(*SETTINGS[3], "channel", (8, 16, 40, 40))
    x = torch.randn(8 * 4, 16, 40, 40)
    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results.append(neuron(x, None, 4)[0])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(result, results[0]) for result in results)
