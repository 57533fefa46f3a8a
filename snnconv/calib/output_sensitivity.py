"""How much the output of a network suffers from rounding at each of its sites."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from ..graph.graphs import as_call
from ..graph.sites import activation_sites, channel_dim, channels_second
from ..progress import track
from .samples import differentiated_at_once, portions

log = logging.getLogger("snnconv")

PROBES = 2  # random directions a sample; the mean over samples and positions does the rest
FAR = 10  # times the median distance
SHOWN = 5  # of samples that are far out


def equal_harm_thresholds(
    canonical: fx.GraphModule, batches: Iterable[tuple[Tensor, ...]], sites: Collection[str], seed: int
) -> dict[str, Tensor]:
    """{site: θ per channel, [C]}: the rounding steps that do equal harm, and together as much as there is signal.

        g_c = E (∂(u·f)/∂x)², u ~ N(0, I), over samples and the positions of channel c
        θ_c = √(12·V / (N·g_c)),  V = Σ Var f over samples,  N = neurons of a sample

    Rounding errors uniform in ±θ/2 and independent change the output f by Σ g·θ²/12 in squared norm, to first order:
    with these θ by V. With ε·θ_c the relative error of the output is ε, and no other θ of that error has a larger
    geometric mean, on which the digits to be sent depend (reverse water-filling: equal slopes of distortion over rate).

    Samples whose outputs are far out are left out, with a notice (`is_usual`).

    Args:
        batches: flat input leaves.

    Returns:
        inf for a channel on which the output does not depend.

    Source: this project; rate-distortion theory as in Gersho & Gray, Vector Quantization and Signal Compression, 1992,
    section 8.3 (bit allocation); gradients as in Dong et al., HAWQ, ICCV 2019.
    """
    activations: dict[str, Tensor] = {}
    dims = {name: channel_dim(canonical, node) for name, node in activation_sites(canonical).items()}

    def hook(name: str) -> Callable[..., Tensor]:
        def keep(_module: Any, _args: Any, output: Tensor) -> Tensor:
            activations[name] = output if output.requires_grad else output.detach().requires_grad_()
            return activations[name]

        return keep

    parts = list(portions(batches, differentiated_at_once(canonical)))
    with torch.no_grad():
        every = torch.cat([outputs_of(canonical, leaves).double().cpu() for leaves in parts])
    usual = is_usual(every)
    if not bool(usual.all()):
        tell_of(torch.nonzero(~usual).flatten().tolist(), len(usual))
    handles = [canonical.get_submodule(name).register_forward_hook(hook(name)) for name in sites]
    energy: dict[str, Tensor] = {}
    done = 0
    try:
        for leaves in track(parts, "weighing sites by gradients"):
            with torch.enable_grad():
                output = outputs_of(canonical, leaves)
                counted = usual[done : done + len(output), None].to(output)
                drawn = directions(seed, range(done, done + len(output)), output.shape[1])
                done += len(output)
                for direction in drawn.to(output) * counted:
                    found = torch.autograd.grad(
                        output, list(activations.values()), direction, retain_graph=True, allow_unused=True
                    )
                    for name, gradient in zip(activations, found):
                        squares = torch.zeros_like(activations[name]) if gradient is None else gradient.square()
                        squares = channels_second(squares, dims[name])
                        energy[name] = energy.get(name, torch.zeros(())) + per_channel(squares).cpu()
    finally:
        for handle in handles:
            handle.remove()
    neurons = {name: activations[name][0].numel() for name in sites}
    draws = int(usual.sum()) * PROBES
    signal = float((every[usual] - every[usual].mean(0)).square().sum(1).mean())
    share = 12 * signal / sum(neurons.values())
    result = {}
    for name, squares in energy.items():
        mean = squares * squares.numel() / (neurons[name] * draws)  # g
        result[name] = torch.where(mean > 0, torch.sqrt(share / mean), torch.inf).float()
    return result


def outputs_of(canonical: fx.GraphModule, leaves: tuple[Tensor, ...]) -> Tensor:
    """All that the network puts out in real numbers, [B, values]."""
    result = canonical(*as_call(canonical, leaves))
    return torch.cat([leaf.reshape(len(leaf), -1) for leaf in pytree.tree_leaves(result) if differentiable(leaf)], 1)


def is_usual(outputs: Tensor) -> Tensor:
    """Which samples are not far out, [S] of the outputs [S, values].

    Far out: more than ten times as far from the median as half of the samples are. Products (attention without softmax)
    can let one sample in hundreds explode, whose squares would then outweigh all others.
    """
    away = (outputs - outputs.median(0).values).square().sum(1)
    usual = float(away.median())
    return away <= FAR**2 * usual if usual else torch.ones_like(away, dtype=torch.bool)


def tell_of(far: list[int], samples: int) -> None:
    """What users may want to look at; thresholds from maxima or histograms saw these samples too."""
    shown = ", ".join(map(str, far[:SHOWN])) + (", …" if len(far) > SHOWN else "")
    log.warning(
        f"the outputs of {len(far)} of {samples} calibration samples (number {shown}, from 0) are over {FAR} times as "
        "far out as usual: sensitivity is that of the others; if they are not a mistake, train clips (snnconv finetune)"
    )


def per_channel(squares: Tensor) -> Tensor:
    """[B, C, …] → the sum over everything but channels, float64 [C]."""
    return squares.transpose(0, 1).flatten(1).sum(1, dtype=torch.float64)


def differentiable(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.is_floating_point() and leaf.dim() > 0


def directions(seed: int, places: Iterable[int], values: int) -> Tensor:
    """u of every sample, [PROBES, B, values]: by its place in the data, whichever others are run with it."""
    generator, drawn = torch.Generator(), list[Tensor]()
    for place in places:
        mixed = int(np.random.SeedSequence((seed % 2**32, place)).generate_state(1)[0])  # the generator reads 32 bits
        drawn.append(torch.randn(PROBES, values, generator=generator.manual_seed(mixed), dtype=torch.float32))
    return torch.stack(drawn, 1)
