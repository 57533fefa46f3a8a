"""Random weights under which a network's activations neither vanish nor explode, so that errors of it mean something.

Source: Mishkin & Matas, "All you need is a good init", ICLR 2016 (LSUV), without its orthogonal start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
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
SHIFT = 0.35  # deviation of biases and of the shifts of BatchNorm, where outputs have a deviation of 1
ATTENTION = signature(F.multi_head_attention_forward)
NAMES = ("input", "weight", "bias")
BATCHNORM = nn.modules.batchnorm._BatchNorm
NORMS = (BATCHNORM, nn.LayerNorm, nn.GroupNorm)
LEAST = 1e-12  # below it there is nothing to scale


def make_realistic(model: nn.Module, inputs: Sequence[Any], seed: int = 0) -> None:
    """Rescale the weights of `model`, in place, so that every weighted layer's output has variance 1 on `inputs`.

    1. What an initialisation leaves without effect is brought to life: weights of linear layers and convolutions that
       are all 0, as torchvision's ViT heads, are drawn from N(0, 1); scales of norms that are all 0, as those that end
       residual branches, become 1; `layer_scale` parameters become 0.5.
    2. Shifts of BatchNorms are drawn from N(0, 0.35²); nothing else of theirs changes: mean 0 and variance 1, since
       statistics of a few noise images would blow up what small maps hardly show.
    3. In one forward pass in evaluation mode, at the first call of every weight W with bias b,

           W ← W / σ,  b ~ N(0, 0.35²),      σ² the variance of W·x over samples, places and channels,

       and the pass goes on with the new output. Calls are met wherever they are made, by modules as well as with bare
       parameters (the projections of attention). A bias that is not a parameter stays as it is.

    Residual branches have variance 1 each, so that sums grow by their number alone.

    Without shifts, some deep networks are chaotic, as random networks can be (Schoenholz et al., "Deep information
    propagation", ICLR 2017): an EfficientNet-B0 amplifies a relative difference of 1e-3 behind its stem fivefold, and
    every error with it. With them it hands on 0.28 of it; two trained ResNets for CIFAR-10 hand on 0.26 and 0.30, and
    the deviation of their shifts, in units of the scales, is 0.36 to 0.39 in the mean over layers.

    Deviations 0, 0.25, 0.35 and 0.5 were tried; 0.35 is the least of them at which SiLU networks hold the limits of
    `snnconv verify`, which is a choice seen after the fact. Without shifts, at T = 32 and 64², auto has errors of 19 %
    (EfficientNet-B0; 7.6 % at 0.25 and 1.5 % at 0.35), 77 % (EfficientNet-v2-L) and 9.7 % (MobileNet-v3-large).

    Args:
        model: on the device of `inputs`. inputs: its positional arguments, tensors [B, …] or lists of them.
        seed: of what is drawn.
    """
    was_training = model.training
    generator = torch.Generator().manual_seed(seed)
    revive(model, generator)
    with torch.no_grad(), explicit_attention(), UnitVariance(generator):
        model.eval()(*inputs)
    model.train(was_training)


def revive(model: nn.Module, generator: torch.Generator) -> None:
    """Steps 1 and 2 of `make_realistic`."""
    for module in model.modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(module, BATCHNORM) and bias is not None:
            draw(bias, SHIFT, generator)
        if not isinstance(weight, nn.Parameter) or weight.any():
            continue
        if isinstance(module, NORMS):
            nn.init.ones_(weight)
        elif isinstance(module, nn.Linear | nn.modules.conv._ConvNd):
            draw(weight, 1, generator)
    for name, parameter in model.named_parameters():
        if name.endswith("layer_scale"):
            nn.init.constant_(parameter, BRANCH_SCALE)


def draw(parameter: Tensor, deviation: float, generator: torch.Generator) -> None:
    parameter.data.copy_(deviation * torch.randn(parameter.shape, generator=generator))


class UnitVariance(TorchFunctionMode):
    """Inside the block, the first call of every weight rescales it and draws its bias: step 3 of `make_realistic`."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator
        self.met: dict[int, nn.Parameter] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in WEIGHTED:
            values = {**dict(zip(NAMES, args)), **kwargs}  # the rest of `args` is not a tensor
            self.settle(func, values, args[len(NAMES) :])
        elif func is F.multi_head_attention_forward:
            self.settle_attention(ATTENTION.bind(*args, **kwargs).arguments)
        return func(*args, **kwargs)

    def settle(self, func: Callable[..., Tensor], values: dict[str, Any], rest: tuple[Any, ...]) -> None:
        weight, bias = values["weight"], values.get("bias")
        if not isinstance(weight, nn.Parameter) or id(weight) in self.met:
            return
        self.met[id(weight)] = weight
        more = {name: value for name, value in values.items() if name not in NAMES}
        deviation = func(values["input"], weight, None, *rest, **more).std()
        if deviation > LEAST:
            weight.data.div_(deviation)
        if isinstance(bias, nn.Parameter):
            draw(bias, SHIFT, self.generator)

    def settle_attention(self, values: dict[str, Any]) -> None:
        """The projections of nn.MultiheadAttention, whose calls inside one function are not met one by one."""
        first = {"input": values["query"], "weight": values["in_proj_weight"], "bias": values["in_proj_bias"]}
        self.settle(F.linear, first, ())
        last = {"input": values["query"], "weight": values["out_proj_weight"], "bias": values["out_proj_bias"]}
        self.settle(lambda *_: F.multi_head_attention_forward(**{**values, "out_proj_bias": None})[0], last, ())


@contextmanager
def explicit_attention() -> Iterator[None]:
    """Inside the block, nn.MultiheadAttention is a call of `F.multi_head_attention_forward`, not of one operation."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
