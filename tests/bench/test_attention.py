"""Attention heat-maps: the gradient rule worked out by hand, the means of a run, captum on the source model, files."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import Tensor, nn

from snnconv import InputError, SpikingNetwork, convert
from snnconv.bench import Attention, attention
from snnconv.bench.attention.cam import grad_cam
from snnconv.bench.attention.means import MeanActivation, MeanNetwork, SpikeSums
from snnconv.bench.attention.pictures import decode_picture, encode_picture
from snnconv.bench.attention.similarity import correlation, hottest, overlap
from snnconv.calib import Site
from snnconv.data import DataSource, Normalization, open_data
from snnconv.models import fashion_cnn
from snnconv.neurons import IntegrateFire, ScalableDualThreshold

from ..networks import SHAPES, ResidualNet, SmallCNN, dyadic, dyadic_batch, power_of_two

STEPS = (1, 2, 4)
IMAGES = 3


@pytest.fixture(scope="module")
def seen(snn: SpikingNetwork, images: DataSource) -> Attention:
    return attention(snn, images, T=STEPS, images=IMAGES)


# The gradient rule, by hand


def ones(site: Site) -> Tensor:
    return torch.ones(())


def tiny() -> nn.Sequential:
    """1×1 convolutions on a picture of four positions: site "1" with channels a, b, site "3" with p, q, s.

    a = x, b = −x;  p = a/2 + b/2, q = 3a/4 − b, s = 3a;  logit 0 = mean(p + 2q + 4s), logit 1 = 0.
    """
    first, second, last = nn.Conv2d(1, 2, 1, bias=False), nn.Conv2d(2, 3, 1, bias=False), nn.Linear(3, 2, bias=False)
    model = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
        second.weight.copy_(torch.tensor([[0.5, 0.5], [0.75, -1.0], [3.0, 0.0]]).view(3, 2, 1, 1))
        last.weight.copy_(torch.tensor([[1.0, 2.0, 4.0], [0.0, 0.0, 0.0]]))
    return model.eval()


X = torch.tensor([[[[0.5, 1.0], [2.0, -1.0]]]])


def manual_cam(activations: np.ndarray, passes: np.ndarray) -> np.ndarray:
    """ReLU(Σ_c w_c·a_c) for `tiny`, w_c the mean over the positions of ∂logit/∂a_c, from the gradients that pass."""
    weights, scores = np.array([[0.5, 0.5], [0.75, -1.0], [3.0, 0.0]]), np.array([1.0, 2.0, 4.0])
    gradient = np.einsum("k,kn,kc->cn", scores / 4, passes, weights)
    return np.maximum((gradient.mean(1)[:, None] * activations).sum(0), 0).reshape(2, 2)


def test_the_gradient_rule_by_hand() -> None:
    """IF neurons with θ = 1 and v(0) = ½ over two steps; every number below follows with pencil and paper."""
    snn = convert(tiny(), data=[X], method="if", threshold=ones, T=2)
    sums = SpikeSums([2])
    run = snn.run(X, T=2, observers=[sums])
    means = MeanNetwork(snn)
    got = grad_cam(means.show(sums.at[2], 2), X, "1", 0)

    # a: 0.5 fires once in two steps, 1 and 2 fire at both, −1 never. b = −x fires only where x = −1.
    activations = np.array([[0.5, 1, 1, 0], [0, 0, 0, 1]])
    assert torch.equal(means.sites["1"].mean.flatten(2)[0], torch.tensor(activations).float())
    # Mean inputs: p ¼ ½ ½ ½ all pass; q ⅜ ¾ ¾ −1, the last does not; s 1½ 3 3 0, none lies inside (0, 1).
    passes = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [0, 0, 0, 0]])
    assert got == pytest.approx(manual_cam(activations, passes))
    # w_a = (4·½·¼ + 3·¾·½)/4 = 13/32 and w_b = (4·½·¼ − 3·½)/4 = −¼
    assert got == pytest.approx(np.array([[13 / 64, 13 / 32], [13 / 32, 0]]))
    # p fires once in two steps everywhere, q ½ 1 1 0, s 1 1 1 0: ½ + 2·⅝ + 4·¾
    assert run.logits[-1].tolist() == [[4.75, 0]]


def test_the_map_of_the_ann_by_hand() -> None:
    snn = convert(tiny(), data=[X], method="if", threshold=ones, T=2)
    activations = np.array([[0.5, 1, 2, 0], [0, 0, 0, 1]])
    passes = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 0]])  # a ReLU has no upper end
    got = grad_cam(snn.ann, X, "1", 0)
    assert got == pytest.approx(manual_cam(activations, passes))
    result = attention(snn, [X], T=[2], layer="1")
    assert result.layer == "1"
    assert result.images[0].ann == [[0.25, 0.5], [1, 0]]
    assert result.images[0].snn[0].map == [[0.5, 1], [1, 0]]
    assert result.images[0].target == result.images[0].snn[0].predicted == 0


@pytest.mark.parametrize(
    ("neuron", "ceiling"),
    [
        (IntegrateFire(2.0), 2.0),
        (ScalableDualThreshold(1.0, alpha=0.5, beta=5), 2.5),
        (ScalableDualThreshold(torch.tensor([1.0, 4.0]), alpha=0.5, beta=3), torch.tensor([1.5, 6.0])),
    ],
)
def test_gradients_pass_inside_the_range_that_spikes_can_show(neuron: Any, ceiling: Tensor | float) -> None:
    z = torch.linspace(-1, 7, 33).repeat(1, 2, 1).requires_grad_()
    site = MeanActivation(neuron)
    site.show(torch.full((1, 2, 33), 3.0), T=4)
    output = site(z)
    assert torch.equal(output[0, :, 0], neuron.theta.expand(2) * 3 / 4)
    output.sum().backward()
    limit = torch.as_tensor(ceiling).expand(2)[:, None]
    assert z.grad is not None
    assert torch.equal(z.grad[0] == 1, (z[0] > 0) & (z[0] < limit))
    assert set(z.grad.unique().tolist()) == {0.0, 1.0}


# The copy shows what the SNN did


class Means:
    """An observer that keeps the mean input and the mean output in spikes of every site."""

    def __init__(self) -> None:
        self.currents: dict[str, Tensor] = {}
        self.spikes: dict[str, Tensor] = {}

    def __call__(self, site: str, start: int, current: Tensor, spikes: Tensor) -> None:
        self.currents[site] = self.currents.get(site, torch.zeros(())) + current.sum(0)
        self.spikes[site] = self.spikes.get(site, torch.zeros(())) + spikes.sum(0)


@pytest.mark.parametrize("kind", [SmallCNN, ResidualNet])
@pytest.mark.parametrize("method", ["sdm", "auto", "if"])
@pytest.mark.parametrize("T", [1, 2, 8])
@pytest.mark.parametrize("chunk", [1, None])
def test_means_at_every_site_and_logits(kind: type[nn.Module], method: str, T: int, chunk: int | None) -> None:
    """Dyadic numbers: the sums are exact, whatever their order."""
    x = dyadic_batch(SHAPES[kind])
    options: dict[str, Any] = {} if method == "if" else {"alpha": 0.5, "beta": 2}
    snn = convert(dyadic(kind()), data=[x], method=method, threshold=power_of_two, per_channel=False, **options)
    snn.chunk = chunk
    sums, measured = SpikeSums([T, 20]), Means()
    run = snn.run(x, T=T, observers=[sums, measured])
    network = MeanNetwork(snn).show(sums.at[T], T)
    inputs, outputs = {}, {}
    for name in snn.sites:
        site = network.get_submodule(name)
        site.register_forward_hook(
            lambda _, args, output, name=name: (inputs.update({name: args[0]}), outputs.update({name: output}), None)[2]
        )
    logits = network(x)
    assert torch.equal(logits, run.logits[-1])
    for name, neuron in snn.sites.items():
        assert torch.equal(outputs[name], neuron.per_unit(x) * measured.spikes[name] / T)
        assert torch.equal(inputs[name], measured.currents[name] / T)
    assert any(bool(spikes.any()) for spikes in measured.spikes.values())


def test_per_channel_thresholds_and_a_site_that_stays_analog(images: DataSource) -> None:
    x, _ = next(iter(images))
    snn = convert(fashion_cnn(pretrained=True), data=[x], keep="conv1", per_channel=True)
    sums = SpikeSums([3, 5])
    run = snn.run(x, T=5, observers=[sums])
    means = MeanNetwork(snn)
    for t in (5, 3):
        torch.testing.assert_close(means.show(sums.at[t], t)(x), run.logits[t - 1], rtol=1e-4, atol=1e-4)
    assert not any(name.startswith("conv1") for name in means.sites)


# Against captum on the source model, and in the limit


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
    snn = convert(fashion_cnn(pretrained=True), data=[x], threshold="max")
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


# Clips


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


# Similarity


def test_correlation_by_hand() -> None:
    """Deviations (−1, 0, 1) and (−1, 1, 0): r = 1/2."""
    reference = np.array([[0.0, 1.0, 2.0]])
    assert correlation(reference, np.array([[1.0, 3.0, 2.0]])) == pytest.approx(0.5)
    assert correlation(reference, 7 * reference + 3) == pytest.approx(1)
    assert correlation(reference, np.zeros((1, 3))) == 0  # a network that does not fire shows nothing of it
    assert correlation(np.full((1, 3), 0.1), reference) is None


def test_overlap_by_hand() -> None:
    """The hottest fifth of ten positions are two."""
    reference = np.arange(10.0).reshape(2, 5)
    assert hottest(reference, 0.2).sum() == 2
    assert overlap(reference, reference**2) == 1
    shifted = np.roll(reference.ravel(), 1).reshape(2, 5)  # its two hottest are the 10th and the 1st position
    assert overlap(reference, shifted) == pytest.approx(1 / 3)
    assert overlap(reference, np.zeros((2, 5))) == 0
    assert overlap(np.zeros((2, 5)), reference) is None


def test_a_network_without_a_map_has_no_similarity() -> None:
    """Negative weights behind the site: nothing speaks for the class, and Grad-CAM leaves nothing above 0."""
    model = tiny()
    with torch.no_grad():
        model[6].weight.fill_(-1.0)  # type: ignore[operator]
    result = attention(convert(model, data=[X], method="if", threshold=ones), [X], T=[1], layer="3")
    step = result.images[0].snn[0]
    assert (step.correlation, step.overlap, step.map) == (None, None, [[0.0, 0.0], [0.0, 0.0]])
    assert (result.similarity[0].correlation, result.similarity[0].overlap) == (None, None)


# Pictures of the input


def test_pictures_show_what_was_normalised() -> None:
    pixels = torch.randint(0, 256, (3, 4, 5))
    normalization = Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    x = normalization((pixels / 255)[None])[0]
    assert (decode_picture(encode_picture(x, normalization)) == pixels.permute(1, 2, 0).numpy()).all()
    assert (decode_picture(encode_picture(pixels / 255, None)) == pixels.permute(1, 2, 0).numpy()).all()


def test_pictures_of_unknown_range_and_of_other_channels() -> None:
    x = torch.tensor([[[-2.0, 0.0], [1.0, 2.0]]])
    assert decode_picture(encode_picture(x, None))[..., 0].tolist() == [[0, 128], [191, 255]]
    two = torch.tensor([[[0.2]], [[0.6]]])
    assert decode_picture(encode_picture(two, None)).tolist() == [[[102, 102, 102]]]  # 0.4 · 255


@pytest.mark.parametrize("shape", [(3, 5, 4, 6), (5, 3, 4, 6)])
def test_clips_show_their_middle_frame(shape: tuple[int, ...]) -> None:
    clip = torch.zeros(shape)
    frames = clip if shape[1] == 3 else clip.transpose(0, 1)
    frames[2] = 1
    assert decode_picture(encode_picture(clip, None)).tolist() == [[[255] * 3] * 6] * 4


def test_large_pictures_are_stored_small() -> None:
    assert decode_picture(encode_picture(torch.rand(3, 300, 600), None)).shape == (128, 256, 3)


# Files


@pytest.fixture(scope="module")
def folder(seen: Attention, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attention")
    seen.save(folder)
    return folder


def test_files(seen: Attention, folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [f"attention.{k}" for k in ("csv", "json", "png", "svg")]
    assert Attention.load(folder) == seen
    lines = (folder / "attention.csv").read_text().splitlines()
    assert lines[0] == "image,T,correlation,overlap,label,ann_class,snn_class"
    assert len(lines) == 1 + IMAGES * len(STEPS)
    assert len(json.loads((folder / "attention.json").read_text())["images"][0]["ann"]) == 7


def test_the_picture_says_what_it_shows(seen: Attention, folder: Path) -> None:
    drawn = ElementTree.parse(folder / "attention.svg").iter()
    written = ["".join(node.itertext()).strip() for node in drawn if node.tag.endswith("}text")]
    text = " ".join(written)
    assert seen.note.replace("-", "") in text.replace("-", "")
    for part in ("Whole spikes have no gradient", "the clip's gradient backward", "time-mean activations forward"):
        assert part in seen.note
    for title in ("input", "ANN", *(f"SNN, T={t}" for t in STEPS), f"class {seen.images[0].target}"):
        assert title in written
    step = seen.images[0].snn[0]
    assert f"{step.predicted} · r {step.correlation:.3f}" in written


def test_png(folder: Path) -> None:
    pixels = matplotlib.image.imread(folder / "attention.png")
    assert pixels.shape[1] == 1400
    colourful = np.ptp(pixels[..., :3], axis=-1) > 0.2
    assert 0.02 < colourful.mean() < 0.6


LONG = "a.module.with.quite_a_long_name.at_the.end_of_the.network.relu#2"


@pytest.mark.parametrize(("count", "steps", "layer"), [(1, 1, LONG), (1, 3, "relu4"), (3, 3, LONG), (2, 12, "relu4")])
def test_nothing_is_cut_off(seen: Attention, count: int, steps: int, layer: str, tmp_path: Path) -> None:
    """The outermost pixels are paper."""
    kept = [replace(image, snn=(image.snn * 4)[:steps]) for image in (seen.images * 3)[:count]]
    similarity = (seen.similarity * 4)[:steps]
    shown = replace(seen, images=kept, similarity=similarity, note=seen.note.replace("relu4", layer))
    shown.plot(tmp_path / "plot.png")
    pixels = matplotlib.image.imread(tmp_path / "plot.png")[..., :3].min(-1)
    for border in (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:]):
        assert border.min() > 0.98


def test_equal_measurements_give_equal_files(
    seen: Attention, snn: SpikingNetwork, images: DataSource, folder: Path, tmp_path: Path
) -> None:
    again = attention(snn, images, T=STEPS, images=IMAGES)
    assert again.images == seen.images
    again.save(tmp_path)
    for kind in ("csv", "png", "svg"):
        assert (tmp_path / f"attention.{kind}").read_bytes() == (folder / f"attention.{kind}").read_bytes()


def test_data_without_labels_and_fewer_than_asked(snn: SpikingNetwork, tmp_path: Path) -> None:
    x, _ = next(iter(open_data("fashion", limit=2)))
    result = attention(snn, [x], T=[1])
    assert [image.label for image in result.images] == [None, None]
    result.plot(tmp_path / "plot.png")
    assert {row["label"] for row in result.table()} == {None}


# Bad input


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
