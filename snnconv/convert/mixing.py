"""Do samples of a batch see each other? Time is folded into the batch, so they must not."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from ..errors import UnsupportedModelError
from .operations import is_random, uses_batch_statistics

SAMPLES = 4
CHANGED = 1  # no flip of the batch leaves it where it is
TOLERANCE = 1e-5  # of the largest output: kernels may round differently, mixing changes far more


def refuse_batch_mixing(graph_module: fx.GraphModule, inputs: tuple[Any, ...]) -> None:
    """Look for operations that mix or draw at random, then change one sample and watch the others.

    Args:
        inputs: positional example arguments.

    Raises:
        UnsupportedModelError: some other sample's output changed, or an operation is known to mix.
    """
    for node in graph_module.graph.nodes:
        if is_random(node) or uses_batch_statistics(node):
            what = "draws random numbers" if is_random(node) else "normalises with the statistics of the batch"
            raise UnsupportedModelError(
                f"{node.target} {what} at inference\n{place(node)}  remedy: export the network in eval mode"
            )
    batch = pytree.tree_map(spread, inputs)
    changed = pytree.tree_map(disturb, batch)
    with torch.no_grad():
        before, after = (pytree.tree_leaves(graph_module(*x)) for x in (batch, changed))
    for first, second in zip(before, after, strict=True):
        if not isinstance(first, Tensor) or not first.is_floating_point():
            continue
        if first.dim() == 0 or first.shape[0] % SAMPLES:
            raise UnsupportedModelError(
                f"an output has no batch dimension: {list(first.shape)} for a batch of {SAMPLES}\n"
                "  expected: dimension 0 of every output counts the samples"
            )
        a, b = (others(leaf) for leaf in (first, second))
        same = (a == b) | (a.isnan() & b.isnan())  # the same infinity, too
        largest = first.detach().nan_to_num(0, 0, 0).abs().max()
        if not bool(((a - b).abs().masked_fill(same, 0) <= TOLERANCE * largest).all()):
            raise UnsupportedModelError(
                "samples of a batch see each other: changing one sample changed the output of others\n"
                "  expected: a network whose samples are independent, since time steps are folded into the batch\n"
                "  remedy: look for normalisation, softmax, sums or rolls over dimension 0 (the batch)"
            )


def others(leaf: Tensor) -> Tensor:
    """The rows of the samples that were not changed."""
    return leaf.detach().unflatten(0, (SAMPLES, -1))[[n for n in range(SAMPLES) if n != CHANGED]]


def spread(leaf: Any) -> Any:
    """Different samples from whatever the example holds."""
    if not isinstance(leaf, Tensor) or leaf.dim() == 0:
        return leaf
    generator = torch.Generator().manual_seed(0)
    samples = leaf[:1].expand(SAMPLES, *leaf.shape[1:])
    if not leaf.is_floating_point():
        return samples.contiguous()
    noise = torch.randn(samples.shape, generator=generator).to(leaf)
    return samples + noise * (leaf.float().std().to(leaf) + 0.1)


def disturb(leaf: Any) -> Any:
    """The same with one sample far away from where it was."""
    if not isinstance(leaf, Tensor) or leaf.dim() == 0 or not leaf.is_floating_point():
        return leaf
    changed = leaf.clone()
    changed[CHANGED] = changed[CHANGED] * -3 + 1
    return changed


def place(node: fx.Node) -> str:
    from .preflight import source_line

    line = source_line(node)
    return f"  where: {line}\n" if line else ""
