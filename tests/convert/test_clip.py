"""`clip`: where the clips stand, what they start from, and that conversion takes what they learned."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, fx, nn
from torch.nn import functional as F

import snnconv
from snnconv import InputError
from snnconv.graph.sites import activation_sites
from snnconv.io import open_model
from snnconv.learnable import CLIPS, Clip, clips_in, kinds_in

from ..networks import MLP, ResidualNet, SmallCNN, dyadic, dyadic_batch

SHAPE = (2, 6, 6)
BATCH = dyadic_batch(SHAPE, 16)
each = pytest.mark.parametrize("activation", list(CLIPS))
granularity = pytest.mark.parametrize("per_channel", [False, True], ids=["layer", "channel"])


class Normed(nn.Module):
    """BatchNorm, one of them without momentum, one ReLU called twice, max pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4, momentum=None)
        self.conv2, self.bn2 = nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.relu, self.pool = nn.ReLU(), nn.MaxPool2d(2)
        self.fc = nn.Linear(54, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.relu(self.bn1(self.conv1(x))))
        return self.fc(self.relu(self.bn2(self.conv2(x))).flatten(1))


def small_cnn() -> nn.Module:
    return dyadic(SmallCNN())


def step(network: nn.Module, lr: float = 0.1) -> None:
    """One step of SGD on fixed data."""
    labels = torch.arange(len(BATCH)) % 3
    network.zero_grad()
    F.cross_entropy(network(BATCH), labels).backward()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.grad is not None:
                parameter -= lr * parameter.grad


# structure


@each
@granularity
def test_keys_and_the_source_untouched(activation: str, per_channel: bool) -> None:
    model = Normed()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    network = snnconv.clip(model, data=[BATCH], activation=activation, per_channel=per_channel)
    keys = ("scale", "peak") if activation == "rnl" else ("threshold",)
    sites = ("relu", "relu#2")
    assert set(network.state_dict()) == set(before) | {f"{site}.{key}" for site in sites for key in keys}
    assert all(torch.equal(network.state_dict()[name], value) for name, value in before.items())
    step(network)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training
    assert kinds_in(model) == set()
    shapes = {tuple(clip.ceiling.shape) for clip in clips_in(network).values()}
    assert shapes == ({(4, 1, 1), (6, 1, 1)} if per_channel else {()})


@pytest.mark.parametrize(
    "name", ["resnet18", "googlenet", "vgg16_bn", pytest.param("densenet121", marks=pytest.mark.slow)]
)
def test_torchvision(name: str) -> None:
    """Every ReLU call is a clip, every max pooling an average; all parameters that are used get a gradient."""
    torch.manual_seed(0)
    extra = {"init_weights": False} if name in ("googlenet", "vgg16_bn") else {}
    model = torchvision.models.get_model(name, weights=None, num_classes=5, **extra)
    calls = []
    handles = [m.register_forward_hook(lambda *_: calls.append(1)) for m in model.modules() if isinstance(m, nn.ReLU)]
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        model.eval()(x)
    for handle in handles:
        handle.remove()
    functional = {"googlenet": 57, "densenet121": 1}.get(name, 0)  # calls of F.relu at inference
    network = snnconv.clip(model, data=[x])
    assert len(clips_in(network)) == len(calls) + functional
    assert set(model.state_dict()) < set(network.state_dict())
    assert not any(isinstance(module, nn.MaxPool2d) for module in network.modules())
    assert not any("max_pool" in str(node.target) for node in network.graph.nodes)
    network(x).sum().backward()
    missing = [key for key, p in network.named_parameters() if p.requires_grad and p.grad is None]
    assert missing == []
    frozen = {key for key, p in network.named_parameters() if not p.requires_grad}
    assert frozen == {key for key, _ in model.named_parameters() if key.startswith("aux")}


def test_maxpool_stays_when_asked() -> None:
    kinds = {type(m) for m in snnconv.clip(small_cnn(), data=[BATCH], maxpool="exact").modules()}
    assert nn.MaxPool2d in kinds
    assert nn.MaxPool2d not in {type(m) for m in snnconv.clip(small_cnn(), data=[BATCH]).modules()}


