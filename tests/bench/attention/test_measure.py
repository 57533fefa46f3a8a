"""Maps against captum on the source model and in the limit; clips; what is refused."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import Tensor, nn

from snnconv import InputError, SpikingNetwork, convert
from snnconv.bench import Attention, attention
from snnconv.bench._attention.pictures import decode_picture
from snnconv.bench._attention.similarity import correlation
from snnconv.data import DataSource
from snnconv.models import fashion_cnn

from .conftest import IMAGES, STEPS


def test_the_ann_is_the_source_model(seen: Attention, images: DataSource) -> None:
    model = fashion_cnn(pretrained=True)
    x, y = next(iter(images))
    target = model(x[:IMAGES]).argmax(1)
    heat = LayerGradCam(model, model.relu4).attribute(x[:IMAGES], target=target, relu_attributions=True)
    assert seen.layer == "relu4"
    for image, reference, label, named in zip(seen.images, heat[:, 0], y, target, strict=False):
        assert (image.label, image.target) == (int(label), int(named))
        assert np.array(image.ann) == pytest.approx((reference / reference.max()).detach().numpy(), abs=2e-4)


def test_maps_become_those_of_the_ann(images: DataSource) -> None:
    """Thresholds at the maximum clip nothing, so that only the quantum is left, and θ/T goes to 0."""
    x, _ = next(iter(images))
    snn = convert(fashion_cnn(pretrained=True), data=[x], threshold="max", method="sdm-zero")
    last, early = (attention(snn, [x], T=[1, 4, 64, 256], images=2, layer=layer) for layer in (None, "conv1.2"))
    for result in (last, early):
        at = {mean.T: mean.correlation or 0 for mean in result.similarity}
        assert at[1] < at[4] < at[64] <= at[256]
    assert last.similarity[2].correlation == pytest.approx(1, abs=1e-3)
    assert last.similarity[2].overlap == pytest.approx(1, abs=0.1)
    # Three sites lie between this one and the output, and their gradients pass where the ANN's do.
    assert np.array(early.images[0].ann).shape == (14, 14)
    assert early.similarity[3].correlation == pytest.approx(1, abs=0.01)


def test_means_over_the_images(seen: Attention) -> None:
    for index, mean in enumerate(seen.similarity):
        steps = [image.snn[index] for image in seen.images]
        assert {step.T for step in steps} == {mean.T}
        assert mean.correlation == pytest.approx(sum(step.correlation or 0 for step in steps) / IMAGES, abs=1e-4)
        assert mean.overlap == pytest.approx(sum(step.overlap or 0 for step in steps) / IMAGES, abs=1e-4)
        for image, step in zip(seen.images, steps):
            again = correlation(np.array(image.ann), np.array(step.map))
            assert step.correlation == pytest.approx(again, abs=1e-3)  # of maps rounded to four decimals


def test_classes_are_those_of_the_network(seen: Attention, snn: SpikingNetwork, images: DataSource) -> None:
    x, _ = next(iter(images))
    logits = snn.run(x[:IMAGES], T=STEPS[-1]).logits
    for b, image in enumerate(seen.images):
        assert [step.predicted for step in image.snn] == [int(logits[t - 1, b].argmax()) for t in STEPS]


def test_shorter_times_are_prefixes(seen: Attention, snn: SpikingNetwork, images: DataSource) -> None:
    short = attention(snn, images, T=[2], images=2)
    assert [image.snn[0] for image in short.images] == [image.snn[1] for image in seen.images[:2]]


def test_the_network_is_left_as_it_was(snn: SpikingNetwork, images: DataSource) -> None:
    x, _ = next(iter(images))
    before = snn(x[:4]), snn.ann(x[:4])
    attention(snn, images, T=[1], images=1)
    assert torch.equal(snn(x[:4]), before[0])
    assert torch.equal(snn.ann(x[:4]), before[1])
    assert not any(module._forward_hooks for module in [*snn.modules(), *snn.ann.modules()])
    assert all(parameter.grad is None for parameter in snn.ann.parameters())


class Clips(nn.Sequential):
    """[C, D, H, W] per sample."""

    def __init__(self) -> None:
        convolution = nn.Conv3d(2, 3, 3, padding=1)
        super().__init__(convolution, nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(3, 2))


def test_clips_are_averaged_over_their_frames() -> None:
    model, x = Clips().eval(), torch.randn(2, 2, 4, 5, 6)
    result = attention(convert(model, data=[x]), [x], T=[1, 2], images=2)
    heat = LayerGradCam(model, model[1]).attribute(x, target=model(x).argmax(1), relu_attributions=True)
    for image, reference in zip(result.images, heat[:, 0].mean(1)):
        assert np.array(image.ann).shape == (5, 6)
        assert np.array(image.ann) == pytest.approx((reference / reference.max()).detach().numpy(), abs=1e-4)
    assert "the mean over the frames" in result.note
    assert decode_picture(result.images[0].picture).shape == (5, 6, 3)


def test_unknown_layers_get_a_suggestion(snn: SpikingNetwork, images: DataSource) -> None:
    with pytest.raises(InputError, match="did you mean 'relu4'"):
        attention(snn, images, layer="relu44")


def test_layers_without_a_map() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    x = torch.randn(2, 1, 4, 4)
    snn = convert(model.eval(), data=[x])
    assert attention(snn, [x], T=[1]).layer == "1"
    with pytest.raises(InputError, match=r"'4' has no map(.|\n)*got: \[4\] per sample(.|\n)*remedy: one of 1"):
        attention(snn, [x], layer="4")


def test_networks_without_a_map() -> None:
    x = torch.randn(2, 6)
    snn = convert(nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2)).eval(), data=[x])
    with pytest.raises(InputError, match="no activation site of this network has a map"):
        attention(snn, [x])


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.relu, self.fc = nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Linear(8, 2)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.fc(self.relu(self.conv(x) + self.conv(y)).flatten(1))


def test_networks_of_several_inputs() -> None:
    batch = (torch.randn(2, 1, 4, 4), torch.randn(2, 1, 4, 4))
    with pytest.raises(InputError, match=r"must be one image or clip(.|\n)*2 input"):
        attention(convert(TwoInputs().eval(), data=[batch]), [batch])


def test_outputs_that_are_no_scores() -> None:
    x = torch.randn(2, 1, 4, 4)
    snn = convert(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 1)).eval(), data=[x])
    with pytest.raises(InputError, match="not one score per class"):
        attention(snn, [x])


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"images": 0}, "too few images"), ({"T": (1, 1)}, "comes twice"), ({"T": (0,)}, "at least 1")],
)
def test_options_out_of_range(snn: SpikingNetwork, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        attention(snn, [torch.zeros(1, 1, 28, 28)], **options)


def test_no_data(snn: SpikingNetwork) -> None:
    with pytest.raises(InputError, match="the data is empty"):
        attention(snn, [])


def test_without_captum(snn: SpikingNetwork, images: DataSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(InputError, match=r"pip install 'snnconv\[report\]'"):
        attention(snn, images)
