"""The quantised ANN: values on their grid, exact where bits are many, worse where they are few."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, fx, nn

from snnconv import InputError, SpikingNetwork, convert
from snnconv.cost.energy import levels_of, quantised
from snnconv.cost.energy.quantise import InputGrid, Quantiser, bits_of, quantised_weight
from snnconv.data import DataSource, open_data
from snnconv.graph.elementwise import Elementwise

LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
Network = Callable[[Tensor], Tensor]


@pytest.fixture(scope="module")
def many() -> DataSource:
    return open_data("fashion:test", batch_size=100, limit=500)


def accuracy(network: Network, data: DataSource) -> float:
    with torch.no_grad():
        return 100 * sum(int((network(x).argmax(1) == y).sum()) for x, y in data) / len(data)


def picture(count: int = 4) -> Tensor:
    return next(iter(open_data("fashion:test", batch_size=count)))[0]


def is_whole(values: Tensor) -> bool:
    return torch.allclose(values, values.round(), atol=1e-4)


def inputs_of_layers(network: fx.GraphModule, x: Tensor) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(_: nn.Module, args: tuple[Tensor]) -> None:
            found[name] = args[0]

        return hook

    modules = {name: module for name, module in network.named_modules() if isinstance(module, LAYERS)}
    handles = [module.register_forward_pre_hook(keep(name)) for name, module in modules.items()]
    with torch.no_grad():
        network(x)
    for handle in handles:
        handle.remove()
    return found


def test_many_bits_give_the_clipped_ann() -> None:
    """With λ above every activation nothing is clipped, and 2¹⁶ levels and 16-bit weights are as good as floats."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, groups=2),
        nn.ReLU(), nn.ConvTranspose2d(8, 4, 2, stride=2, groups=2), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(16, 5),
    ).eval()  # fmt: skip
    x = torch.randn(6, 2, 8, 8)
    for per_channel in (True, False):
        snn = convert(model, data=[x], threshold="max", per_channel=per_channel)
        with torch.no_grad():
            expected = snn.ann(x)
            assert torch.allclose(quantised(snn, 16, 2**16)(x), expected, atol=2e-3 * float(expected.abs().max()))
            assert not torch.allclose(quantised(snn, 3, 8)(x), expected, atol=2e-3 * float(expected.abs().max()))


@pytest.mark.parametrize(("weight_bits", "levels"), [(8, 21), (4, 16), (2, 2)])
def test_values_are_on_the_grid(weight_bits: int, levels: int, snn: SpikingNetwork) -> None:
    """Whole numbers go into every layer that reads activations; a row of weights is whole multiples of its step."""
    network = quantised(snn, weight_bits, levels)
    read = inputs_of_layers(network, picture())
    whole = [read[name] for name in ("conv1.0", "conv3.0", "conv4")]
    for values in whole:
        assert torch.equal(values, values.round())
        assert 0 <= float(values.min()) <= float(values.max()) <= levels - 1
    assert max(float(values.max()) for values in whole) == levels - 1
    quarters = 4 * read["conv2.0"]  # the mean of four whole numbers
    assert torch.allclose(quarters, quarters.round(), atol=1e-4)
    for module in network.modules():
        if isinstance(module, LAYERS):
            top = 2 ** (weight_bits - 1) - 1
            for row in module.weight.flatten(1):
                assert any(is_whole(row * k / row.abs().max()) for k in range(1, top + 1))


def test_an_activation_is_rounded_to_nearest_and_clipped() -> None:
    quantiser = Quantiser(torch.tensor([1.0, 2.0]), levels=5)  # Δ = 2/4
    x = torch.tensor([-1.0, 0.2, 0.3, 0.76, 1.9, 2.3, 99.0])
    assert quantiser(x).tolist() == [0, 0, 1, 2, 4, 4, 4]


def test_weights_by_hand() -> None:
    """3 bits: −3 … 3. A row of equal steps is kept exactly; an outlier is clipped where that costs less."""
    even = torch.tensor([[-3.0, -1.0, 0.0, 2.0], [0.3, 0.1, -0.2, 0.0], [0.0, 0.0, 0.0, 0.0]])
    assert torch.allclose(quantised_weight(even, 3), even)
    row = torch.cat([torch.full((400,), 0.3), torch.tensor([1.0])])[None]
    rounded = quantised_weight(row, 3)
    unclipped = torch.where(row > 0.5, 1.0, 1 / 3)
    assert float((rounded - row).square().sum()) < float((unclipped - row).square().sum())
    assert float(rounded.max()) < 1.0


def test_channels_of_transposed_convolutions() -> None:
    """Each output channel has its own scale: rows that are exact alone stay exact together."""
    layer = nn.ConvTranspose2d(4, 6, 2, groups=2, bias=False)
    steps = torch.tensor([1.0, 10.0, 100.0, 0.1, 0.01, 7.0]).view(2, 1, 3, 1, 1)
    whole = torch.randint(-7, 8, (2, 2, 3, 2, 2)).float()
    whole[:, 0, :, 0, 0] = 7  # the largest is in each channel
    weight = (whole * steps).flatten(0, 1)
    assert weight.shape == layer.weight.shape
    assert torch.allclose(quantised_weight(weight, 4, groups=2), weight, rtol=1e-5)


