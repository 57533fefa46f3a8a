"""How much the output of a network suffers from rounding at each of its sites."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from ..convert.graphs import as_call
from ..convert.passes.sites import activation_sites, channel_dim
from ..progress import track
from ..simulate.memory import elements

PROBES = 2  # random directions a batch; the mean over samples and positions does the rest
BYTES = 2**28  # of activations that a backward pass holds


def fair_quanta(
    canonical: fx.GraphModule, batches: Iterable[tuple[Tensor, ...]], sites: Collection[str], seed: int
) -> dict[str, Tensor]:
    """{site: θ per channel, [C]}: the rounding steps that do equal harm, and together as much as there is signal.

        g_c = E (∂(u·f)/∂x)², u ~ N(0, I), over samples and the positions of channel c
        θ_c = √(12·V / (N·g_c)),  V = Σ Var f over samples,  N = neurons of a sample

    Rounding errors uniform in ±θ/2 and independent change the output f by Σ g·θ²/12 in squared norm, to first order:
    with these θ by V. With ε·θ_c the relative error of the output is ε, and no other θ of that error has a larger
    geometric mean, on which the digits to be sent depend (reverse water-filling: equal slopes of distortion over rate).

    Args:
        batches: flat input leaves.

    Returns:
        inf for a channel on which the output does not depend.

    Source: this project; rate-distortion theory as in Gersho & Gray, Vector Quantization and Signal Compression, 1992,
    section 8.3 (bit allocation); gradients as in Dong et al., HAWQ, ICCV 2019.
    """
    generator = torch.Generator().manual_seed(seed)
    activations: dict[str, Tensor] = {}
    dims = {name: channel_dim(canonical, node) for name, node in activation_sites(canonical).items()}

    def hook(name: str) -> Callable[..., Tensor]:
        def keep(_module: Any, _args: Any, output: Tensor) -> Tensor:
            activations[name] = output if output.requires_grad else output.detach().requires_grad_()
            return activations[name]

        return keep

    handles = [canonical.get_submodule(name).register_forward_hook(hook(name)) for name in sites]
    energy: dict[str, Tensor] = {}
    outputs: list[Tensor] = []
    try:
        for leaves in track(list(portions(batches, canonical)), "weighing sites by gradients"):
            with torch.enable_grad():
                result = canonical(*as_call(canonical, leaves))
                flat = [leaf.flatten(1) for leaf in pytree.tree_leaves(result) if differentiable(leaf)]
                output = torch.cat(flat, 1)
                for _ in range(PROBES):
                    direction = torch.randn(output.shape, generator=generator).to(output)
                    found = torch.autograd.grad(
                        output, list(activations.values()), direction, retain_graph=True, allow_unused=True
                    )
                    for name, gradient in zip(activations, found):
                        squares = torch.zeros_like(activations[name]) if gradient is None else gradient.square()
                        squares = squares.movedim(dims[name], 1)
                        energy[name] = energy.get(name, torch.zeros(())) + per_channel(squares).cpu()
            outputs.append(output.detach().double().cpu())
    finally:
        for handle in handles:
            handle.remove()
    every = torch.cat(outputs)
    signal = float((every - every.mean(0)).square().sum(1).mean())
    neurons = {name: activations[name][0].numel() for name in sites}
    draws = len(every) * PROBES
    share = 12 * signal / sum(neurons.values())
    result = {}
    for name, squares in energy.items():
        mean = squares * squares.numel() / (neurons[name] * draws)  # g
        result[name] = torch.where(mean > 0, torch.sqrt(share / mean), torch.inf).float()
    return result


def per_channel(squares: Tensor) -> Tensor:
    """[B, C, …] → the sum over everything but channels, float64 [C]."""
    return squares.transpose(0, 1).flatten(1).sum(1, dtype=torch.float64)


def differentiable(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.is_floating_point() and leaf.requires_grad and leaf.dim() > 0


def portions(batches: Iterable[tuple[Tensor, ...]], canonical: fx.GraphModule) -> Iterable[tuple[Tensor, ...]]:
    """The batches, cut so that what a backward pass holds fits into 256 MiB, but one sample."""
    held = sum(map(elements, canonical.graph.nodes)) * 4
    size = max(1, BYTES // max(1, held))
    for leaves in batches:
        yield from zip(*(leaf.split(size) for leaf in leaves), strict=True)