def test_batchnorm_and_dropout_train() -> None:
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(64, 3)
    )
    network = snnconv.clip(model, data=[BATCH])
    assert network.training
    torch.manual_seed(1)
    one = network(BATCH)
    assert int(network.get_submodule("1").num_batches_tracked) == 1  # type: ignore[arg-type]
    assert not torch.equal(network(BATCH), one)
    network.eval()
    assert torch.equal(network(BATCH), network(BATCH))


def test_a_high_ceiling_changes_nothing() -> None:
    model = dyadic(ResidualNet())
    network = snnconv.clip(model, data=[BATCH], init=1e6).eval()
    assert torch.equal(network(BATCH), model(BATCH))


# where λ starts


def test_it_starts_at_the_percentile() -> None:
    """As `convert` with the same rule and data would set it."""
    network = snnconv.clip(small_cnn(), data=[BATCH], init="percentile:99", maxpool="exact")
    snn = snnconv.convert(small_cnn(), data=[BATCH], method="sdm", threshold="percentile:99")
    for name, clip in clips_in(network).items():
        expected = snn.plan.sites[name].threshold
        assert expected is not None
        assert torch.equal(clip.ceiling, expected)


def test_it_starts_where_it_is_told() -> None:
    network = snnconv.clip(small_cnn(), data=[BATCH], init=8, activation="qcfs", levels=8)
    assert [float(clip.ceiling) for clip in clips_in(network).values()] == [8, 8]
    assert {clip.settings()["levels"] for clip in clips_in(network).values()} == {8}
    network = snnconv.clip(small_cnn(), data=[BATCH], init={"relu2": 3}, per_channel=True)
    assert network.get_submodule("relu2").ceiling.flatten().tolist() == [3] * 6
    assert len(set(network.get_submodule("relu1").ceiling.flatten().tolist())) > 1


def test_without_data_it_starts_from_synthetic_ones(caplog: pytest.LogCaptureFixture) -> None:
    network = snnconv.clip(dyadic(MLP()), input_shape=(6,))
    assert all(float(clip.ceiling) > 0 for clip in clips_in(network).values())
    assert "Gaussian inputs" in caplog.text


def test_new_clips_in_the_place_of_learned_ones() -> None:
    network = snnconv.clip(small_cnn(), data=[BATCH])
    step(network)
    again = snnconv.clip(network, data=[BATCH], activation="qcfs")
    assert kinds_in(again) == {"qcfs"}
    for name, clip in clips_in(network).items():
        assert torch.equal(again.get_submodule(name).ceiling, clip.ceiling)  # type: ignore[arg-type]


# conversion


@each
@granularity
def test_conversion_takes_the_learned_thresholds(activation: str, per_channel: bool) -> None:
    network = snnconv.clip(small_cnn(), data=[BATCH], activation=activation, per_channel=per_channel)
    start = {name: clip.ceiling for name, clip in clips_in(network).items()}
    step(network)
    learned = {name: clip.ceiling for name, clip in clips_in(network).items()}
    assert any(not torch.equal(start[name], value) for name, value in learned.items())
    snn = snnconv.convert(network, T=4, method="sdm", alpha=0.2, beta=5)
    assert list(snn.plan.sites) == list(learned)
    for name, site in snn.plan.sites.items():
        assert site.threshold is not None
        assert torch.equal(site.threshold, learned[name].flatten() if per_channel else learned[name])
    assert snn.plan.notices == []  # nothing was calibrated
    assert clips_in(network)  # and the network is what it was
    assert kinds_in(network) == {activation}


def test_the_canonical_network_is_the_clipped_one() -> None:
    for per_channel in (False, True):
        network = snnconv.clip(small_cnn(), data=[BATCH], init="percentile:90", per_channel=per_channel)
        snn = snnconv.convert(network)
        assert torch.equal(snn.ann(BATCH), network.eval()(BATCH))
        with torch.no_grad():
            assert float((snn.run(BATCH, T=4096).logits[-1] - snn.ann(BATCH)).abs().max()) < 1e-2


