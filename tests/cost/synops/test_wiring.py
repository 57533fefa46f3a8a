"""What is listed beside the synapses: dense layers, residual floats, norms, biases, pools, and what no rule knows."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv.bench import count
from snnconv.cost.synops import wiring
from snnconv.models import cifar_resnet20, fashion_cnn

from ...networks import SHAPES, ResidualNet, SmallCNN
from .networks import Inception, Separable

SIZES = {
    **SHAPES,
    Inception: (2, 6, 6),
    Separable: (2, 9, 9),
    cifar_resnet20: (3, 32, 32),
    fashion_cnn: (1, 28, 28),
}


def converted(model: nn.Module, shape: tuple[int, ...], **options: object) -> snnconv.SpikingNetwork:
    return snnconv.convert(model.eval(), data=[torch.randn(4, *shape)], **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("build", SIZES)
def test_dense_macs_are_those_of_the_model(build: type[nn.Module]) -> None:
    model = build().eval()
    found = wiring(converted(model, SIZES[build]))
    assert sum(layer.macs for layer in found.layers.values()) == count(model, SIZES[build]).ops
    assert not found.unsupported_ops


def test_small_cnn() -> None:
    found = wiring(converted(SmallCNN(), (2, 6, 6)))
    assert {name: layer.reads for name, layer in found.layers.items()} == {
        "conv1": "constant",
        "conv2": "spikes",
        "fc": "spikes",
    }
    assert found.encoder == {"conv1": 4 * 36 * 2 * 9}
    assert found.biases == {"conv1": 4 * 36, "conv2": 6 * 9, "fc": 3}
    assert found.neurons == {"relu1": 4 * 36, "relu2": 6 * 9}
    assert found.sources["pool1"].pool
    assert found.pools == {"pool1": 4 * 36}
    assert found.layers["conv2"].weights == 6 * 2 * 9
    assert (found.layers["fc"].inputs, found.layers["fc"].outputs) == (6, 3)


def test_residual_floats() -> None:
    found = wiring(converted(ResidualNet(), (2, 6, 6)))
    assert found.residual == {"relu_quantum": 4 * 36}  # the other shortcut is a convolution


def test_unpadded_convolution_is_dense() -> None:
    """Without padding every product of the dense layer has an input, so that the fan-outs add up to its MACs."""
    model = nn.Sequential(nn.Conv2d(2, 3, 1), nn.ReLU(), nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5))
    found = wiring(converted(model, (2, 6, 6)))
    conv, linear = found.synapses
    assert int(conv.fan_out.sum()) == found.layers["2"].macs == 4 * 16 * 27
    assert int(linear.fan_out.sum()) == found.layers["5"].macs == 64 * 5


def test_shares_of_a_concatenation() -> None:
    """3, 4 and 3 of 10 channels."""
    found = wiring(converted(Inception(), (2, 6, 6)))
    shares = {synapse.source: synapse.share for synapse in found.synapses if synapse.layer == "mixed"}
    assert shares == {"maximum": 0.3, "relu2": 0.4, "relu1": 0.3}


class CalledTwice(nn.Module):
    """The same layer on the input, on spikes and on floats."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.relu = nn.Conv2d(3, 3, 3, padding=1), nn.ReLU()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.relu(self.conv(x)))
        return self.conv(self.conv(x + 1) * 2)


def test_calls_of_one_layer_are_told_apart() -> None:
    found = wiring(converted(CalledTwice(), (3, 4, 4)))
    assert [layer.reads for layer in found.layers.values()] == ["constant", "float", "float"]
    assert len(found.layers) == 3
    assert sum(found.encoder.values()) == 3 * 16 * 27
    assert sum(found.analog.values()) == 2 * 3 * 16 * 27
    assert list(found.norms.values()) == [48]
    assert list(found.residual.values()) == [48]  # · 2
    assert list(found.added.values()) == [48]  # + 1


class Upsampled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(2, 3, 1), nn.Conv2d(3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.interpolate(F.relu(self.first(x)), scale_factor=2, mode="bilinear")
        return self.last(x)


def test_what_no_rule_knows_is_named() -> None:
    found = wiring(converted(Upsampled(), (2, 4, 4)))
    assert found.unsupported_ops == {"upsample_bilinear2d": 1}
    assert found.analog == {"last": 64 * 6}


def test_nothing_changes_and_gradients_may_be_off() -> None:
    snn = converted(SmallCNN(), (2, 6, 6))
    x = torch.randn(2, 2, 6, 6)
    before = snn.run(x).logits
    with torch.inference_mode():
        inside = wiring(snn)
    assert torch.equal(inside.synapses[0].fan_out, wiring(snn).synapses[0].fan_out)
    assert torch.equal(snn.run(x).logits, before)
    assert all(not parameter.requires_grad for parameter in snn.parameters())


def test_a_loaded_network_is_wired_alike(tmp_path: Path) -> None:
    snn = converted(Inception(), (2, 6, 6))
    snn.save(tmp_path / "snn.pt2")
    before, after = wiring(snn), wiring(snnconv.load(tmp_path / "snn.pt2"))
    assert after.layers == before.layers
    assert after.sources == before.sources
    assert after.pools == before.pools
    for first, second in zip(before.synapses, after.synapses, strict=True):
        assert (first.source, first.layer, first.share) == (second.source, second.layer, second.share)
        assert torch.equal(first.fan_out, second.fan_out)
