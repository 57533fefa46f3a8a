"""`snnconv` with 3×3 convolutions on maps of one or two pixels done as one product: the same sums, much faster.

    python benchmarks/small_maps.py train respike …

oneDNN's gradient of such a convolution is slow: of 512 channels on 192 maps of 1×2 it takes 616 ms of a core's time
(AMD EPYC, torch 2.14.1), as a product 57 ms, the convolution itself included. Clips of 32×40 end in such maps; larger
ones do not, and the package has no use for this.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from snnconv.cli.main import main

PLAIN = nn.Conv2d._conv_forward
LARGEST = 2  # pixels of the output
LEAST = 128  # channels


def as_product(self: nn.Conv2d, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """y = W · columns(x); of a map one pixel high only the middle row of the kernel meets it."""
    stride = self.stride[0]
    height, width = (-(-side // stride) for side in x.shape[-2:])
    fits = self.kernel_size == (3, 3) and self.padding == (1, 1) and self.groups == 1 and self.dilation == (1, 1)
    if not fits or height * width > LARGEST or self.in_channels < LEAST:
        return PLAIN(self, x, weight, bias)
    flat = x.shape[-2] == 1
    kernel = weight[:, :, 1:2] if flat else weight
    columns = F.unfold(x, kernel.shape[-2:], padding=(0 if flat else 1, 1), stride=stride)  # [N, C·k, pixels]
    product = kernel.flatten(1) @ columns.permute(1, 0, 2).flatten(1)
    y = product.unflatten(1, (len(x), height * width)).permute(1, 0, 2).unflatten(2, (height, width))
    return y if bias is None else y + bias.view(1, -1, 1, 1)


if __name__ == "__main__":
    nn.Conv2d._conv_forward = as_product  # type: ignore[method-assign]
    main()
