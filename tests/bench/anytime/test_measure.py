"""Accuracy over frames against direct evaluation, firing counted by hand, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snnconv import InputError, convert
from snnconv.bench import Anytime, anytime
from snnconv.bench._anytime.measure import verdict
from snnconv.bench._anytime.rates import FiringCounts
from snnconv.bench._latency import CONFIDENCES
from snnconv.bench.early_exit import ExitSums
from snnconv.models import respike, svformer
from snnconv.models.spiking_layer import SpikingLayer

from .conftest import CLASSES, COUNT, FRAMES, Batches, made


@pytest.fixture(scope="session")
def measured(network: nn.Module, clips: Batches) -> Anytime:
    return anytime(network, clips, within=5, model="a network", seed=3)


def answers(network: Any, clips: Batches) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        return torch.cat([network.anytime(x) for x, _ in clips], 1), torch.cat([y for _, y in clips])


def test_accuracy_is_that_of_the_answers(network: Any, clips: Batches, measured: Anytime) -> None:
    logits, labels = answers(network, clips)
    right = (logits.argmax(-1) == labels).float().mean(1)
    assert [row.accuracy for row in measured.rows] == pytest.approx((100 * right).tolist())
    assert [row.frames for row in measured.rows] == list(range(network.unit, FRAMES + 1, network.unit))
    with torch.no_grad():
        whole = torch.cat([network(x).argmax(1) for x, _ in clips])
    assert measured.rows[-1].accuracy == pytest.approx(100 * float((whole == labels).float().mean()))


def test_early_exit_is_in_frames(network: Any, clips: Batches, measured: Anytime) -> None:
    sums = ExitSums(CONFIDENCES)
    sums.add(*answers(network, clips))
    for found, expected in zip(measured.exits, sums.exits(), strict=True):
        assert found.latency == pytest.approx(network.unit * expected.latency)
        assert (found.accuracy, found.early) == (expected.accuracy, expected.early)


def test_firing_is_counted_frame_by_frame(network: Any, clips: Batches, measured: Anytime) -> None:
    """Each layer by hand, and rows from runs whose later frames are never seen by what fired before."""
    seen: dict[str, list[Tensor]] = {}
    hooks = [
        module.register_forward_hook(lambda _, args, out, name=name: seen.setdefault(name, []).append(out))
        for name, module in network.named_modules()
        if isinstance(module, SpikingLayer)
    ]
    answers(network, clips)
    for hook in hooks:
        hook.remove()
    assert [layer.name for layer in measured.layers] == list(seen)  # in the order of execution
    units = FRAMES // network.unit
    by_unit = torch.zeros(units)
    for layer in measured.layers:
        fired = [
            out.unflatten(0, (-1, units, len(out) // units // len(x))) for out, (x, _) in zip(seen[layer.name], clips)
        ]
        assert layer.rate == pytest.approx(100 * float(torch.cat(fired).mean()), rel=1e-5)
        assert layer.neurons == fired[0][0, 0, 0].numel()
        by_unit += torch.cat(fired).sum((0, *range(2, fired[0].dim())))
    assert [row.spikes for row in measured.rows] == pytest.approx((by_unit.cumsum(0) / COUNT).tolist())
    assert measured.rows[-1].spikes
    total = sum(out.numel() for outputs in seen.values() for out in outputs)
    assert measured.rows[-1].firing == pytest.approx(100 * float(by_unit.sum()) / total, rel=1e-5)
    assert measured.rows[0].firing == pytest.approx(100 * units * float(by_unit[0]) / total, rel=1e-5)


def test_clips_of_several_sizes_count_by_their_neurons() -> None:
    network = nn.Sequential(nn.Identity(), SpikingLayer(2, "lif"))
    counts, fired, neurons = FiringCounts(network), [], []
    for height, width in ((4, 4), (6, 3), (10, 8)):
        with counts.watching(), torch.no_grad():
            fired.append(network(3 * torch.rand(6, 2, height, width)))
        counts.add(units=2, samples=3)
        neurons.append(2 * height * width)
    (layer,) = counts.rates()
    total, chances = sum(float(out.sum()) for out in fired), sum(out.numel() for out in fired)
    assert 0 < total < chances
    assert layer.rate == pytest.approx(100 * total / chances)
    assert layer.neurons == round(sum(neurons) / 3)
    so_far = counts.so_far(9)
    assert so_far is not None
    assert so_far[-1] == (pytest.approx(layer.rate), pytest.approx(total / 9))


def test_what_fires_first_needs_no_later_frame(clips: Batches) -> None:
    network = made("respike", clips)
    later = [(torch.cat([x[:, :, :4], x[:, :, :4].flip(0)], 2), y) for x, y in clips]
    first, second = anytime(network, clips), anytime(network, later)
    assert (first.rows[0].firing, first.rows[0].spikes) == (second.rows[0].firing, second.rows[0].spikes)
    assert first.rows[1].spikes != second.rows[1].spikes


def test_time_constants(clips: Batches) -> None:
    network = made("svformer", clips)
    for number, module in enumerate(module for module in network.modules() if isinstance(module, SpikingLayer)):
        module.neuron.get_parameter("w").data.fill_(-0.1 * number)
    layers = anytime(network, clips).layers
    expected = {name: float(m.neuron.tau) for name, m in network.named_modules() if isinstance(m, SpikingLayer)}  # type: ignore[attr-defined]
    assert {layer.name: layer.tau for layer in layers} == pytest.approx(expected, rel=1e-5)
    assert len(set(expected.values())) == len(layers) == 3 + 1 + 14 + 1 + 7 + 1
    assert all((layer.neuron, layer.learned) == ("PLIF", True) for layer in layers)
    assert [layer.title for layer in layers][:4] == ["1.0 mix", "1.0 mlp1", "1.0 mlp2", "PE2"]
    fixed = anytime(made("respike", clips), clips).layers
    assert all((layer.neuron, layer.learned) == ("LIF", False) for layer in fixed)
    assert [layer.tau for layer in fixed] == pytest.approx([4 / 3] * 16)


def test_needed_is_where_the_accuracy_stays(measured: Anytime) -> None:
    whole = measured.rows[-1].accuracy
    enough = {row.frames: row.accuracy >= whole - measured.within - 1e-9 for row in measured.rows}
    assert all(near for frames, near in enough.items() if frames >= measured.needed)
    before = measured.needed - measured.unit
    assert before == 0 or not enough[before]


def test_verdict(measured: Anytime) -> None:
    from snnconv.bench._anytime import Moment

    rows = [Moment(frames, accuracy, None, None) for frames, accuracy in ((1, 60.0), (2, 79.0), (3, 80.0))]
    assert verdict(rows, 1, rows[1]) == "within 1 points of all 3 frames (80.00 %) from 2 frames on: 79.00 %"
    assert verdict(rows, 1, rows[0]).endswith("from 1 frame on: 60.00 %")
    assert verdict(rows, 0.5, rows[2]).endswith("only at the end")
    assert measured.verdict.startswith("within 5 points of all 8 frames")


def test_the_network_is_left_as_it_was(clips: Batches) -> None:
    network = made("respike", clips).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    anytime(network, clips)
    assert network.training
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


def test_a_network_without_spikes_has_no_rates(clips: Batches) -> None:
    network = svformer("3stg", CLASSES, T=FRAMES, size=(32, 40), in_channels=1, neuron="relu")
    found = anytime(network, clips)
    assert found.layers == []
    assert [(row.firing, row.spikes) for row in found.rows] == [(None, None)] * FRAMES


class Own(nn.Module):
    """A user's network: the mean brightness of the frames so far, with one spiking layer that it runs by itself."""

    unit = 2

    def __init__(self, T: int) -> None:
        super().__init__()
        self.fires, self.head = SpikingLayer(T, "lif"), nn.Linear(1, CLASSES)

    def anytime(self, x: Tensor) -> Tensor:
        self.fires(10 * x.transpose(1, 2).flatten(0, 1))
        bright = x.mean((1, 3, 4)).unflatten(1, (-1, self.unit)).mean(2)
        return self.head(bright.T[..., None])


