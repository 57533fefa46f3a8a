"""Functions on running sums, and the explicit quantum."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snnconv.neurons import RunningMean, RunningSum, Scale

from .scan import scan


def test_mean_equals_the_function_of_the_mean() -> None:
    pool = RunningSum(nn.MaxPool2d(2))
    x = torch.randint(-1, 4, (7, 2, 3, 4, 4)).float()
    emitted, _ = scan(pool, x)
    for t in range(7):
        assert torch.equal(emitted[: t + 1].sum(0), nn.functional.max_pool2d(x[: t + 1].sum(0), 2))


def test_a_max_over_the_spikes_of_each_step_would_be_wrong() -> None:
    """Two inputs that fire in turn, each at rate ½: the maximum of the rates is ½, the mean of the maxima 1."""
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).repeat(4, 1)[:, None, None, :]
    emitted, _ = scan(RunningSum(nn.MaxPool1d(2)), x)
    assert emitted.mean() == 0.5
    assert nn.functional.max_pool1d(x[:, 0], 2).mean() == 1


def test_whole_numbers_stay_whole_and_may_be_negative() -> None:
    x = torch.tensor([3.0, -2.0, 0.0])[:, None, None, None].expand(3, 1, 1, 2)
    emitted, _ = scan(RunningSum(nn.MaxPool1d(2)), x)
    assert emitted.flatten().tolist() == [3, -2, 0]


def test_analog_relu_on_running_sums() -> None:
    x = torch.tensor([1.0, -3.0, 1.0, 4.0])[:, None, None]
    emitted, _ = scan(RunningSum(nn.ReLU()), x)
    assert emitted.flatten().tolist() == [1, -1, 0, 3]


def test_analog_clip_is_the_clip_of_the_mean() -> None:
    x = torch.tensor([5.0, -1.0, -6.0, 1.0, 9.0])[:, None, None]
    emitted, _ = scan(RunningMean(nn.Hardtanh(0.0, 2.0)), x)
    means = emitted.flatten().cumsum(0) / torch.arange(1, 6)
    expected = (x.flatten().cumsum(0) / torch.arange(1, 6)).clamp(0, 2)
    torch.testing.assert_close(means, expected)


class Of(nn.Module):
    """A function of several tensors."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *tensors: Tensor) -> Tensor:
        return self.function(*tensors)


FUNCTIONS: dict[str, tuple[Callable[..., Tensor], int]] = {
    "layer norm": (lambda x: F.layer_norm(x, (6,)), 1),
    "softmax": (lambda x: x.softmax(-1), 1),
    "product": (torch.mul, 2),
    "matrix product": (lambda x, y: x @ y.transpose(1, 2), 2),
    "attention": (F.scaled_dot_product_attention, 3),
    "largest": (lambda x: x.amax(1), 1),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_mean_is_the_function_of_the_means(name: str) -> None:
    """After every step, and however the steps are cut into calls."""
    function, count = FUNCTIONS[name]
    operator, xs = RunningMean(Of(function)), tuple(torch.randn(7, 2, 5, 6) for _ in range(count))
    varying = (True,) * count
    whole, _ = operator(tuple(x.flatten(0, 1) for x in xs), None, 7, varying)
    emitted = whole.unflatten(0, (7, 2))
    for t in (1, 2, 7):
        torch.testing.assert_close(emitted[:t].mean(0), function(*(x[:t].mean(0) for x in xs)), rtol=1e-4, atol=1e-5)
    first, state = operator(tuple(x[:3].flatten(0, 1) for x in xs), None, 3, varying)
    second, _ = operator(tuple(x[3:].flatten(0, 1) for x in xs), state, 4, varying)
    assert torch.equal(torch.cat([first, second]), whole)


def test_constant_inputs_are_taken_as_they_are() -> None:
    x, weight = torch.randn(4, 2, 5, 6), torch.rand(6)
    operator = RunningMean(Of(lambda x, w: F.layer_norm(x, (6,), w)))
    emitted, state = operator((x.flatten(0, 1), weight), None, 4, (True, False))
    expected = F.layer_norm(x.mean(0), (6,), weight)
    torch.testing.assert_close(emitted.unflatten(0, (4, 2)).mean(0), expected, rtol=1e-4, atol=1e-5)
    assert state.totals[1] is None


def test_what_is_not_finite_yet_is_held_back() -> None:
    """1/x before the first spike: nothing is sent, and made up for at once."""
    x = torch.tensor([0.0, 0.0, 3.0, 1.0])[:, None, None]
    emitted, _ = scan(RunningMean(Of(torch.reciprocal)), x)
    torch.testing.assert_close(emitted.flatten(), torch.tensor([0.0, 0.0, 3.0, 1.0]))


def test_means_are_taken_in_float32() -> None:
    x = torch.randn(6, 2, 5, dtype=torch.bfloat16)
    emitted, state = scan(RunningMean(Of(torch.exp)), x)
    assert emitted.dtype == torch.bfloat16
    assert state.given.dtype == state.totals[0].dtype == torch.float32
    torch.testing.assert_close(state.given / 6, x.float().mean(0).exp())


def test_step_leaves_its_input_alone() -> None:
    pool, x = RunningSum(nn.MaxPool1d(2)), torch.randn(1, 1, 4)
    before = x.clone()
    _, state = pool.step(x, pool.begin(x[None]))
    pool.step(x, state)
    assert torch.equal(x, before)


def test_scale_keeps_its_factor() -> None:
    scale = Scale(torch.tensor([0.3, 0.7]).view(2, 1)).to(torch.bfloat16)
    assert scale.factor.dtype == torch.float32
    x = torch.ones(1, 2, 3, dtype=torch.bfloat16)
    assert scale(x).dtype == torch.bfloat16
    exact = Scale(torch.tensor([0.5, 2.0]).view(2, 1))
    assert torch.equal(exact(x.float())[0, :, 0], torch.tensor([0.5, 2.0]))
    assert torch.equal(exact(x.float(), torch.ones(1, 2, 3))[0, :, 0], torch.tensor([1.5, 3.0]))
