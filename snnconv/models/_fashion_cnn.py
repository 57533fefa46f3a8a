"""A small trained CNN for Fashion-MNIST that comes with the package, so that a first conversion needs no download.

Data: Xiao et al. 2017, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms"
(arXiv:1708.07747). The weights file's metadata says how it was trained and how it scores.
"""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import InputError

WEIGHTS = Path(__file__).parent / "weights" / "fashion_cnn.safetensors"


class ConvBNReLU(nn.Sequential):
    """3×3 convolution that keeps the size, BatchNorm, ReLU: [N, C, H, W] → [N, C', H, W]."""

    def __init__(self, in_channels: int, channels: int) -> None:
        convolution = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(channels), nn.ReLU())


class FashionCNN(nn.Module):
    """[N, 1, 28, 28] → logits [N, num_classes]: what a converter has to handle, in 0.17 million parameters.

    Convolutions with BatchNorm, a max pool, an average pool and a residual addition.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.stem = ConvBNReLU(1, 32)
        self.pool1 = nn.MaxPool2d(2)
        self.conv1 = ConvBNReLU(32, 48)
        self.pool2 = nn.AvgPool2d(2)
        self.conv2 = ConvBNReLU(48, 80)
        self.conv3 = ConvBNReLU(80, 80)
        self.conv4 = nn.Conv2d(80, 80, 3, padding=1, bias=False)
        self.bn4 = nn.BatchNorm2d(80)
        self.relu4 = nn.ReLU()
        self.pool3 = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(80, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.stem(x))
        x = self.conv2(self.pool2(self.conv1(x)))
        x = self.relu4(self.bn4(self.conv4(self.conv3(x))) + x)
        return self.linear(self.pool3(x).flatten(1))


def fashion_cnn(num_classes: int = 10, pretrained: bool = False) -> FashionCNN:
    """A CNN for Fashion-MNIST, on inputs normalised with `snnconv.data.FASHION_NORMALIZATION`.

    With the bundled weights it gives 91.7 % of the 1,000 images of `open_data("fashion:test")` right, none of which it
    was trained on.

    Args:
        pretrained: load the bundled weights, made by scripts/train_fashion_cnn.py; ready for use in eval mode.

    Raises:
        InputError: the bundled weights are asked for with another number of classes than their 10.
    """
    if pretrained and num_classes != 10:
        raise InputError(
            "the bundled Fashion-MNIST weights have 10 classes",
            got=f"num_classes={num_classes}",
            remedy="leave num_classes out, or train another head with pretrained=False",
        )
    model = FashionCNN(num_classes)
    if pretrained:
        model.load_state_dict(load_file(WEIGHTS))
        model.eval()
    return model
