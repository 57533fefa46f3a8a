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
GREY = 0.5
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


@AUGMENTATIONS.register("randaugment")
def randaugment(height: int, width: int) -> nn.Module:
    """Two operations in turn, each in half of the cases and at half of the full strength; what is moved in is grey.

    Colours, contrast, sharpness, and turning, shearing and shifting; a clip is changed as one. Source: Cubuk et al.,
    "RandAugment", NeurIPS 2020; rand-m5-n2 of timm, but for its spread of strengths (0.25 of 10), and of the operations
    those of torchvision.
    """
    one = v2.RandomApply([v2.RandAugment(1, magnitude=15, num_magnitude_bins=31, fill=GREY)], p=0.5)  # type: ignore[arg-type]
    return OfFrames(nn.Sequential(one, one))


class OfFrames(nn.Module):
    """An operation on images [C, H, W] or [T, C, H, W] → on images or clips [C, T, H, W], the same for each frame.

    Raises:
        InputError: the images are neither grey nor of three colours.
    """

    def __init__(self, operation: nn.Module) -> None:
        super().__init__()
        self.operation = operation

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[0] not in (1, 3):
            raise InputError(
                "randaugment takes grey or coloured images", expected="1 or 3 channels", got=f"{x.shape[0]}",
                remedy="leave it out of augment (--augment)",
            )  # fmt: skip
        return self.operation(x) if x.dim() == 3 else self.operation(x.transpose(0, 1)).transpose(0, 1)


@AUGMENTATIONS.register("erase")
def erase(height: int, width: int) -> nn.Module:
    """In a quarter of the cases a rectangle of noise N(0, 1), through all frames of a clip, other noise in each.

    Source: Zhong et al., "Random Erasing Data Augmentation", AAAI 2020.
    """
    return Erase()


class Erase(nn.Module):
    """x [C, H, W] or [C, T, H, W] → the same shape."""

    def __init__(self) -> None:
        super().__init__()
        self.operation = v2.RandomErasing(p=0.25, scale=(0.02, 1 / 3), ratio=(0.3, 1 / 0.3), value="random")  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return self.operation(x.flatten(0, -3)).view_as(x)


AFTER = ("cutout", "erase")  # of normalised images, whose mean is 0; the others pad with black or grey


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
