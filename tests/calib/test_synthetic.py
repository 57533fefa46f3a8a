"""Calibration without data: images that meet the BatchNorm statistics, Gaussian ones otherwise; both announced."""

from __future__ import annotations

import copy
import logging

import pytest
import torch
import torchvision
from torch import Tensor, nn

import snnconv
from snnconv.calib import synthetic
from snnconv.calib.synthetic import synthetic_batches

from ..capture.raising import raised_from
from ..networks import MLP, ResidualNet


class Normed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4)
        self.conv2, self.bn2 = nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        return self.fc(torch.relu(self.bn2(self.conv2(x))).mean((2, 3)))


def seen_data(shift: float = 1.5) -> nn.Module:
    """Statistics as training on images of mean `shift` and deviation 2 leaves them."""
    torch.manual_seed(0)
    model = Normed().train()
    for module in (model.bn1, model.bn2):
        module.momentum = None
    with torch.no_grad():
        for _ in range(10):
            model(torch.randn(16, 2, 10, 10) * 2 + shift)
    return model.eval()


def all_images(batches: list[tuple[Tensor, ...]]) -> Tensor:
    return torch.cat([batch[0] for batch in batches])


def test_images_meet_the_statistics() -> None:
    model = seen_data()
    raised = raised_from(model, torch.randn(2, 2, 10, 10))
    batches, notice = synthetic_batches(raised, [(2, 10, 10)], seed=0)
    found = all_images(batches)
    assert "meet the BatchNorm statistics" in notice
    start = torch.randn(found.shape)
    means: dict[str, list[Tensor]] = {"start": [], "found": []}
    for name, images in (("start", start), ("found", found)):
        hook = model.bn1.register_forward_pre_hook(
            lambda _, args, name=name: means[name].append(args[0].mean((0, 2, 3)))  # type: ignore[misc]
        )
        with torch.no_grad():
            model(images)
        hook.remove()
    gap = {name: float((values[0] - model.bn1.running_mean).abs().mean()) for name, values in means.items()}  # type: ignore[operator]
    assert gap["found"] < 0.3 * gap["start"]
    assert not found.requires_grad


def test_statistics_that_nothing_meets_do_not_decide_alone() -> None:
    """Those of no training: thresholds of images that are far from them would cut what the network is given."""
    model = seen_data()
    model.bn1.running_var = torch.ones(4)
    model.bn1.running_mean = torch.randn(4) * 100  # type: ignore[assignment]
    raised = raised_from(model, torch.randn(2, 2, 10, 10))
    batches, notice = synthetic_batches(raised, [(2, 10, 10)], seed=0)
    images = all_images(batches)
    half = len(images) // 2
    assert "which they do not" in notice
    assert images[:half].std().item() == pytest.approx(1, abs=0.1)
    assert not torch.equal(images[:half], images[half:])


def test_matching_leaves_the_network_as_it_was() -> None:
    raised = raised_from(seen_data(), torch.randn(2, 2, 10, 10))
    before = {key: value.clone() for key, value in raised.state_dict().items()}
    synthetic_batches(raised, [(2, 10, 10)], seed=0)
    assert all(torch.equal(value, before[key]) for key, value in raised.state_dict().items())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in raised.parameters())
    assert not any(module._forward_pre_hooks for module in raised.modules())


def test_gaussian_inputs_where_nothing_is_known() -> None:
    batches, notice = synthetic_batches(raised_from(MLP(), torch.randn(2, 6)), [(6,)], seed=3)
    assert all_images(batches).shape == (synthetic.GAUSSIAN, 6)
    assert all(len(batch[0]) <= synthetic.BATCH for batch in batches)
    assert "Gaussian" in notice
    assert "no BatchNorm statistics" in notice


def test_untrained_statistics_say_nothing() -> None:
    _, notice = synthetic_batches(raised_from(Normed().eval(), torch.randn(2, 2, 10, 10)), [(2, 10, 10)], seed=0)
    assert "no BatchNorm statistics" in notice


