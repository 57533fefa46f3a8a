"""Accuracy of networks of every kind against what they give by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from snnconv import InputError, SpikingNetwork
from snnconv.data import DataSource
from snnconv.measure.scoring import accuracy
from snnconv.models import fashion_cnn


def test_networks_of_every_kind(snn: SpikingNetwork, images: DataSource) -> None:
    x, y = (torch.cat(parts) for parts in zip(*images))
    network = fashion_cnn(pretrained=True)
    program = torch.export.export(network, (x[:2],), dynamic_shapes=({0: torch.export.Dim("batch", max=512)},))

    def right(scores: torch.Tensor) -> float:
        return 100 * (scores.argmax(1) == y).float().mean().item()

    with torch.no_grad():
        expected = right(network(x))
    assert accuracy(network, images) == pytest.approx(expected)
    assert accuracy(program, images) == pytest.approx(expected)
    assert accuracy(network.double(), images) == pytest.approx(expected)  # inputs follow the type of the weights
    assert accuracy(snn, images, T=1) == pytest.approx(right(snn.run(x, T=1).logits[-1]))
    assert accuracy(snn, images) == pytest.approx(right(snn(x)))


def test_eval_mode_without_gradients_and_back(images: DataSource) -> None:
    modes: list[tuple[bool, bool]] = []
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.BatchNorm1d(10))
    network[2].eval()
    network[1].register_forward_hook(lambda module, *_: modes.append((module.training, torch.is_grad_enabled())))
    before = network[2].running_mean
    assert isinstance(before, torch.Tensor)
    accuracy(network, images)
    assert set(modes) == {(False, False)}
    assert [module.training for module in network] == [True, True, False]
    assert torch.equal(before, torch.zeros(10))


def test_outputs_that_are_no_scores(images: DataSource) -> None:
    with pytest.raises(InputError, match="not one score per class"):
        accuracy(nn.Identity(), images)
    with pytest.raises(InputError, match="label is out of range"):
        accuracy(nn.Sequential(nn.Flatten(), nn.Linear(784, 3)), images)


def test_inputs_that_the_network_cannot_run_on(images: DataSource) -> None:
    with pytest.raises(
        InputError, match=r"cannot run on these inputs(.|\n)*got: \[\d+, 1, 28, 28\]: (.|\n)*test batch 0"
    ):
        accuracy(nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten()), images)


def test_scores_that_are_no_numbers(images: DataSource) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    nn.init.constant_(network[1].bias, float("nan"))
    with pytest.raises(InputError, match=r"not a number(.|\n)*NaN in \d+ samples(.|\n)*test batch 0"):
        accuracy(network, images)
