"""Robustness of converted networks, of their ANNs, and of networks as they are, on the same noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from snnconv import InputError, SpikingNetwork
from snnconv.bench import Robustness, robustness
from snnconv.bench._robustness.noise import NOISES, clipped
from snnconv.data import DataSource, Normalization, open_data
from snnconv.models import fashion_cnn
from snnconv.models._svformer import svformer

from ...data.video.videos import write_classes

LEVELS: dict[str, Any] = {"gaussian": (0.3,), "salt_pepper": (0.05, 0.2)}


@pytest.fixture(scope="module")
def measured(snn: SpikingNetwork, images: DataSource) -> Robustness:
    return robustness(snn, images, T=2, **LEVELS)


def test_rows(measured: Robustness) -> None:
    cases = [("none", 0.0), ("gaussian", 0.3), ("salt-pepper", 0.05), ("salt-pepper", 0.2)]
    assert [(row.noise, row.level) for row in measured.rows] == [*cases, *cases]
    assert measured.networks == ["SNN, T=2", "ANN"]
    assert (measured.samples, measured.data, measured.T, measured.clipped) == (150, "fashion:test", 2, True)
    assert measured.settings["method"] == "sdm-zero"
    for network in measured.networks:
        clean = measured.accuracy(network)
        assert clean > 85
        assert measured.accuracy(network, "salt-pepper", 0.2) < measured.accuracy(network, "salt-pepper", 0.05) < clean
    table = measured.table()
    assert table[3]["change"] == pytest.approx(measured.rows[3].accuracy - measured.rows[0].accuracy)


def test_against_noise_added_by_hand(measured: Robustness, snn: SpikingNetwork) -> None:
    """Noise first, then the normalisation of the data; the converted network and the ANN see the same."""
    source = open_data("fashion:test", batch_size=150, limit=150)
    raw, labels = next(source.drawn([range(150)]))
    assert source.normalization is not None
    for row in measured.rows:
        x = raw
        if row.level:
            noise = NOISES[row.noise]
            x = clipped(noise.add(raw, noise.fields(raw, 0, seed=0), row.level), raw)
        with torch.no_grad():
            ready = source.normalization(x)
            output = snn.ann(ready) if row.network == "ANN" else snn.run(ready, T=2).logits[-1]
        assert row.accuracy == pytest.approx(100 * (output.argmax(1) == labels).float().mean().item())


def test_a_network_as_it_is_sees_the_same(measured: Robustness, images: DataSource) -> None:
    """Whatever the batch size, and whatever mode it is in, which it keeps."""
    network = fashion_cnn(pretrained=True).train()
    mixed = {name: module.training for name, module in network.named_modules()}
    other = open_data("fashion:test", batch_size=7, limit=150)
    found = robustness(network, other, name="cnn", **LEVELS)
    assert (found.networks, found.T, found.settings) == (["cnn"], None, {})
    assert [row.accuracy for row in found.rows] == [row.accuracy for row in measured.rows[4:]]
    assert {name: module.training for name, module in network.named_modules()} == mixed
    assert found.normalization == images.normalization.to_dict()  # type: ignore[union-attr]


def test_an_exported_program(measured: Robustness, images: DataSource) -> None:
    example = (torch.randn(2, 1, 28, 28),)
    shapes = ({0: torch.export.Dim("batch", max=512)},)
    program = torch.export.export(fashion_cnn(pretrained=True).eval(), example, dynamic_shapes=shapes)
    found = robustness(program, images, **LEVELS)
    assert [row.accuracy for row in found.rows] == [row.accuracy for row in measured.rows[4:]]


def test_a_network_trained_directly() -> None:
    """Clips of counted events; the network is random, so that only what goes in is checked."""
    network = svformer("3stg", 3, 4, size=34).eval()
    clips = torch.randint(0, 5, (5, 2, 4, 34, 34)).float()
    seen: list[torch.Tensor] = []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    found = robustness(network, [(clips[:3], torch.tensor([0, 1, 2])), (clips[3:], torch.tensor([0, 0]))], **LEVELS)
    assert (found.networks, found.samples, found.normalization) == (["SVFormer"], 5, None)
    assert len(seen) == 2 * 4
    assert torch.equal(torch.cat([seen[0], seen[4]]), clips)
    salted = torch.cat([seen[3], seen[7]])
    assert bool(((salted == clips) | (salted == 0) | (salted == clips.amax((1, 2, 3, 4), keepdim=True))).all())


def test_networks_of_several_inputs() -> None:
    class Sum(nn.Module):
        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return a.flatten(1)[:, :3] - b.flatten(1)[:, :3]

    found = robustness(Sum(), [((torch.rand(6, 1, 4, 4), torch.rand(6, 3)), torch.zeros(6, dtype=torch.long))])
    assert len(found.rows) == 7


def test_pathways_see_the_same_noise(tmp_path: Path) -> None:
    """Frames of the slow pathway are frames of the fast one, noisy as they are; both normalised afterwards."""
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    class Paths(nn.Module):
        def forward(self, slow: torch.Tensor, fast: torch.Tensor) -> torch.Tensor:
            seen.append((slow, fast))
            return torch.zeros(len(fast), 2)

    spec = f"clips:{write_classes(tmp_path, {'a': 1, 'b': 1}, 8)}?frames=4&stride=1&size=16&pathways=slowfast&alpha=2"
    data = open_data(spec, normalization=Normalization((0.5,), (0.25,)))
    robustness(Paths(), data, gaussian=(0.5,), salt_pepper=(0.2,))
    assert len(seen) == 3
    for slow, fast in seen:
        assert (slow.shape, fast.shape) == ((2, 3, 2, 16, 16), (2, 3, 4, 16, 16))
        assert torch.equal(slow, fast[:, :, [0, 3]])
    assert not torch.equal(seen[0][1], seen[1][1])
    clean, noisy = seen[0][1], seen[2][1]
    for end in (torch.amin, torch.amax):  # of each frame, which salt and pepper leave
        torch.testing.assert_close(end(noisy, (1, 3, 4)), end(clean, (1, 3, 4)))


def test_without_clipping(snn: SpikingNetwork, images: DataSource, measured: Robustness) -> None:
    found = robustness(snn, images, T=2, gaussian=(2.0,), salt_pepper=(0.2,), clip=False)
    assert not found.clipped
    assert found.accuracy("ANN", "salt-pepper", 0.2) == measured.accuracy("ANN", "salt-pepper", 0.2)  # nothing to clip
    assert found.accuracy("ANN", "gaussian", 2.0) != robustness(
        snn.ann, images, gaussian=(2.0,), salt_pepper=(), name="ANN"
    ).accuracy("ANN", "gaussian", 2.0)


def test_another_seed_is_other_noise(images: DataSource) -> None:
    network = fashion_cnn(pretrained=True)
    rows = [robustness(network, images, gaussian=(0.5,), salt_pepper=(0.1,), seed=seed).rows for seed in (0, 0, 1)]
    assert rows[0] == rows[1] != rows[2]
    assert rows[0][0] == rows[2][0]  # without noise


def test_the_data_are_left_as_they_were(images: DataSource) -> None:
    before = images.normalization
    robustness(fashion_cnn(pretrained=True), images, gaussian=(0.1,), salt_pepper=())
    assert images.normalization is before
    assert before == Normalization((0.2860,), (0.3530,))


def test_files(measured: Robustness, tmp_path: Path) -> None:
    paths = measured.save(tmp_path)
    assert [path.name for path in paths] == [f"robustness.{kind}" for kind in ("json", "csv", "png", "svg")]
    loaded = Robustness.load(tmp_path)
    assert loaded == measured
    lines = (tmp_path / "robustness.csv").read_text().splitlines()
    assert lines[0] == "network,noise,level,accuracy,change"
    assert len(lines) == 9


X, Y = torch.rand(4, 1, 28, 28), torch.tensor([0, 1, 2, 3])


@pytest.mark.parametrize(
    ("data", "options", "problem"),
    [
        ([], {}, "test data is empty"),
        ([X], {}, "no labels"),
        ([(X, Y + 20)], {}, "label is out of range"),
        ([(torch.zeros(4, 1, 28, 28, dtype=torch.uint8), Y)], {}, "floating point only(.|\n)*uint8"),
        ([(X, Y)], {"T": 4}, "not converted"),
        ([(X, Y)], {"gaussian": (0.0,)}, "levels of gaussian noise are out of range"),
        ([(X, Y)], {"salt_pepper": (2,)}, "levels of salt-pepper noise are out of range"),
    ],
)
def test_bad_input(data: list[Any], options: dict[str, Any], problem: str) -> None:
    class Accepts(nn.Module):
        """The bundled network, which takes whole numbers too."""

        def __init__(self) -> None:
            super().__init__()
            self.network = fashion_cnn()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.network(x.float())

    with pytest.raises(InputError, match=problem):
        robustness(Accepts(), data, **options)


def test_outputs_that_are_no_scores() -> None:
    with pytest.raises(InputError, match=r"not one score per class(.|\n)*\[4, 1, 28, 28\]"):
        robustness(nn.Identity(), [(X, Y)])


def test_no_time_steps(snn: SpikingNetwork) -> None:
    with pytest.raises(InputError, match="time steps must be at least 1"):
        robustness(snn, [(X, Y)], T=0)
