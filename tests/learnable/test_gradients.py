"""Values and gradients of the trainable clips: against finite differences where smooth, by hand at the floors."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from snnconv import InputError
from snnconv.learnable import CLIPS, Clip, kinds_in
from snnconv.learnable.rnl import MOMENTUM

LAMBDA = 2.0
each = pytest.mark.parametrize("name", list(CLIPS))


def gradients(module: Clip, x: list[float]) -> tuple[Tensor, Tensor, Tensor]:
    """y, ∂Σy/∂x and ∂Σy/∂λ for a scalar λ."""
    points = torch.tensor(x, requires_grad=True)
    y = module(points)
    y.sum().backward()
    assert points.grad is not None
    slope = module.threshold.grad
    assert slope is not None
    return y.detach(), points.grad, slope


# clip


def test_clip_by_hand() -> None:
    y, to_x, to_ceiling = gradients(CLIPS["clip"](LAMBDA), [-1.0, 0.0, 0.5, 1.5, 2.0, 3.0])
    assert y.tolist() == [0, 0, 0.5, 1.5, 2, 2]
    assert to_x.tolist() == [0, 0, 1, 1, 0, 0]
    assert to_ceiling == 2  # the two points with x ≥ λ


def test_clip_per_channel() -> None:
    clip = CLIPS["clip"](torch.tensor([1.0, 2.0]).view(2, 1, 1))
    x = torch.full((3, 2, 4, 4), 1.5)
    y = clip(x)
    y.sum().backward()
    assert y[:, 0].unique().tolist() == [1.0]
    assert y[:, 1].unique().tolist() == [1.5]
    assert clip.threshold.grad is not None
    assert clip.threshold.grad.flatten().tolist() == [3 * 16, 0]


@pytest.mark.parametrize("name", ["clip", "rnl"])
def test_smooth_clips_against_finite_differences(name: str) -> None:
    """Away from the two kinks: ∂y/∂x and the gradient of every parameter, in float64."""
    x = torch.tensor([-0.7, 0.3, 1.2, 1.9, 2.4, 5.0], dtype=torch.float64)
    module = CLIPS[name](LAMBDA).double().eval()
    parameters = dict(module.named_parameters())

    def function(points: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(module, dict(zip(parameters, values)), points)

    values = [value.detach().clone().requires_grad_() for value in parameters.values()]
    assert torch.autograd.gradcheck(function, (x.requires_grad_(), *values))


# qcfs and sd: a straight-through floor


def test_qcfs_by_hand() -> None:
    """L = 4, λ = 2: stairs of ½ that begin at −¼, ¼, ¾, 5/4, 7/4; ∂/∂λ = (y − x)/λ below the top, 1 on it."""
    x = [-1.0, -0.1, 0.3, 1.0, 1.2, 1.75, 9.0]
    y, to_x, to_ceiling = gradients(CLIPS["qcfs"](LAMBDA, levels=4), x)
    assert y.tolist() == [0, 0, 0.5, 1.0, 1.0, 2.0, 2.0]
    assert to_x.tolist() == [0, 1, 1, 1, 1, 0, 0]
    by_hand = sum((a - b) / LAMBDA for a, b in zip([0, 0.5, 1.0, 1.0], x[1:5])) + 2
    assert float(to_ceiling) == pytest.approx(by_hand, abs=1e-6)


def test_sd_by_hand() -> None:
    """α = ½, β = 3, T = 2, λ = 2: θ = 1, stairs of θ/T = ½ up to βθ = 3, above λ; ∂/∂λ = αβ on the top stair."""
    x = [-1.0, 0.1, 0.6, 1.3, 2.6, 2.8, 7.0]
    y, to_x, to_ceiling = gradients(CLIPS["sd"](LAMBDA, alpha=0.5, beta=3, T=2), x)
    assert y.tolist() == [0, 0, 0.5, 1.5, 2.5, 3.0, 3.0]
    assert to_x.tolist() == [0, 1, 1, 1, 1, 0, 0]
    by_hand = sum((a - b) / LAMBDA for a, b in zip([0, 0.5, 1.5, 2.5], x[1:5])) + 2 * 0.5 * 3
    assert float(to_ceiling) == pytest.approx(by_hand, abs=1e-6)


def test_sd_of_one_quantum_is_qcfs() -> None:
    x = torch.linspace(-3, 5, 1001)
    assert torch.equal(CLIPS["sd"](1.7, alpha=1.0, beta=1, T=8)(x), CLIPS["qcfs"](1.7, levels=8)(x))


def test_sd_is_what_the_neuron_reaches() -> None:
    """The mean of what an SD neuron emits over T steps of a constant input, counted by a loop of plain numbers.

    With αβ = 1, weights in quarters and T a power of two every number here is exact.
    """
    alpha, beta, steps, ceiling = 0.5, 2, 4, 2.0
    theta = alpha * ceiling
    values = [k / 16 for k in range(-8, 49)]
    found = CLIPS["sd"](ceiling, alpha=alpha, beta=beta, T=steps)(torch.tensor(values))
    for value, ours in zip(values, found.tolist()):
        v, emitted = theta / 2, 0
        for _ in range(steps):
            v += value
            fired = min(max(math.floor(v / theta), 0), beta)
            v, emitted = v - fired * theta, emitted + fired
        assert ours == emitted * theta / steps, value


@pytest.mark.parametrize("name", ["qcfs", "sd"])
def test_staircases_on_average_are_the_clip(name: str) -> None:
    """Half a stair to each side: the mean over x in [0, λ] is λ/2, as that of the clip."""
    x = torch.linspace(0, LAMBDA, 4001)
    assert float(CLIPS[name](LAMBDA)(x).detach().mean()) == pytest.approx(LAMBDA / 2, abs=1e-3)


def test_every_stair_in_bfloat16() -> None:
    x = torch.linspace(0, 2, 200).bfloat16()
    y = CLIPS["qcfs"](LAMBDA, levels=4)(x)
    assert y.dtype == torch.bfloat16
    assert y.unique().tolist() == [0, 0.5, 1, 1.5, 2]


# rnl


def test_rnl_follows_the_maximum() -> None:
    """λ = σ(scale)·p; in training p moves a tenth of the way to the batch's maximum, in eval it stays."""
    module = CLIPS["rnl"].fitted(torch.tensor(1.0), torch.tensor([4.0]))
    assert float(module.ceiling) == pytest.approx(1.0)
    assert float(module.get_buffer("peak")) == 4.0
    x = torch.tensor([[-9.0, 8.0]])
    module.eval()(x)
    assert float(module.get_buffer("peak")) == 4.0
    module.train()(x)
    assert float(module.get_buffer("peak")) == pytest.approx(4 + MOMENTUM * (8 - 4))
    assert float(module.ceiling) == pytest.approx((4 + MOMENTUM * 4) / 4)


