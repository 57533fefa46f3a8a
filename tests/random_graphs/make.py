"""A network from a seed: a stem, some random pieces, a head, one or several outputs."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from . import activations, layers, merges, moves, pooling
from .program import PROBES, SHAPES, Builder, RandomNet, Step

Piece = Callable[[Builder, int], int | None]


def block(b: Builder, x: int) -> int | None:
    """Convolution, perhaps a BatchNorm, and an activation."""
    y = layers.convolution(b, x)
    if y is None:
        return None
    if b.chance(0.4):
        y = layers.batch_norm(b, y) or y
    return activations.activation(b, y) if b.chance(0.9) else y


PIECES: dict[Piece, float] = {
    block: 6, layers.linear: 0.5, layers.again: 1.5, layers.transposed: 0.5, layers.functional: 0.5,
    layers.batch_norm: 0.5,
    activations.activation: 1, pooling.pooling: 3, pooling.resampling: 0.8, moves.arithmetic: 1.2, moves.moving: 2,
    moves.splitting: 0.8, moves.unbinding: 0.4, moves.resting: 0.8, merges.residual: 3, merges.earlier: 1.5,
    merges.joined: 1.2, merges.branches: 1, merges.product: 0.5,
}  # fmt: skip
EXACT = {piece for piece in PIECES if piece not in (layers.transposed, layers.functional)}


def random_net(seed: int, exact: bool = False) -> RandomNet:
    """The network of a seed, in eval mode, float32.

    Args:
        exact: of ReLUs, affine operations and poolings alone, its weights on a dyadic grid, with a NumPy counterpart
            for every step.
    """
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        b = Builder(random.Random(seed), exact)
        shape = SHAPES[b.choose([0, 1, 2, 2, 2, 3])]
        b.values.append(inputs(shape, PROBES, seed))
        x = activations.relu(b, layers.convolution(b, 0) or 0)
        pieces = {piece: weight for piece, weight in PIECES.items() if not exact or piece in EXACT}
        for _ in range(b.random.randint(2, 8)):
            (piece,) = b.random.choices(list(pieces), list(pieces.values()))
            y = piece(b, x)
            x = x if y is None else y
        outputs = ending(b, x)
    steps, outputs = (pruned(b.steps, outputs)) if exact else (b.steps, outputs)
    return RandomNet(b.parts, steps, outputs, shape).eval()


def inputs(shape: tuple[int, ...], count: int, seed: int) -> Tensor:
    """On a dyadic grid."""
    generator = torch.Generator().manual_seed(seed)
    return torch.round(torch.randn(count, *shape, generator=generator) * 8) / 8


def ending(b: Builder, x: int) -> Any:
    """The head, and now and then other values beside it, in a tuple, a list or a dict."""
    head = x
    if b.dims(x) and b.chance(0.7):
        if b.exact or b.chance(0.5):
            head = b.apply(lambda v: torch.flatten(v, 1), x, reference=lambda v: v.reshape(len(v), -1))
        else:
            axes = tuple(range(2, b.dims(x) + 2))
            head = b.apply(b.choose([lambda v: v.mean(axes), lambda v: v.flatten(2).mean(-1)]), x)
    if b.chance(0.8):
        head = layers.linear(b, head) or head
    if b.chance(0.75):
        return head
    others = b.others(head, lambda shape: True)[1:]
    if b.exact or not others:
        return head
    beside = b.choose(others)
    return b.choose([(head, beside), [head, beside], {"out": head, "features": beside}, {"all": (head, [beside])}])


def pruned(steps: list[Step], output: int) -> tuple[list[Step], int]:
    """Without what the output does not need, so that every activation is a site."""
    needed = {output}
    for number in range(len(steps), 0, -1):
        if number in needed:
            needed |= set(steps[number - 1].inputs)
    numbers = {old: new for new, old in enumerate([0, *sorted(needed - {0})])}
    kept = [s for n, s in enumerate(steps, 1) if n in needed]
    return [Step(s.call, tuple(numbers[i] for i in s.inputs), s.reference) for s in kept], numbers[output]
