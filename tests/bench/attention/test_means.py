"""The gradient rule worked out by hand, and the copy of the network that shows the means of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from snnconv import convert
from snnconv.bench import attention
from snnconv.bench._attention.cam import grad_cam
from snnconv.bench._attention.means import MeanActivation, MeanNetwork, SpikeSums
from snnconv.calib import Site
from snnconv.data import DataSource
from snnconv.models import fashion_cnn
from snnconv.neurons import IntegrateFire, ScalableDualThreshold

from ...networks import SHAPES, ResidualNet, SmallCNN, dyadic, dyadic_batch, power_of_two


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


def test_a_network_without_a_map_has_no_similarity() -> None:
    """Negative weights behind the site: nothing speaks for the class, and Grad-CAM leaves nothing above 0."""
    model = tiny()
    with torch.no_grad():
        model[6].weight.fill_(-1.0)  # type: ignore[operator]
    result = attention(convert(model, data=[X], method="if", threshold=ones), [X], T=[1], layer="3")
    step = result.images[0].snn[0]
    assert (step.correlation, step.overlap, step.map) == (None, None, [[0.0, 0.0], [0.0, 0.0]])
    assert (result.similarity[0].correlation, result.similarity[0].overlap) == (None, None)


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
