"""All operations of SVFormer and ReSpike counted once more, by hooks on their layers alone: totals are the same."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snnconv.bench import energy
from snnconv.models._respike.fusion import Attention, Fusion, GatedFeedForward
from snnconv.models._svformer.blocks import Attention as SpikingAttention
from snnconv.models.spiking_layer import SpikingLayer

from .test_direct import clips, spiking

SAMPLES = 2


def is_spikes(x: Tensor) -> bool:
    return bool(((x == 0) | (x == 1)).all())


class Recount:
    """Accumulations and multiply-accumulates of all samples, by layer."""

    def __init__(self, model: nn.Module) -> None:
        self.acs: dict[str, float] = {}
        self.macs: dict[str, float] = {}
        self.fired: dict[str, Tensor] = {}
        self.rates: dict[str, float] = {}
        for name, module in model.named_modules():
            for kind, count in (
                (SpikingLayer, self.keep), (nn.modules.conv._ConvNd, self.convolution), (nn.Linear, self.linear),
                (Attention, self.softmax), (SpikingAttention, self.spiking), (Fusion, self.norms),
                (GatedFeedForward, self.gate),
            ):  # fmt: skip
                if isinstance(module, kind):
                    module.register_forward_hook(self.named(name, count))

    def named(self, name: str, count: Any) -> Any:
        return lambda module, args, output: count(name, module, *args, output)

    def keep(self, name: str, module: nn.Module, x: Tensor, spikes: Tensor) -> None:
        self.fired[name] = spikes

    def convolution(self, name: str, module: Any, x: Tensor, output: Tensor) -> None:
        """Firing rate × fan-out: a spike's fan-out is how many weights of 1 reach an output from its place."""
        if not is_spikes(x):
            self.macs[name] = output.numel() * module.weight[0].numel()
            return
        one = torch.ones(1, *x.shape[1:], dtype=torch.float64, requires_grad=True)
        weight = torch.ones_like(module.weight, dtype=torch.float64)
        with torch.enable_grad():
            taps = module._conv_forward(one, weight, None).sum()
        fan_out = torch.autograd.grad(taps, one)[0][0]
        rate = x.double().mean(0)
        self.acs[name] = float((rate * fan_out).sum()) * len(x)
        self.rates[name] = float(rate.mean())

    def linear(self, name: str, module: nn.Linear, x: Tensor, output: Tensor) -> None:
        assert not is_spikes(x)  # in both networks they come behind norms or sums
        self.macs[name] = output.numel() * module.in_features

    def softmax(self, name: str, module: nn.Module, x: Tensor, context: Tensor, output: Tensor) -> None:
        self.macs[f"{name}.attention"] = 2 * output.numel() * context.shape[1]  # q kᵀ, and what weighs v

    def spiking(self, name: str, module: Any, x: Tensor, output: Tensor) -> None:
        """kᵀ v: where both fire. q (kᵀ v): a row of 64 for every spike."""
        q, k, v = (self.fired[f"{name}.{part}"].double().unflatten(1, (-1, 64)) for part in "qkv")
        self.acs[f"{name}.matmul"] = float(torch.einsum("nhct,nhdt->", k, v))
        self.acs[f"{name}.matmul#2"] = float(q.sum()) * 64

    def norms(self, name: str, module: Fusion, x: Tensor, key: Tensor, output: Tensor) -> None:
        tokens = module.tokens(x)
        self.macs[f"{name} norms"] = 4 * tokens.numel()  # before each of its four parts

    def gate(self, name: str, module: GatedFeedForward, x: Tensor, output: Tensor) -> None:
        self.macs[f"{name} gate"] = x.shape[:-1].numel() * module.back.in_features


@pytest.mark.parametrize(
    ("name", "frames"),
    [("svformer", 4), pytest.param("respike", 8, marks=pytest.mark.slow)],  # 30 million weights to round
)
def test_totals(name: str, frames: int) -> None:
    model, x = spiking(name), clips(SAMPLES, frames)
    result = energy(model, [(x, torch.tensor([0, 1]))])
    recount = Recount(model)
    with torch.no_grad():
        model(x)
    for layer, acs in recount.acs.items():
        assert result.by_layer[layer]["acs"] == pytest.approx(acs / SAMPLES, rel=1e-9), layer
    for layer, rate in recount.rates.items():
        assert result.by_layer[layer]["rate"] == pytest.approx(rate, rel=1e-9), layer
    for layer in recount.macs.keys() & result.by_layer.keys():
        assert result.by_layer[layer]["macs"] == recount.macs[layer] / SAMPLES, layer
    acs, macs = (sum(counts.values()) / SAMPLES for counts in (recount.acs, recount.macs))
    assert acs > 0
    assert result.snn.acs == pytest.approx(acs, rel=1e-9)
    assert result.snn.macs == macs
    assert result.snn.energy_mJ == pytest.approx((4.6 * macs + 0.9 * acs) * 1e-9)
    first = "patches.0.0" if name == "svformer" else "snn.stem.0"
    assert recount.macs[first] > 0  # it reads frames, not spikes
    assert result.apart["spikes"] == sum(float(spikes.sum()) for spikes in recount.fired.values()) / SAMPLES
