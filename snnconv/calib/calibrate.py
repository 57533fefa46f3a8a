"""From calibration batches to one threshold λ per site, in one pass over the data and bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, fx

from ..errors import InputError
from ..graph.activations import Activation, is_learned
from ..graph.graphs import as_call
from ..graph.sites import activation_sites, channel_dim, channels_in, channels_second
from .checkpoint import Checkpoint
from .rules import Rule, Site, fits_range
from .statistics import Granularity, NeuronMaximum, Statistics, statistics_of


def collect(
    canonical: fx.GraphModule,
    batches: Iterable[tuple[Tensor, ...]],
    granularity: Granularity,
    checkpoint: Checkpoint | None = None,
) -> dict[str, Statistics]:
    """Run the canonical ANN on every batch and take the statistics of |activation| at every site.

    Args:
        batches: flat input leaves of each batch.
        checkpoint: where what was seen is kept; batches that it holds are read but not run again.

    Raises:
        InputError: there is no batch, or an activation is not finite.
    """
    sites = activation_sites(canonical)
    histograms = {name: statistics_of(granularity) for name in sites}
    dims = {name: channel_dim(canonical, node) if granularity == "channel" else 1 for name, node in sites.items()}

    def hook(histogram: Statistics, channels: int) -> Callable[..., None]:
        return lambda _module, _args, output: histogram.add(channels_second(output.abs(), channels))

    handles = [
        canonical.get_submodule(name).register_forward_hook(hook(histogram, dims[name]))
        for name, histogram in histograms.items()
    ]
    seen = checkpoint.restore(histograms) if checkpoint else 0
    count = 0
    try:
        with torch.no_grad():
            for leaves in batches:
                count += 1
                if checkpoint:
                    checkpoint.take(leaves)
                if count > seen:
                    canonical(*as_call(canonical, leaves))
                    if checkpoint:
                        checkpoint.save(histograms, count)
    finally:
        for handle in handles:
            handle.remove()
    if not count:
        raise InputError("the calibration data is empty", expected="at least one batch", got="none")
    if checkpoint:
        checkpoint.end()
        if count > seen:
            checkpoint.save(histograms, count, now=True)
    return histograms


def thresholds(
    canonical: fx.GraphModule,
    histograms: dict[str, Statistics],
    rule: Rule,
    *,
    T: int,
    levels: int,
    scale: float,
    equal_harm: Mapping[str, Tensor] | None = None,
    most: int = 0,
) -> dict[str, Tensor]:
    """λ of every site by `rule`: [] per layer, [C] per channel, the shape of a sample per neuron.

    Where channels are the last of three dimensions or more, λ per channel is [1, …, C].

    A channel or neuron that never rose above 0 gets the median λ of its layer: it may still fire on other data.

    Raises:
        InputError: a site whose every activation was 0, or a rule that gave something else than positive numbers.
    """
    result: dict[str, Tensor] = {}
    sites = activation_sites(canonical)
    for name, histogram in histograms.items():
        activation = canonical.get_submodule(name)
        assert isinstance(activation, Activation)
        learned, steps = is_learned(activation), activation.levels
        if (not learned or activation.ceiling is None) and not bool((histogram.maximum > 0).any()):
            raise InputError(
                "an activation was always 0 during calibration: no threshold can be set",
                where=f"site {name}",
                remedy=f"calibrate on real data, or leave the site analog with keep={name!r}",
            )
        even = equal_harm[name] if equal_harm else None
        step = None if steps is None else steps.step.float().to(histogram.maximum)
        site = Site(name, histogram, activation.ceiling, T, levels, scale, learned, even, most, step)
        whole = isinstance(histogram, NeuronMaximum)
        value = torch.as_tensor(rule(site), dtype=torch.float32)
        value = value if whole else value.flatten()
        if not bool(torch.isfinite(value).all()) or bool((value < 0).any()) or not bool((value > 0).any()):
            shown = str(value.flatten()[:8].tolist())
            raise InputError("a threshold rule gave no usable value", where=f"site {name}", got=shown)
        value = torch.where(value > 0, value, value[value > 0].median())
        if not whole:
            value = per_channel(value, canonical, sites[name])
            value = value if fits_range(rule) else within_ceiling(value, activation.ceiling, min(1.0, scale * levels))
        result[name] = value if value.numel() > 1 else value.flatten()[0]
    return result


def per_channel(value: Tensor, canonical: fx.GraphModule, node: fx.Node) -> Tensor:
    """λ [R] of a rule as it broadcasts: [] or [C], in the shape of one sample where channels come last."""
    if value.numel() == 1:
        return value.flatten()[0]
    return value.view(channels_in(canonical, node)) if channel_dim(canonical, node) == -1 else value


def within_ceiling(value: Tensor, ceiling: float | Tensor | None, reached: float) -> Tensor:
    """λ no larger than where the ANN's activation ends: neurons that send more would do so for ever.

    Args:
        reached: by the spikes of one step, in units of λ, where that is less.
    """
    if not isinstance(ceiling, Tensor) or ceiling.numel() == 1:
        return value
    ends = ceiling.detach().to(value) / reached
    return torch.minimum(value, ends.flatten() if ends.numel() == ends.shape[0] else ends)