def test_another_rule_wins_when_asked() -> None:
    network = snnconv.clip(small_cnn(), data=[BATCH], init=50)
    snn = snnconv.convert(network, data=[BATCH], method="sdm", threshold="max")
    assert all(float(site.threshold) < 50 for site in snn.plan.sites.values() if site.threshold is not None)


def test_a_fixed_ceiling_is_not_a_learned_one() -> None:
    """ReLU6 rarely reaches its 6: methods calibrate there, unless asked for the ceiling."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(72, 8), nn.ReLU6(), nn.Linear(8, 3))
    usual = snnconv.convert(model, data=[BATCH], method="sdm")
    ceiling = snnconv.convert(model, data=[BATCH], method="sdm", threshold="learned")
    ((name, site),) = usual.plan.sites.items()
    assert site.threshold is not None
    assert float(site.threshold) < 6
    assert ceiling.plan.sites[name].threshold == 6


def test_clips_beside_relus() -> None:
    """Learned where there is a clip, calibrated where there is none."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(72, 8), CLIPS["clip"](0.75), nn.Linear(8, 4), nn.ReLU())
    first, second = snnconv.convert(model, data=[BATCH], method="sdm").plan.sites.values()
    assert (float(first.threshold), float(second.threshold) > 0) == (0.75, True)  # type: ignore[arg-type]


def test_a_site_kept_analog_keeps_its_ceiling() -> None:
    for per_channel in (False, True):
        network = snnconv.clip(small_cnn(), data=[BATCH], init="percentile:80", per_channel=per_channel)
        snn = snnconv.convert(network, method="sdm", keep="relu2")
        assert list(snn.sites) == ["relu1"]
        assert snn.run(BATCH, T=64).logits.isfinite().all()
        assert snnconv.inspect(network).activations == (2, 2)


