"""VGG-16 with BatchNorm for 32×32 images, the usual plain network of conversion papers.

Convolutions of configuration D of Simonyan & Zisserman 2014 (arXiv:1409.1556), Table 1, with BatchNorm after each, as
in Bu et al. 2022, "Optimal ANN-SNN Conversion" (QCFS, arXiv:2303.04347).
"""

from __future__ import annotations

from torch import Tensor, nn

from ..errors import InputError

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class CifarVGG(nn.Module):
    """[N, 3, 32, 32] → logits [N, num_classes]: five stages that each end in a 2×2 max pool, then linear layers.

    Args:
        hidden: width of the two hidden linear layers; 0: one linear layer from the 512 features to the logits.
        dropout: probability of each of the hidden layers' dropouts.

    Raises:
        InputError: a negative width, or a dropout outside 0…1.
    """

    def __init__(self, num_classes: int = 10, hidden: int = 4096, dropout: float = 0.5) -> None:
        super().__init__()
        if hidden < 0 or not 0 <= dropout < 1:
            raise InputError(
                "no VGG has these settings",
                expected="hidden ≥ 0 and 0 ≤ dropout < 1",
                got=f"hidden={hidden}, dropout={dropout}",
            )
        layers: list[nn.Module] = []
        channels = 3
        for stage in STAGES:
            for width in stage:
                layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        head: list[nn.Module] = []
        for width in (hidden, hidden) if hidden else ():
            head += [nn.Linear(channels, width), nn.ReLU(), nn.Dropout(dropout)]
            channels = width
        self.classifier = nn.Sequential(*head, nn.Linear(channels, num_classes))
        for module in self.features:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).flatten(1))


def vgg16_cifar(num_classes: int = 10, hidden: int = 4096, dropout: float = 0.5) -> CifarVGG:
    """VGG-16 with BatchNorm for 32×32: 33.6 million parameters, 14.7 million with `hidden=0`.

    Args:
        hidden: width of the two hidden linear layers; 0 for none.
        dropout: after each hidden linear layer.

    Raises:
        InputError: a negative width, or a dropout outside 0…1.
    """
    return CifarVGG(num_classes, hidden, dropout)
