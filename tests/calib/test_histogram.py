"""Streaming histograms against NumPy on all values at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from snnconv import InputError
from snnconv.calib.histogram import CHANNEL_BINS, LAYER_BINS, ActivationHistogram


def stream(batches: list[Tensor], per_channel: bool = False) -> ActivationHistogram:
    histogram = ActivationHistogram(per_channel)
    for batch in batches:
        histogram.add(batch)
    return histogram


def activations(scales: list[float]) -> list[Tensor]:
    """ReLU outputs of batches whose range grows (or not) as the stream goes on."""
    generator = torch.Generator().manual_seed(0)
    return [torch.relu(torch.randn(4, 3, 20, 20, generator=generator)) * scale for scale in scales]


SCALES = {"even": [1, 1, 1], "doubling once": [1, 1.5, 1], "doubling often": [0.01, 1, 0.5, 40], "falling": [8, 1, 1]}


@pytest.mark.parametrize("q", [0.5, 0.6, 0.9, 0.99, 0.999, 1.0])
@pytest.mark.parametrize("kind", SCALES)
def test_quantiles_per_layer(kind: str, q: float) -> None:
    batches = activations(SCALES[kind])
    histogram = stream(batches)
    exact = np.quantile(torch.cat(batches).numpy(), q)
    width = float(histogram.limit) / LAYER_BINS
    assert histogram.quantile(q).shape == (1,)
    assert float(histogram.quantile(q)) == pytest.approx(exact, abs=2 * width, rel=5e-3)


@pytest.mark.parametrize("q", [0.75, 0.99, 1.0])
@pytest.mark.parametrize("kind", SCALES)
def test_quantiles_per_channel(kind: str, q: float) -> None:
    batches = [batch * torch.tensor([1.0, 10.0, 0.1]).view(3, 1, 1) for batch in activations(SCALES[kind])]
    histogram = stream(batches, per_channel=True)
    rows = torch.cat(batches).transpose(0, 1).flatten(1).numpy()
    ours = histogram.quantile(q)
    for channel in range(3):
        width = float(histogram.limit[channel]) / CHANNEL_BINS
        values = np.sort(rows[channel])
        spacing = np.diff(values[int(q * len(values)) - 2 : int(q * len(values)) + 3]).max(initial=0)
        assert float(ours[channel]) == pytest.approx(np.quantile(values, q), abs=2 * width + float(spacing))


def test_maximum_is_exact_and_nothing_is_lost() -> None:
    batches = activations([0.01, 3, 1])
    for per_channel in (False, True):
        histogram = stream(batches, per_channel)
        values = torch.cat(batches)
        rows = values.transpose(0, 1).flatten(1) if per_channel else values.flatten()[None]
        assert torch.equal(histogram.maximum, rows.amax(1))
        assert histogram.counts.sum(1).tolist() == [rows.shape[1]] * len(rows)
        assert torch.equal(histogram.quantile(1.0), histogram.maximum)
        assert bool((histogram.limit >= histogram.maximum).all())


def test_order_of_batches_matters_little() -> None:
    batches = activations([0.1, 1, 5])
    forward, backward = stream(batches), stream(batches[::-1])
    assert float(forward.quantile(0.99)) == pytest.approx(float(backward.quantile(0.99)), rel=1e-3)


def test_doubling_keeps_counts_where_they_belong() -> None:
    histogram = stream([torch.tensor([[0.1, 0.5, 1.0]]), torch.tensor([[2.4]])])
    assert float(histogram.limit) == pytest.approx(2.5)
    below = histogram.counts[0, : LAYER_BINS // 2].sum()
    assert below == 3


def test_a_channel_that_wakes_up_late() -> None:
    silent, awake = torch.zeros(2, 2, 4), torch.zeros(2, 2, 4)
    awake[:, 1] = 3.0
    histogram = stream([silent, awake], per_channel=True)
    assert histogram.maximum.tolist() == [0, 3]
    assert histogram.quantile(0.999).tolist() == [0, 3]
    assert float(histogram.counts[1, 0]) == 8


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_activations_that_are_not_finite(value: float) -> None:
    x = torch.ones(2, 3)
    x[1, 2] = value
    with pytest.raises(InputError, match="NaN or infinite"):
        stream([x])


def test_centres_count_exact_zeros_as_zero() -> None:
    histogram = stream([torch.tensor([[0.0, 1.0]])])
    assert float(histogram.centres[0, 0]) == 0
    assert float((histogram.centres * histogram.counts).sum()) == pytest.approx(1.0, abs=1e-3)


def test_all_rows_together() -> None:
    """The quantile of a layer from the histograms of its channels, of ranges that differ a hundredfold."""
    torch.manual_seed(0)
    x = torch.rand(50, 4, 30) * torch.tensor([0.1, 1.0, 10.0, 3.0])[:, None]
    histogram = ActivationHistogram(per_channel=True)
    histogram.add(x)
    for q in (0.3, 0.9, 0.999):
        expected = float(x.flatten().quantile(q))
        assert float(histogram.quantile_of_layer(q)) == pytest.approx(expected, rel=0.01)
    assert float(histogram.quantile_of_layer(1.0)) <= float(x.max())