def test_large_networks_get_fewer_or_no_optimised_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice is made on counted operations, so it is the same on every machine."""
    raised = raised_from(seen_data(), torch.randn(2, 2, 10, 10))
    per_image = synthetic.operations(raised, (torch.randn(2, 2, 10, 10),)) / 2
    monkeypatch.setattr(synthetic, "BUDGET", per_image * synthetic.BACKWARD * synthetic.STEPS * 10)
    batches, _ = synthetic_batches(raised, [(2, 10, 10)], seed=0)
    assert len(all_images(batches)) == 10
    monkeypatch.setattr(synthetic, "BUDGET", per_image * 20)
    batches, notice = synthetic_batches(raised, [(2, 10, 10)], seed=0)
    assert "too large" in notice
    assert len(all_images(batches)) == 5


@pytest.mark.parametrize("model", [seen_data(), MLP().eval()], ids=["matched", "gaussian"])
def test_the_seed_decides(model: nn.Module) -> None:
    shape = (2, 10, 10) if isinstance(model, Normed) else (6,)
    thresholds = [
        [site.threshold for site in snnconv.convert(model, input_shape=shape, seed=seed).plan.sites.values()]
        for seed in (1, 1, 2)
    ]
    assert all(map(torch.equal, thresholds[0], thresholds[1]))
    assert not all(map(torch.equal, thresholds[0], thresholds[2]))


def test_conversion_without_data_is_announced(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "snnconv"):
        snn = snnconv.convert(MLP())
    assert "input shape (6,) inferred" in caplog.text
    assert "Gaussian inputs" in caplog.text
    assert len(snn.plan.notices) == 2
    assert snn.plan.settings["calibration"] == "synthetic"


def signal() -> nn.Module:
    return nn.Sequential(nn.Conv1d(1, 2, 9, 4), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (MLP(), (6,)),
        (torchvision.models.resnet18(weights=None), (3, 224, 224)),
        (torchvision.models.vgg11(weights=None, num_classes=10), (3, 32, 32)),
        (torchvision.models.inception_v3(weights=None, init_weights=False), (3, 224, 224)),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 26 * 26, 10)), (1, 28, 28)),
        (nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 62 * 62, 10)), (3, 64, 64)),
        (signal(), (1, 1024)),
        (nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Conv1d(16, 2, 1)), (16, 5)),
        (nn.LSTM(5, 4, batch_first=True), (16, 5)),
    ],
    ids=["mlp", "resnet18", "vgg11", "inception", "mnist", "tiny", "signal", "vectors", "recurrent"],
)
def test_input_shapes_are_inferred(model: nn.Module, shape: tuple[int, ...]) -> None:
    from snnconv.capture.shapes import infer_input_shapes

    model.train()
    assert infer_input_shapes(model) == [shape]
    assert all(module.training for module in model.modules())


class TwoClips(nn.Module):
    """As SlowFast: a list of a slow and a fast clip, joined once the fast one is brought to the slow one's frames."""

    def __init__(self) -> None:
        super().__init__()
        self.slow, self.fast = nn.Conv3d(3, 2, 1, (1, 32, 32)), nn.Conv3d(3, 2, (4, 1, 1), (4, 32, 32))
        self.head = nn.Linear(4, 2)

    def forward(self, clips: list[torch.Tensor]) -> torch.Tensor:
        joined = torch.cat([torch.relu(self.slow(clips[0])), torch.relu(self.fast(clips[1]))], 1)
        return self.head(joined.mean((2, 3, 4)))


def test_a_list_of_clips_is_inferred_and_converts() -> None:
    from snnconv.capture.shapes import infer_input_shapes

    assert infer_input_shapes(TwoClips()) == [(3, 8, 224, 224), (3, 32, 224, 224)]
    snn = snnconv.convert(TwoClips(), T=2, input_shape=[(3, 8, 32, 32), (3, 32, 32, 32)])
    assert len(snn.plan.sites) == 2


@pytest.mark.parametrize("model", [nn.ReLU(), nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(17, 2))])
def test_a_shape_that_cannot_be_inferred(model: nn.Module) -> None:
    with pytest.raises(snnconv.InputError, match=r"cannot be inferred[\s\S]*input_shape="):
        snnconv.convert(model)


def test_synthetic_thresholds_are_near_the_real_ones() -> None:
    model = seen_data()
    real = torch.randn(64, 2, 10, 10, generator=torch.Generator().manual_seed(9)) * 2 + 1.5
    options = {"threshold": "percentile:99", "per_channel": False}
    ours = snnconv.convert(model, input_shape=(2, 10, 10), **options)  # type: ignore[arg-type]
    theirs = snnconv.convert(model, data=[real], **options)  # type: ignore[arg-type]
    for name in ours.sites:
        ratio = float(ours.sites[name].theta / theirs.sites[name].theta)
        assert 0.7 < ratio < 1.4, (name, ratio)


def test_a_functional_network_converts_without_data() -> None:
    assert len(snnconv.convert(ResidualNet(), input_shape=(2, 6, 6)).sites) == 4


@pytest.mark.parametrize("model", [seen_data(), MLP().eval()], ids=["matched", "gaussian"])
def test_networks_of_other_precision_convert_without_data(model: nn.Module) -> None:
    snn = snnconv.convert(copy.deepcopy(model).double(), input_shape=(2, 10, 10) if isinstance(model, Normed) else (6,))
    assert next(snn.network.parameters()).dtype == torch.float64
    assert all(neuron.theta.dtype == torch.float32 for neuron in snn.sites.values())
