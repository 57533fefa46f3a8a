"""The pure spiking MS-ResNet-18 of ReSpike's tables: size, operations, and answers over the frames."""

from __future__ import annotations

import pytest
import torch

from snnconv import InputError
from snnconv.cost.dense import count
from snnconv.models import ms_resnet18
from snnconv.models.spiking_layer import SpikingLayer


def test_parameters_are_those_of_the_branch_and_a_classifier() -> None:
    with torch.device("meta"):
        model = ms_resnet18()
    assert sum(parameter.numel() for parameter in model.parameters()) == 11_173_056 + 513 * 51


@pytest.mark.slow
def test_operations_are_those_of_the_branch_over_all_frames() -> None:
    """20.5007 G over 12 frames; the stem of 16 frames 0.3468 G."""
    by_layer = count(ms_resnet18().eval(), (3, 16, 224, 224)).by_layer
    for part, operations in {"snn.stem": 346_816_512, "snn.stages": 20_500_709_376 * 16 // 12}.items():
        assert sum(found for name, found in by_layer.items() if name.startswith(part)) == operations


def test_answers_at_any_time() -> None:
    """After every frame the mean over the frames so far, which needs no later one; the last is the whole clip's."""
    model = ms_resnet18(4, 5, in_channels=1)
    clips = torch.rand(2, 1, 5, 32, 40)
    model(clips)
    model.eval()
    with torch.no_grad():
        answers = model.anytime(clips)
        assert answers.shape == (5, 2, 4)
        torch.testing.assert_close(answers[-1], model(clips))
        for T in (1, 3):
            short = ms_resnet18(4, T, in_channels=1).eval()
            short.load_state_dict(model.state_dict())  # no weight depends on T
            torch.testing.assert_close(answers[T - 1], short(clips[:, :, :T]))
        assert not torch.allclose(answers[0], answers[-1])
    assert model.unit == 1


def test_titles() -> None:
    model = ms_resnet18()
    titles = [model.title_of(name) for name, module in model.named_modules() if isinstance(module, SpikingLayer)]
    assert titles == [f"{stage}.{block} conv{n}" for stage in (1, 2, 3, 4) for block in (0, 1) for n in (1, 2)]


def test_it_trains() -> None:
    model = ms_resnet18(4, 3)
    model(torch.rand(2, 3, 3, 64, 64)).square().sum().backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []


def test_bad_settings_are_one_error() -> None:
    with pytest.raises(InputError, match="lif, plif"):
        ms_resnet18(neuron="elu")
    with pytest.raises(InputError, match="T of MS-ResNet-18"):
        ms_resnet18(T=0)
    with pytest.raises(InputError, match=r"\[B, channels, 4, height, width\]"):
        ms_resnet18(T=4)(torch.rand(1, 3, 5, 32, 32))