def test_accuracy_falls_with_the_bits(snn: SpikingNetwork, many: DataSource) -> None:
    ann = accuracy(snn.ann, many)
    by_bits = {bits: accuracy(quantised(snn, bits, 2**bits), many) for bits in (8, 4, 2)}
    assert by_bits[8] >= ann - 1
    assert by_bits[4] >= ann - 5
    assert by_bits[8] > by_bits[4] > by_bits[2]
    assert accuracy(quantised(snn, 8, levels_of(snn, 4)), many) >= ann - 1.5


def test_eight_bit_pictures_stay_what_they_are(snn: SpikingNetwork) -> None:
    x = picture()
    normalization = snn.plan.normalization
    assert normalization is not None
    mean, std = (torch.tensor(normalization[key]) for key in ("mean", "std"))
    assert torch.allclose(InputGrid(mean, std, 8)(x), x, atol=1e-5)
    coarse = (InputGrid(mean, std, 1)(x) * std + mean).unique()
    assert torch.allclose(coarse, torch.tensor([0.0, 1.0]), atol=1e-5)
    one_bit = quantised(snn, 16, 2**16, input_bits=1)
    with torch.no_grad():
        assert not torch.allclose(one_bit(x), snn.ann(x), atol=0.5)


def test_the_network_it_came_from_is_left_alone(snn: SpikingNetwork) -> None:
    x = picture()
    before, output, ann = {k: v.clone() for k, v in snn.state_dict().items()}, snn(x), snn.ann(x)
    quantised(snn, 2, 2)
    assert all(torch.equal(value, before[name]) for name, value in snn.state_dict().items())
    assert torch.equal(snn(x), output)
    assert torch.equal(snn.ann(x), ann)


def test_sites_kept_analog_stay(images: DataSource) -> None:
    from snnconv.models import fashion_cnn

    x = picture()
    snn = convert(fashion_cnn(pretrained=True), data=[x], keep="conv3", method="sdm-zero")
    kinds = {name: type(module) for name, module in quantised(snn, 8, 256).named_modules()}
    assert kinds["conv3.2"].__name__ == "Activation"
    assert kinds["conv2.2"] is Quantiser


def test_float64(snn: SpikingNetwork) -> None:
    x = picture()
    double = convert(nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.ReLU(), nn.Linear(8, 3)).double(), data=[x])
    with torch.no_grad():
        assert quantised(double, 8, 256)(x.double()).dtype == torch.float64


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"weight_bits": 1, "levels": 4}, "weight_bits"),
        ({"weight_bits": 8, "levels": 1}, "levels"),
        ({"weight_bits": 8.5, "levels": 4}, "weight_bits"),
        ({"weight_bits": 8, "levels": 4, "input_bits": 0}, "input_bits"),
    ],
)
def test_refuses(options: dict[str, int], problem: str, snn: SpikingNetwork) -> None:
    with pytest.raises(InputError, match=f"{problem} is out of range"):
        quantised(snn, **options)


def test_levels_and_bits(snn: SpikingNetwork) -> None:
    """β = 5 of `sdm-zero`: 4 steps tell 0 … 20 apart; an IF neuron 0 … T."""
    assert levels_of(snn, 4) == 21
    spikes = convert(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), data=[torch.rand(4, 2)], method="if")
    assert levels_of(spikes, 7) == 8
    assert [bits_of(levels) for levels in (2, 3, 4, 16, 17, 21, 256)] == [1, 2, 2, 4, 5, 5, 8]


@pytest.mark.parametrize(
    "options", [{"method": "auto"}, {"method": "sdm-zero"}, {"method": "sdm", "per_channel": True}]
)
def test_thresholds_per_channel_leave_the_rival_as_it_is_per_layer(options: dict[str, object]) -> None:
    """One step a layer, from the layer's own 99.9 percentile, not from that of its most active channel."""
    from snnconv.models import fashion_cnn

    model, calibration = fashion_cnn(pretrained=True), open_data("fashion:train", limit=128)
    per_layer = quantised(convert(model, data=calibration, method="if"), 4, 16)
    found = quantised(convert(model, data=calibration, **options), 4, 16)  # type: ignore[arg-type]
    for name, module in per_layer.named_modules():
        if isinstance(module, Quantiser):
            other = found.get_submodule(name)
            assert isinstance(other, Quantiser)
            torch.testing.assert_close(other.step, module.step, rtol=0.02, atol=0)


@pytest.mark.parametrize(
    ("activation", "low"),
    [
        (Elementwise("silu.default"), -0.2785),
        (Elementwise("sigmoid.default"), 0.0),
        (Elementwise("tanh.default"), -1.0),
        (Elementwise("leaky_relu.default", {"negative_slope": 0.5}), -3.0),
    ],
)
def test_other_activations_are_quantised_from_the_least_that_they_give(activation: Elementwise, low: float) -> None:
    """No level is spent on values that do not occur; 0 stays 0."""
    quantiser, x = Quantiser(torch.tensor(3.0), 64, activation), torch.linspace(-20, 20, 1000)
    step = float(quantiser.step)
    assert step == pytest.approx((3 - low) / 63, rel=1e-3)
    values = quantiser(x)
    assert is_whole(values)
    assert len(values.unique()) <= 64
    inside = activation(x).abs() <= 3
    assert ((values * step - activation(x))[inside].abs() <= step * (1 if low else 0.5) + 1e-5).all()
    assert float(quantiser(torch.tensor([0.0]))) == round(float(activation(torch.zeros(1))) / step)
