"""Less memory in training: what a block computes on the way is not kept for the gradient but computed again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def checkpointed(block: nn.Module, *inputs: Any, when: bool) -> Any:
    """block(*inputs), of all time steps; with `when`, in training, only the inputs are kept for the gradient.

    Gradients and running statistics are the same either way: on the second time BatchNorm does not take the batch into
    its statistics once more.

    Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174.
    """
    if not (when and block.training):
        return block(*inputs)
    return checkpoint(block, *inputs, use_reentrant=False, context_fn=lambda: contexts(block))


def contexts(block: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Of the first time and of the second."""
    return nullcontext(), statistics_at_rest(block)


@contextmanager
def statistics_at_rest(block: nn.Module) -> Iterator[None]:
    """The block's BatchNorms normalise by the batch, as in any training, and leave their statistics as they are."""
    norms = [norm for norm in block.modules() if isinstance(norm, _BatchNorm)]
    before = [norm.momentum for norm in norms]
    counters = [norm.num_batches_tracked for norm in norms if norm.num_batches_tracked is not None]
    counts = [counter.clone() for counter in counters]
    for norm in norms:
        norm.momentum = 0.0  # not untracked: the checkpoint wants the same tensors kept as on the first time
    try:
        yield
    finally:
        for norm, momentum in zip(norms, before):
            norm.momentum = momentum
        for counter, count in zip(counters, counts):
            counter.copy_(count)