def test_rnl_gradient_reaches_the_scale() -> None:
    """∂λ/∂scale = λ(1 − σ), times the points at or above λ."""
    module = CLIPS["rnl"].fitted(torch.tensor(1.0), torch.tensor([4.0])).eval()
    module(torch.tensor([0.5, 1.5, 2.5])).sum().backward()
    scale = module.get_parameter("scale")
    assert scale.grad is not None
    assert float(scale.grad) == pytest.approx(2 * 1.0 * (1 - 0.25))


def test_rnl_per_channel() -> None:
    module = CLIPS["rnl"].fitted(torch.tensor([1.0, 2.0]).view(2, 1, 1), torch.tensor([4.0, 4.0]))
    x = torch.zeros(3, 2, 5, 5)
    x[1, 0, 2, 2], x[2, 1, 0, 0] = 14.0, 4.0
    module(x)
    assert module.get_buffer("peak").flatten().tolist() == pytest.approx([5.0, 4.0])


# all


@each
def test_what_every_activation_keeps(name: str) -> None:
    module = CLIPS[name](LAMBDA).eval().requires_grad_(False)
    x = torch.linspace(-4, 4, 801)
    y = module(x)
    assert kinds_in(module) == {name}
    assert float(module.ceiling) == pytest.approx(LAMBDA)
    assert float(y.min()) == 0
    assert float(y.max()) == pytest.approx(LAMBDA)
    assert (y.diff() >= 0).all()
    copy = CLIPS[name].blank(module.state_dict(), **module.settings()).eval()
    assert torch.equal(copy(x), y)


@pytest.mark.parametrize("name", ["clip", "qcfs", "sd"])
def test_a_ceiling_below_zero_comes_back(name: str) -> None:
    """An optimiser may step past 0: the activation stays a function of its input, and λ can rise again."""
    module = CLIPS[name](-0.5)
    y = module(torch.tensor([0.5, 1.0]))
    assert (y > 0).all()
    y.sum().backward()
    assert module.threshold.grad is not None
    assert float(module.threshold.grad) == 2


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("qcfs", {"levels": 0}, "levels is out of range"),
        ("sd", {"T": 0}, "T is out of range"),
        ("sd", {"alpha": 1.5}, "alpha is out of range"),
        ("sd", {"beta": 0}, "beta is out of range"),
    ],
)
def test_options_out_of_range(name: str, options: dict[str, float], text: str) -> None:
    with pytest.raises(InputError, match=text):
        CLIPS[name](LAMBDA, **options)
