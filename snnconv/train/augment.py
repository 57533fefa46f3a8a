"""Random changes of training images, drawn for each sample from the seed, the epoch and the sample's place alone.

So a batch does not depend on the batches before it, nor on how many processes share it: a resumed training sees what an
undisturbed one sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.transforms import v2

from ..errors import InputError
from ..registry import Registry

PADDING = 8  # of the image's side to pad for a crop: 4 pixels of 32, as usual for CIFAR
CUTOUT = 0.25  # of the image's area: 16×16 of 32×32

AUGMENTATIONS: Registry[Callable[[int, int], nn.Module]] = Registry("augmentation")


@AUGMENTATIONS.register("crop")
def crop(height: int, width: int) -> nn.Module:
    """A window of the image's own size in the image padded with zeros."""
    return v2.RandomCrop((height, width), padding=[width // PADDING, height // PADDING])


@AUGMENTATIONS.register("shift")
def shift(height: int, width: int) -> nn.Module:
    """The image, or the clip in time as well, moved by up to a sixteenth of each of its sides; its edges repeat."""
    return Shift()


class Shift(nn.Module):
    """x [C, H, W] or [C, T, H, W] → the same shape."""

    def forward(self, x: Tensor) -> Tensor:
        sides = x.shape[1:]
        most = [round(side / 16) for side in sides]
        wide = F.pad(x[None], [most[i // 2] for i in reversed(range(2 * len(sides)))], mode="replicate")[0]
        for dim, (side, margin) in enumerate(zip(sides, most), 1):
            wide = wide.narrow(dim, int(torch.randint(2 * margin + 1, ())), side)
        return wide


@AUGMENTATIONS.register("flip")
def flip(height: int, width: int) -> nn.Module:
    """Left and right swapped, half of the time."""
    return v2.RandomHorizontalFlip()


@AUGMENTATIONS.register("cutout")
def cutout(height: int, width: int) -> nn.Module:
    """A square of zeros (DeVries & Taylor 2017, arXiv:1708.04552; here it lies wholly inside the image)."""
    return v2.RandomErasing(p=1.0, scale=(CUTOUT, CUTOUT), ratio=(1.0, 1.0), value=0.0)


AFTER = ("cutout",)  # of normalised images, whose mean is 0; the others pad with black


def augmented(x: Tensor, names: Sequence[str], seed: int, epoch: int, positions: Sequence[int]) -> Tensor:
    """Every sample of x [N, …, H, W] changed by the augmentations, in the order of `AUGMENTATIONS`.

    Args:
        positions: of the samples in the data.

    Raises:
        InputError: x holds no images.
    """
    chosen = [name for name in AUGMENTATIONS if name in names]
    if not chosen:
        return x
    if x.dim() < 4 or not x.is_floating_point():
        raise InputError(
            "only images can be augmented", expected="float [N, C, H, W] or [N, C, frames, H, W]",
            got=f"{x.dtype} {list(x.shape)}", remedy="pass augment=() (--augment none)",
        )  # fmt: skip
    stage = list(AUGMENTATIONS).index(chosen[0])  # what is drawn before and after normalising is not the same
    steps = [AUGMENTATIONS[name](x.shape[-2], x.shape[-1]) for name in chosen]
    samples = []
    with torch.random.fork_rng(devices=[]):  # dropout draws from the same generator
        for sample, position in zip(x, positions):
            torch.default_generator.manual_seed(mixed(seed, epoch, position, stage))
            for step in steps:
                sample = step(sample)
            samples.append(sample)
    return torch.stack(samples)


def mixed(*numbers: int) -> int:
    """A seed that differs wherever one of the numbers does."""
    words = np.random.SeedSequence([number % 2**63 for number in numbers]).generate_state(2, np.uint32)
    return (int(words[0]) << 31) ^ int(words[1])
