"""What a video network takes, read off the network as it was built: frames, size and pathways.

Nothing is computed: weights and clips are those of the meta device, which has shapes and no values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

Shapes = tuple[tuple[int, ...], ...]
FRAMES, SIDE = 64, 256  # of the clip that is tried: powers of two, which strides divide, and larger than what is pooled
USUAL_FRAMES, USUAL_SIDE = 32, 224  # of the fast pathway, where nothing tells


@dataclass(frozen=True)
class Pathways:
    """What goes into a network of 3-D convolutions: channels of each pathway, and frames of the first of two in one."""

    channels: tuple[int, ...]
    ratio: int = 1

    def clips(self, frames: int, side: int) -> Shapes:
        """Args: frames: of the last pathway."""
        counts = (frames // self.ratio, frames)[-len(self.channels) :]
        return tuple((channels, count, side, side) for channels, count in zip(self.channels, counts))


def read_shapes(model: nn.Module) -> Shapes:
    """Clips of the size that the last pooling was made for, one for each input; none where nothing tells.

    Networks of pytorchvideo pool the last map by a fixed kernel: with a kernel of 4×7×7 and strides of 1 in time and 32
    in space they take 4 frames of 224². A fast pathway has as many frames for each slow one as its laterals stride.
    """
    pathways = pathways_of(model)
    pools = any(isinstance(layer, nn.AvgPool3d) for layer in model.modules())
    if pathways is None or (not pools and pathways.ratio == 1):
        return ()
    fitting = fitting_pools(model, pathways)
    if fitting is None and pathways.ratio > 1:
        fitting = pathways.clips(USUAL_FRAMES, USUAL_SIDE)
    return fitting if fitting is not None and takes(model, fitting) else ()


def pathways_of(model: nn.Module) -> Pathways | None:
    """The first convolution's channels; of networks with two pathways (pytorchvideo's SlowFast) those of each."""
    for module in model.modules():
        rows = getattr(module, "multipathway_blocks", None)
        if isinstance(rows, nn.ModuleList):
            laterals = (getattr(lateral, "conv_fast_to_slow", None) for lateral in model.modules())
            ratio = next((lateral.stride[0] for lateral in laterals if isinstance(lateral, nn.Conv3d)), 0)
            firsts = [first_convolution(row) for row in rows]
            if len(rows) != 2 or ratio < 2 or None in firsts:
                return None
            return Pathways(tuple(first.in_channels for first in firsts if first is not None), int(ratio))
    first = first_convolution(model)
    return None if first is None else Pathways((first.in_channels,))


def first_convolution(module: nn.Module) -> nn.Conv3d | None:
    return next((layer for layer in module.modules() if isinstance(layer, nn.Conv3d)), None)


def fitting_pools(model: nn.Module, pathways: Pathways) -> Shapes | None:
    """The clips whose last maps are just as large as what pools them; None where no pooling asks for a size."""
    shapes, pools = pathways.clips(FRAMES, SIDE), Pools()
    if not takes(model, shapes, pools) or len(pools.seen) < len(shapes):
        return None
    frames = side = 1
    for shape, (maps, kernel) in zip(shapes, pools.seen[-len(shapes) :]):
        share = pathways.ratio if shape is not shapes[-1] else 1
        frames = max(frames, share * kernel[0] * shape[1] // maps[0])
        side = max(side, *(size * SIDE // there for size, there in zip(kernel[1:], maps[1:])))
    return pathways.clips(frames, side)


def sizes_of(value: int | Sequence[int], dims: int = 3) -> tuple[int, ...]:
    return (value,) * dims if isinstance(value, int) else tuple(int(size) for size in value)


def takes(model: nn.Module, shapes: Shapes, mode: ShapesOnly | None = None) -> bool:
    """Whether the network runs on a sample of each shape; it is not changed, and nothing is computed."""
    return refusal(model, shapes, mode) is None


def refusal(model: nn.Module, shapes: Shapes, mode: ShapesOnly | None = None) -> Exception | None:
    """What stops the network on a sample of each shape; None: it runs."""
    blank = {name: torch.empty_like(tensor, device="meta") for name, tensor in tensors_of(model).items()}
    inputs = [torch.empty(2, *shape, device="meta") for shape in shapes]
    flags = [(module, module.training) for module in model.modules()]
    for module, _ in flags:
        module.training = False
    try:
        with torch.no_grad(), mode or ShapesOnly():
            torch.func.functional_call(model, blank, (inputs if len(inputs) > 1 else inputs[0],))
    except Exception as error:  # whatever stops it, this is not an input of the network
        return error
    finally:
        for module, training in flags:
            module.training = training
    return None


def tensors_of(model: nn.Module) -> dict[str, Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


class ShapesOnly(TorchFunctionMode):
    """Inside the block the usual layers of tensors without values take microseconds; torch takes milliseconds."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return QUICK.get(func, func)(*args, **(kwargs or {}))


class Pools(ShapesOnly):
    """The same, and whatever pools a whole map at once, at a stride of 1, makes one value of it, however large.

    Attributes:
        seen: the map and the kernel of each.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[tuple[int, ...], tuple[int, ...]]] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is F.avg_pool3d:
            x, kernel, stride, padding = pooling(*args, **(kwargs or {}))
            if set(stride) == {1} and not any(padding) and max(kernel) > 1:
                self.seen.append((tuple(x.shape[2:]), kernel))
                return x.new_empty(*x.shape[:2], 1, 1, 1)
        return super().__torch_function__(func, types, args, kwargs)


def pooling(
    x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, *_: Any, **__: Any
) -> tuple[Tensor, tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """The arguments of avg_pool3d: x, kernel, stride, padding."""
    return x, sizes_of(kernel_size), sizes_of(stride or kernel_size), sizes_of(padding)


def convolved(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """The shape that conv2d and conv3d give: ⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1 of each side n."""
    dims = x.dim() - 2
    if isinstance(padding, str) or x.shape[1] != weight.shape[1] * groups or weight.dim() != x.dim():
        torchs: Any = F.conv2d if dims == 2 else F.conv3d
        return torchs(x, weight, bias, stride, padding, dilation, groups)
    settings = zip(x.shape[2:], weight.shape[2:], *(sizes_of(value, dims) for value in (stride, padding, dilation)))
    sides = [(side + 2 * pad - apart * (kernel - 1) - 1) // step + 1 for side, kernel, step, pad, apart in settings]
    return x.new_empty(x.shape[0], weight.shape[0], *sides)


def same(x: Tensor, *_: Any, **__: Any) -> Tensor:
    return x


QUICK: dict[Any, Any] = {F.conv2d: convolved, F.conv3d: convolved, F.batch_norm: same, F.relu: same}
