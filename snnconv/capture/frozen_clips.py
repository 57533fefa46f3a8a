"""What stands for modules that torch.export cannot follow while a network is captured: trained clips are the sites that
they are, torch's fake quantisation is a function with the scales that it has now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.ao.quantization import FakeQuantizeBase

from ..errors import UnsupportedModelError
from ..graph.activations import LearnedClip
from ..learnable import Clip


@contextmanager
def settled(model: nn.Module) -> Iterator[nn.Module]:
    """Inside the block every trainable clip is a `LearnedClip` of the λ it has now; afterwards it is itself again."""
    places = [
        (parent, name, child)
        for parent in list(model.modules())
        for name, child in parent._modules.items()
        if isinstance(child, (Clip, FakeQuantizeBase))
    ]
    sites = {child: settle(child) for _, _, child in places}
    try:
        for parent, name, child in places:
            parent._modules[name] = sites[child]
        yield model
    finally:
        for parent, name, child in places:
            parent._modules[name] = child


class Quantised(nn.Module):
    """Fake quantisation of torch.ao with the scale and zero point that it has, its observer off."""

    scale: Tensor
    zero_point: Tensor

    def __init__(self, source: Any) -> None:
        super().__init__()
        for name in ("scale", "zero_point"):
            self.register_buffer(name, getattr(source, name).detach().clone())
        self.axis: int | None = source.ch_axis if source.is_per_channel else None
        self.low, self.high = (
            int(source.activation_post_process.quant_min),
            int(source.activation_post_process.quant_max),
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.axis is None:
            return torch.fake_quantize_per_tensor_affine(x, self.scale, self.zero_point, self.low, self.high)
        return torch.fake_quantize_per_channel_affine(x, self.scale, self.zero_point, self.axis, self.low, self.high)


def settle(module: Clip | FakeQuantizeBase) -> nn.Module:
    """clip(x, 0, λ) of a trained clip: what a quantised activation tends to as its levels become many. Fake
    quantisation as it is, or nothing where it is off.

    Raises:
        UnsupportedModelError: an observer is on, so that scales change with every batch.
    """
    if isinstance(module, FakeQuantizeBase):
        observes, quantises = (bool(flag) for flag in (module.observer_enabled, module.fake_quant_enabled))
        if observes:
            raise UnsupportedModelError(
                "observers of the quantised network are on: its scales change with every batch",
                remedy="model.eval() and model.apply(torch.ao.quantization.disable_observer)",
            )
        return Quantised(module) if quantises else nn.Identity()
    ceiling = module.ceiling
    return LearnedClip(ceiling.clone() if ceiling.dim() else float(ceiling))
