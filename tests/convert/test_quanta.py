"""Quanta folded into the next layers: same outputs, and whole numbers are what travels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torchvision
from torch import Tensor, fx, nn
from torch.nn import functional as F

import snnconv
from snnconv import SpikingNetwork
from snnconv.convert.passes.spike import spike
from snnconv.graph.graphs import clone, module_calls
from snnconv.graph.operations import LINEAR_MODULES
from snnconv.neurons import Scale
from snnconv.simulate.engine import mean_over_time, simulate
from snnconv.simulate.split import split_time

from ..networks import SHAPES, dyadic, dyadic_batch, power_of_two

T = 3


class Flattened(nn.Module):
    """θ per channel through flatten into a linear layer, per feature from there on."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.pool = nn.Conv2d(2, 4, 3), nn.MaxPool2d(2)
        self.a, self.b = nn.Linear(16, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(F.relu(self.conv(x)))
        return self.b(F.relu(self.a(x.view(x.size(0), -1))))


class Joined(nn.Module):
    """Two quanta concatenated, padded and shuffled into one grouped convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(2, 4, 3), nn.Conv2d(2, 2, 3)
        self.c, self.shuffle, self.d = nn.Conv2d(6, 6, 3, groups=3), nn.ChannelShuffle(3), nn.Conv2d(6, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([F.relu(self.a(x)), F.relu(self.b(x))], 1)
        x = F.relu(self.c(F.pad(x, (1, 1, 1, 1))))
        return self.d(self.shuffle(x)).flatten(1)


class Transposed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(2, 4, 3, 2), nn.ConvTranspose2d(4, 4, 3, 2, groups=2)
        self.c = nn.Conv2d(4, 2, 3, padding=1, padding_mode="reflect")

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.b(F.relu(self.a(x))))
        return self.c(x)


class PreActivation(nn.Module):
    """DenseNet's order: the BatchNorm after a concatenation has no layer to fold into."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.bn, self.c = nn.BatchNorm2d(8, eps=2**-12), nn.Conv2d(8, 2, 3)  # var + eps stays a power of four
        self.bn.running_mean.copy_(torch.arange(8) / 8)  # type: ignore[union-attr]
        self.bn.running_var.copy_(torch.tensor([0.25, 1, 4, 16] * 2) - self.bn.eps)  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.a(x))
        x = torch.cat([x, F.relu(self.b(x))], 1)
        return self.c(F.relu(self.bn(x)))


class Tokens(nn.Module):
    """Channels move about: [B, C, H, W] → [B, H·W, C], a layer on the last dimension, a mean over tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.a, self.b = nn.Conv2d(2, 4, 3), nn.Linear(4, 5), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x)).flatten(2).transpose(1, 2)
        return self.b(F.relu(self.a(x)).mean(1))


class Split(nn.Module):
    """ShuffleNet's unit: half the channels pass by, channels are shuffled by views, the head averages by `mean`."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b = nn.Conv2d(2, 8, 3), nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(3, 3, 1)
        self.fc = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        left, right = F.relu(self.stem(x)).chunk(2, 1)
        x = torch.cat([left, F.relu(self.a(right))], 1)
        x = x.view(x.size(0), 2, 4, x.size(2), x.size(3)).transpose(1, 2).reshape(x.size(0), 8, x.size(2), x.size(3))
        first, second = x.split([3, 5], 1)
        x = torch.cat([F.relu(self.b(first)), second], 1)
        return self.fc(x.mean([2, 3]))


NETS: dict[str, tuple[type[nn.Module], tuple[int, ...]]] = {
    net.__name__: (net, SHAPES.get(net, (2, 6, 6)))
    for net in (*SHAPES, Flattened, Joined, Transposed, PreActivation, Tokens, Split)
}
nets = pytest.mark.parametrize("name", list(NETS))
channels = pytest.mark.parametrize("per_channel", [False, True], ids=["layer", "channel"])


def converted(name: str, per_channel: bool) -> tuple[SpikingNetwork, Tensor]:
    net, shape = NETS[name]
    x = dyadic_batch(shape, 3)
    return snnconv.convert(dyadic(net()), T, data=[x], alpha=0.25, threshold=power_of_two, per_channel=per_channel), x


@nets
@channels
def test_folding_changes_nothing(name: str, per_channel: bool) -> None:
    snn, x = converted(name, per_channel)
    unfolded = spike(clone(snn.ann), snn.plan.sites).eval()
    assert len(list(module_calls(unfolded, Scale))) == len(snn.sites)
    with torch.no_grad():
        (expected,) = mean_over_time(simulate(split_time(unfolded), [x], T, 1))
    assert torch.equal(snn(x), expected)


def scales_that_feed_layers(network: fx.GraphModule) -> Iterator[str]:
    for node, _ in module_calls(network, Scale):
        for user in node.users:
            if user.op == "call_module" and isinstance(network.get_submodule(str(user.target)), LINEAR_MODULES):
                yield str(node.target)


@nets
@channels
def test_no_scale_is_left_before_a_layer(name: str, per_channel: bool) -> None:
    snn, _ = converted(name, per_channel)
    assert not list(scales_that_feed_layers(snn.network))
    adds = name == "ResidualNet"  # the identity shortcut is added to something of another quantum
    assert len(list(module_calls(snn.network, Scale))) == int(adds)


@nets
@channels
def test_whole_numbers_travel(name: str, per_channel: bool) -> None:
    """What every convolution and linear layer after the first neuron gets is whole, average pooling aside."""
    snn, x = converted(name, per_channel)
    seen: dict[str, Tensor] = {}
    first = {str(node.target) for node, _ in module_calls(snn._hidden[0].prefix)}
    averaged = {"SmallCNN": {"fc"}, "Tokens": {"b"}, "Split": {"fc"}}.get(name, set())
    for path, module in snn.network.named_modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)) and path not in first:
            module.register_forward_pre_hook(lambda _, args, path=path: seen.update({path: args[0]}))
    snn(x)
    assert seen
    for path in seen.keys() - averaged:
        assert torch.equal(seen[path], seen[path].round()), path
        assert seen[path].abs().max() >= 1


def test_torchvision_networks_keep_scales_at_additions_only() -> None:
    model = torchvision.models.resnet18(weights=None, num_classes=4).eval()
    network = snnconv.convert(model, 2, data=[torch.randn(4, 3, 32, 32)]).network
    scales = list(module_calls(network, Scale))
    assert len(scales) == 5  # blocks without a downsampling: layer1.0, layer1.1, layer2.1, layer3.1, layer4.1
    for node, _ in scales:
        adds = len(node.args) == 2 or any("add" in str(user.target) for user in node.users)
        assert adds, node.target


def test_a_shared_layer_takes_each_callers_quantum() -> None:
    """One convolution after two neurons of different θ: two copies, each with its own."""

    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.conv = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(F.relu(self.conv(F.relu(self.stem(x)))))

    x = dyadic_batch((2, 4, 4))
    snn = snnconv.convert(dyadic(Shared()), 2, data=[x], alpha=0.5, threshold=power_of_two, per_channel=False)
    a, b = (module for node, module in module_calls(snn.network, nn.Conv2d) if str(node.target) != "stem")
    original = snn.ann.get_submodule("conv").weight
    thetas = [neuron.theta for neuron in snn.sites.values()]
    assert torch.equal(a.weight, original * thetas[0])
    assert torch.equal(b.weight, original * thetas[1])