def test_networks_of_ones_own(clips: Batches) -> None:
    found = anytime(Own(FRAMES), clips)
    assert [row.frames for row in found.rows] == [2, 4, 6, 8]
    assert [(layer.name, layer.title) for layer in found.layers] == [("fires", "fires")]
    short = Own(FRAMES)
    short.fires.register_forward_pre_hook(lambda _, args: args[0][: -len(args[0]) // 8])
    short.fires.T = 7
    with pytest.raises(InputError, match="the time steps of layer fires do not fall into those of the answers"):
        anytime(short, clips)


# bad input


def test_networks_without_answers_are_one_error(clips: Batches) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(FRAMES * 32 * 40, CLASSES), nn.ReLU())
    converted = convert(network, data=[clips[0][0]])
    for refused in (network, converted):
        with pytest.raises(InputError, match=r"does not say what it knows(.|\n)*anytime\(x\)(.|\n)*snnconv latency"):
            anytime(refused, clips)


def test_refuses_data(clips: Batches) -> None:
    network = made("respike", clips)
    x, y = clips[0]
    for data, problem in (
        ([], "test data is empty"),
        ([x], "no labels"),
        ([(x, y), (x[:, :, :4], y)], "not all of one length"),
        ([(x, y + CLASSES)], r"a label is out of range(.|\n)*0 to 3"),
        ([(x[:, :, :7], y)], "whole segments"),
        ([((x, x), y)], "a clip is one input"),
        ([(x.expand(-1, 3, -1, -1, -1), y)], r"cannot run on these inputs(.|\n)*got: \[8, 3, 8, 32, 40\]: "),
    ):
        with pytest.raises(InputError, match=problem):
            anytime(network, data)


@pytest.mark.parametrize("options", [{"within": -1}, {"within": float("nan")}, {"confidences": (2.0,)}])
def test_refuses_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="out of range"):
        anytime(respike(), [], **options)


# the result


def test_files(measured: Anytime, tmp_path: Path) -> None:
    files = measured.save(tmp_path)
    assert [file.name for file in files] == [f"anytime.{kind}" for kind in ("json", "csv", "png", "svg")]
    assert json.loads(files[0].read_text()) == measured.to_dict()
    assert Anytime.load(tmp_path) == measured
    lines = files[1].read_text().splitlines()
    assert lines[0] == "frames,accuracy,firing,spikes"
    assert len(lines) == len(measured.rows) + 1
    assert (measured.samples, measured.model, measured.provenance["seed"]) == (COUNT, "a network", 3)
