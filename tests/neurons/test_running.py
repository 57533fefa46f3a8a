"""Functions on running sums, and the explicit quantum."""

from __future__ import annotations

import torch
from torch import nn

from snnconv.neurons import RunningClip, RunningSum, Scale

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
    emitted, _ = scan(RunningClip(2.0), x)
    means = emitted.flatten().cumsum(0) / torch.arange(1, 6)
    expected = (x.flatten().cumsum(0) / torch.arange(1, 6)).clamp(0, 2)
    torch.testing.assert_close(means, expected)


def test_step_leaves_its_input_alone() -> None:
    pool, x = RunningSum(nn.MaxPool1d(2)), torch.randn(1, 1, 4)
    before = x.clone()
    _, state = pool.step(x, pool.initial(x))
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
