"""The networks with ReLUs in the place of spikes: ANNs that convert as any other."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from snnconv import convert
from snnconv.models import respike, svformer
from snnconv.models.spiking_layer import SpikingLayer

CLIPS = torch.rand(3, 1, 8, 32, 40, generator=torch.Generator().manual_seed(0))


def twin(name: str) -> nn.Module:
    torch.manual_seed(0)
    if name == "svformer":
        model: nn.Module = svformer("3stg", 4, T=8, size=(32, 40), in_channels=1, neuron="relu")
    else:
        model = respike(num_classes=4, stride=4, branches="residual", in_channels=1, neuron="relu")
    for _ in range(2):
        model(CLIPS)  # statistics of its own
    return model.eval()


@pytest.mark.parametrize("name", ["svformer", "respike"])
def test_twins_convert(name: str) -> None:
    """Folded frames and clips of other samples stay apart: the error falls to nothing as T grows."""
    model = twin(name)
    assert not any(isinstance(module, SpikingLayer) for module in model.modules())
    with torch.no_grad():
        expected = model(CLIPS)
    snn = convert(model, T=4, data=[CLIPS], threshold="max")
    errors = [float((snn.run(CLIPS, T=T).logits[-1] - expected).norm() / expected.norm()) for T in (4, 32)]
    assert errors[1] < errors[0] < 0.1
    assert errors[1] < 0.005
    alone = snn.run(CLIPS[1:2], T=4).logits[-1]
    torch.testing.assert_close(alone, snn.run(CLIPS, T=4).logits[-1][1:2], atol=1e-4, rtol=1e-3)


def test_a_twin_has_the_layers_of_its_original() -> None:
    original = svformer("3stg", 4, T=8, size=(32, 40), in_channels=1, neuron="lif")
    names = {name for name, _ in original.named_parameters()}
    assert {name for name, _ in twin("svformer").named_parameters()} == names


@pytest.mark.parametrize("per_channel", [False, True])
def test_whole_spikes_travel_out_of_the_fold(per_channel: bool) -> None:
    """The head's convolution reads frames unfolded from the batch: the quantum of what it reads is in its weights."""
    snn = convert(twin("svformer"), T=4, data=[CLIPS], threshold="max", per_channel=per_channel)
    read: list[torch.Tensor] = []
    snn.network.get_submodule("pool").register_forward_pre_hook(lambda _, args: read.append(args[0]))
    snn.run(CLIPS, T=4)
    assert read[0].any()
    assert torch.equal(read[0], read[0].round())
