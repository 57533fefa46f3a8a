"""Random weights under which a network's activations neither vanish nor explode, so that errors of it mean something.

Source: Mishkin & Matas, "All you need is a good init", ICLR 2016 (LSUV), without its orthogonal start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

# Calls of one weight: (input, weight, bias, …).
WEIGHTED: frozenset[Callable[..., Any]] = frozenset(
    {F.linear, F.conv1d, F.conv2d, F.conv3d, F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d}
)
BRANCH_SCALE = 0.5  # of layer_scale parameters, which start at 1e-6: their branches would add nothing
NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)
LEAST = 1e-12  # below it there is nothing to scale


def make_realistic(model: nn.Module, inputs: Sequence[Tensor], seed: int = 0) -> None:
    """Rescale the weights of `model`, in place, so that every weighted layer's output has variance 1 on `inputs`.

    1. What an initialisation leaves without effect is brought to life: weights of linear layers and convolutions that
       are all 0, as torchvision's ViT heads, are drawn from N(0, 1); scales of norms that are all 0, as those that end
       residual branches, become 1; `layer_scale` parameters become 0.5.
    2. In one forward pass in evaluation mode, at the first call of every weight W with bias b,

           W ← W / σ,  b ← b / σ,      σ² the variance of W·x + b over samples, places and channels,

       and the pass goes on with the new output. Calls are met wherever they are made, by modules as well as with bare
       parameters (the projections of attention). A bias that is no parameter stays as it is.

    BatchNorm is left at mean 0 and variance 1: statistics of a few noise images would blow up what small maps hardly
    show. Residual branches have variance 1 each, so that sums grow by their number alone.

    Args:
        model: on the CPU or wherever `inputs` are. inputs: its positional arguments, [B, …] each, or one list of them
            where it takes a list.
        seed: of the weights that are drawn.
    """
    was_training = model.training
    revive(model, torch.Generator().manual_seed(seed))
    with torch.no_grad(), explicit_attention(), UnitVariance():
        model.eval()(*inputs)
    model.train(was_training)


def revive(model: nn.Module, generator: torch.Generator) -> None:
    """Step 1 of `make_realistic`."""
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if not isinstance(weight, nn.Parameter) or weight.any():
            continue
        if isinstance(module, NORMS):
            nn.init.ones_(weight)
        elif isinstance(module, nn.Linear | nn.modules.conv._ConvNd):
            weight.data.copy_(torch.randn(weight.shape, generator=generator))
    for name, parameter in model.named_parameters():
        if name.endswith("layer_scale"):
            nn.init.constant_(parameter, BRANCH_SCALE)


class UnitVariance(TorchFunctionMode):
    """Inside the block, the first call of every weight rescales it."""

    def __init__(self) -> None:
        super().__init__()
        self.met: dict[int, nn.Parameter] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func not in WEIGHTED:
            return result
        weight = kwargs.get("weight", args[1] if len(args) > 1 else None)
        bias = kwargs.get("bias", args[2] if len(args) > 2 else None)
        if not isinstance(weight, nn.Parameter) or id(weight) in self.met:
            return result
        self.met[id(weight)] = weight
        deviation = result.std()
        if not deviation > LEAST:
            return result
        for parameter in (weight, bias):
            if isinstance(parameter, nn.Parameter):
                parameter.data.div_(deviation)
        return func(*args, **kwargs)


@contextmanager
def explicit_attention() -> Iterator[None]:
    """Inside the block, nn.MultiheadAttention calls its projections one by one, not all of it as one operation."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
