"""weight_bits: as an option of `convert`, on networks that are converted, in labels and in files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import snnconv
from snnconv import InputError
from snnconv.cost.bits import bits
from snnconv.methods.label import label_of
from snnconv.methods.parse import parse_method
from snnconv.neurons import Levels, WholeLayer

from .networks import NETWORKS, trained_like


def small(**options: object) -> tuple[snnconv.SpikingNetwork, torch.Tensor]:
    build, shape = NETWORKS["residual"]
    x = torch.randn(5, *shape, generator=torch.Generator().manual_seed(3))
    return snnconv.convert(trained_like(build), 4, data=[x], **options), x  # type: ignore[arg-type]


def test_the_default_stays_float() -> None:
    snn, x = small()
    assert not snn.is_whole
    assert torch.equal(snn(x), small(weight_bits="float")[0](x))


def test_converting_and_quantising_are_the_same() -> None:
    snn, x = small(weight_bits=8)
    assert snn.is_whole
    assert torch.equal(snn(x), small()[0].quantise(8)(x))
    assert torch.equal(snn(x), snn.quantise(8)(x))


@pytest.mark.parametrize("weight_bits", [8, 16])
def test_weights_are_whole_and_of_so_many_bits(weight_bits: int) -> None:
    snn, _ = small(weight_bits=weight_bits)
    layers = [layer for layer in snn.network.modules() if isinstance(layer, WholeLayer)]
    assert len(layers) == 6
    for layer in layers:
        weight = layer.weight
        assert torch.equal(weight, weight.round())  # type: ignore[call-overload]
        largest = float(weight.abs().max())  # type: ignore[operator]
        assert 30 < largest < 2 ** (weight_bits - 1)  # terms of one sum share a unit; sums stay within 24 bits
    for neuron in snn.sites.values():
        assert neuron.levels is not None
        assert torch.equal(neuron.levels, neuron.levels.round())
        assert float(neuron.levels.min()) >= 1
    if weight_bits == 16:
        assert max(layer.weights for layer in bits(snn).layers) > 12


@pytest.mark.parametrize("weight_bits", [8, 16])
def test_close_to_the_network_of_real_numbers(weight_bits: int) -> None:
    """In the long run, where single spikes do not decide."""
    snn, x = small(method="sdm-zero", threshold="max")
    whole = snn.quantise(weight_bits)
    long, rounded = snn.run(x, T=64).logits[-1], whole.run(x, T=64).logits[-1]
    assert float((long - rounded).norm() / long.norm()) < (0.05 if weight_bits == 8 else 0.01)


def test_files(tmp_path: Path) -> None:
    snn, x = small(weight_bits=8, method="auto")
    snn.save(tmp_path / "snn8.pt2")
    again = snnconv.load(tmp_path / "snn8.pt2")
    assert again.is_whole
    assert torch.equal(again(x), snn(x))


def test_labels_are_read_back() -> None:
    snn, _ = small(weight_bits=8)
    label = label_of(snn.plan.settings)
    assert label == "auto weight_bits=8"
    assert parse_method(label) == ("auto", {"weight_bits": 8})


@pytest.mark.parametrize("wrong", [7, 0, True, "eight", 8.5])
def test_other_numbers_of_bits_are_refused(wrong: object) -> None:
    with pytest.raises(InputError, match="weight_bits"):
        small(weight_bits=wrong)


def test_bits_of_layers_and_sites() -> None:
    snn, x = small(weight_bits=8, method="sdm-zero")
    found = bits(snn, [x])
    assert max(layer.weights for layer in found.layers) == 8
    assert all(layer.sums <= 24 for layer in found.layers)
    assert all(site.spikes == (-5, 5) and site.potential == 24 for site in found.sites)
    assert all(site.measured is not None and site.measured <= 24 for site in found.sites)
    assert found.fits["Loihi 2"]
    with pytest.raises(InputError, match="real numbers"):
        bits(small()[0])


@pytest.mark.parametrize("largest", [2.6, 40.0])
def test_inputs_larger_than_images_are_not_cut_off(largest: float) -> None:
    """A normalisation says how large pixels are; data that are larger are no pixels."""
    snn, x = small(method="sdm-zero", threshold="max")
    snn.plan.normalization = {"mean": [0.5] * 3, "std": [0.2] * 3}
    snn.plan.settings["input_reach"] = [largest]
    levels = next(m for m in snn.quantise(8).network.modules() if isinstance(m, Levels))
    assert float((levels(torch.full_like(x, largest * 0.9)) * levels.step).max()) > 0.85 * min(largest, 2.5)


def test_a_file_that_does_not_say_how_large_inputs_are() -> None:
    snn, _ = small()
    del snn.plan.settings["input_reach"]
    with pytest.raises(InputError, match="convert it again"):
        snn.quantise(8)


def test_analog_places_stay_and_are_named() -> None:
    """Normalisations of sequences are not affine: what reads them keeps its weights."""
    torch.manual_seed(0)
    layers = (torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, 8), torch.nn.LayerNorm(8))
    model = torch.nn.Sequential(*layers, torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)).eval()
    x = torch.randn(6, 5)
    snn = snnconv.convert(model, 4, data=[x], weight_bits=8)
    assert snn.sites["1"].levels is not None
    assert snn.sites["5"].levels is None
    assert bits(snn).analog == ["5"]
    assert isinstance(snn.network.get_submodule("2"), WholeLayer)
    assert not isinstance(snn.network.get_submodule("4"), WholeLayer)
    assert isinstance(snn.network.get_submodule("6"), WholeLayer)
    with torch.no_grad():
        torch.testing.assert_close(snn.run(x, T=256).logits[-1], model(x), rtol=0.1, atol=0.05)
