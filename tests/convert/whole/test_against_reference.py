"""Networks of whole numbers against a simulator in 64-bit integers: the same spikes and the same output, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import snnconv
from snnconv import METHODS, SpikingNetwork, UnsupportedModelError

from ...networks import SpikeRecorder
from ...whole_reference import WholeProgram
from .networks import NETWORKS, trained_like

T = 5
WHOLE = [name for name in METHODS if METHODS[name].neuron != "differential"]


def converted(network: str, **options: Any) -> tuple[SpikingNetwork, torch.Tensor]:
    build, shape = NETWORKS[network]
    model = trained_like(build)
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(1))
    return snnconv.convert(model, T, data=[x], weight_bits=8, **options), x


def agree(snn: SpikingNetwork, x: torch.Tensor) -> None:
    recorder = SpikeRecorder()
    run = snn.run(x, observers=[recorder])
    program = WholeProgram(snn.network)
    outputs = program.run([x], snn.warm_up + T)[snn.warm_up :]
    assert list(recorder.spikes) == list(program.spikes)
    for site, spikes in recorder.spikes.items():
        np.testing.assert_array_equal(spikes.numpy(), np.stack(program.spikes[site]), err_msg=site)
    total = outputs[0]
    for t, output in enumerate(outputs):
        total = output if t == 0 else total + output
        np.testing.assert_array_equal(run.logits[t].numpy(), total / np.float32(t + 1))


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("method", ["sdm", "auto"])
def test_every_network(network: str, method: str) -> None:
    snn, x = converted(network, method=method)
    assert all(neuron.levels is not None for neuron in snn.sites.values())
    agree(snn, x)


@pytest.mark.parametrize("method", [name for name in WHOLE if METHODS[name].neuron != "cos"])
def test_every_method(method: str) -> None:
    maxpool = "lipool" if method == "burst" else "exact"
    agree(*converted("residual" if maxpool == "lipool" else "small", method=method))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("granularity", [True, False])
def test_bits_and_granularity(bits: int, granularity: bool) -> None:
    snn, x = converted("residual", method="sdm-zero", per_channel=granularity)
    agree(snn.quantise(bits), x)


def test_corrections_are_rounded() -> None:
    agree(*converted("small", method="if", corrections=("shift", "bias", "potential")))


def test_differences_are_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="differences are decoded to means"):
        converted("small", method="dcgs")