def test_clips_in_a_users_own_network() -> None:
    """Not only what `clip` made: a hand-written network with clips converts alike."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(72, 8), CLIPS["clip"](0.75), nn.Linear(8, 3))
    snn = snnconv.convert(model, input_shape=SHAPE, method="sdm")
    assert [float(site.threshold) for site in snn.plan.sites.values() if site.threshold is not None] == [0.75]


# files


@each
@granularity
def test_a_saved_network_converts_and_trains_on(activation: str, per_channel: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = snnconv.clip(Normed(), data=[BATCH], activation=activation, per_channel=per_channel)
    step(network)
    path = tmp_path / "clipped.pt2"
    snnconv.save(network, path)
    loaded = snnconv.load(path)
    opened = open_model(str(path)).model
    for copy in (loaded, opened):
        assert isinstance(copy, fx.GraphModule)
        assert kinds_in(copy) == {activation}
        assert same_state(copy, network)
        assert copy.get_submodule("bn1").momentum is None
    network.train()
    step(network)
    step(loaded)
    assert same_state(loaded, network)
    ours, theirs = (snnconv.convert(each, method="sdm") for each in (network, loaded))
    assert torch.equal(ours(BATCH), theirs(BATCH))
    theirs.save(path)
    again = snnconv.load(path)
    assert isinstance(again, snnconv.SpikingNetwork)
    assert torch.equal(again(BATCH), ours(BATCH))
    assert torch.equal(again.ann(BATCH), ours.ann(BATCH))


def same_state(one: nn.Module, other: nn.Module) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return set(ours) == set(theirs) and all(torch.equal(ours[name], value) for name, value in theirs.items())


def test_the_program_itself_is_the_clipped_network(tmp_path: Path) -> None:
    """For whoever opens the file without us."""
    network = snnconv.clip(small_cnn(), data=[BATCH], init="percentile:90")
    snnconv.save(network, tmp_path / "clipped.pt2")
    program = torch.export.load(tmp_path / "clipped.pt2").module(check_guards=False)
    assert torch.equal(program(BATCH), network.eval()(BATCH))


def test_files_that_are_none(tmp_path: Path) -> None:
    from snnconv.capture.capture import capture
    from snnconv.io import load_program, save_program
    from snnconv.io.clip_file import CLIPS_FILE, TENSORS_FILE

    network = snnconv.clip(small_cnn(), data=[BATCH])
    snnconv.save(network, tmp_path / "good.pt2")
    program, texts = load_program(tmp_path / "good.pt2")
    broken = {
        "damaged": {**texts, CLIPS_FILE: texts[CLIPS_FILE][:40]},
        "format 2": {**texts, CLIPS_FILE: texts[CLIPS_FILE].replace('"format": 1', '"format": 2')},
        "unknown activation": {**texts, CLIPS_FILE: texts[CLIPS_FILE].replace('"clip"', '"clap"')},
        "do not fit": {**texts, CLIPS_FILE: texts[CLIPS_FILE].replace("relu2", "relu3")},
        "beside the program are damaged": {**texts, TENSORS_FILE: texts[TENSORS_FILE][:50]},
    }
    for text, members in broken.items():
        save_program(program, tmp_path / "bad.pt2", members)
        with pytest.raises(InputError, match=text):
            snnconv.load(tmp_path / "bad.pt2")
    save_program(capture(small_cnn(), (BATCH,)), tmp_path / "plain.pt2", {})
    with pytest.raises(InputError, match="holds no spiking plan"):
        snnconv.load(tmp_path / "plain.pt2")
    with pytest.raises(InputError, match="no learnable clips"):
        snnconv.save(small_cnn(), tmp_path / "none.pt2")


# errors


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"activation": "qcsf"}, "did you mean 'qcfs'"),
        ({"levels": 4}, "'clip' has no option levels"),
        ({"activation": "qcfs", "alpha": 0.2}, "'qcfs' has no option alpha"),
        ({"activation": "qcfs", "levels": 0}, "levels is out of range"),
        ({"maxpool": "mean"}, "maxpool is out of range"),
        ({"init": 0}, "a number above 0"),
        ({"init": {"relu2": -1}}, "site relu2"),
        ({"init": {"relu9": 1}}, "not there: relu9"),
        ({"init": "percentil"}, "did you mean 'percentile'"),
        ({"data": []}, "calibration data is empty"),
    ],
)
def test_errors(options: dict[str, object], text: str) -> None:
    with pytest.raises(InputError, match=text):
        snnconv.clip(small_cnn(), **{"data": [BATCH], **options})  # type: ignore[arg-type]


def test_nothing_to_clip() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(72, 8), nn.SiLU(), nn.Linear(8, 3))
    with pytest.raises(InputError, match=r"nothing to clip[\s\S]*silu ×1"):
        snnconv.clip(model, data=[BATCH])


def test_every_site_is_a_clip() -> None:
    network = snnconv.clip(dyadic(ResidualNet()), data=[BATCH])
    assert activation_sites(network) == {}
    assert all(isinstance(clip, Clip) for clip in clips_in(network).values())
    assert len(clips_in(network)) == 4


def test_learned_thresholds_are_on_record_as_such() -> None:
    """Where nothing was calibrated, no data are named; a correction or a ReLU beside the clips needs them again."""
    network = snnconv.clip(small_cnn(), data=[BATCH])
    given = [{"data": [BATCH]}, {"data": None}]
    found = [snnconv.convert(network, method="if", **data).plan.settings["calibration"] for data in given]
    assert found == ["learned", "learned"]
    assert snnconv.convert(network, method="rts", data=[BATCH]).plan.settings["calibration"] != "learned"
    assert snnconv.convert(network, threshold="max", data=[BATCH]).plan.settings["calibration"] != "learned"
    learned_or_mse = snnconv.convert(network, method="if", threshold="learned else mse", data=[BATCH])
    assert "at_T" not in learned_or_mse.plan.settings  # nothing was set up for a T
