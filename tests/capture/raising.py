"""Capture and raise in one call, and the comparison with the source that every structure must pass."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils import _pytree as pytree

from snnconv.capture.capture import capture, evaluating, fresh
from snnconv.capture.raise_modules import raise_modules


def raised_from(model: nn.Module, *inputs: Any) -> fx.GraphModule:
    return raise_modules(capture(model, inputs), model)


def outputs(model: nn.Module, *inputs: Any) -> list[Any]:
    """Output leaves in eval mode."""
    with evaluating(model), torch.no_grad():
        return pytree.tree_leaves(model(*fresh(inputs)))


def assert_same_outputs(raised: nn.Module, source: nn.Module, *shapes: tuple[int, ...]) -> None:
    """Equal to the bit at batch 2, 5 and 1, one input tensor per shape."""
    generator = torch.Generator().manual_seed(0)
    for batch in (2, 5, 1):
        inputs = tuple(torch.randn(batch, *shape, generator=generator) for shape in shapes)
        ours, theirs = outputs(raised, *inputs), outputs(source, *inputs)
        tensors = [(a, b) for a, b in zip(ours, theirs, strict=True) if isinstance(b, Tensor)]
        assert tensors
        for a, b in tensors:
            assert torch.equal(a, b), f"batch {batch}: off by {float((a - b).abs().max())}"
