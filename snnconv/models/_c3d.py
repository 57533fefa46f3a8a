"""C3D, the plain 3-D convolutional network for clips of 16 frames.

Tran et al. 2015, "Learning Spatiotemporal Features with 3D Convolutional Networks" (arXiv:1412.0767), Figure 3: eight
3×3×3 convolutions with biases and no BatchNorm, five max pools (the first keeps time), two linear layers of 4096. The
last pool is padded in space, as in the authors' released network, so that 112² frames leave 4×4 positions.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from ..errors import InputError

# channels of each convolution; every stage ends in a pool
STAGES = ({"1": 64}, {"2": 128}, {"3a": 256, "3b": 256}, {"4a": 512, "4b": 512}, {"5a": 512, "5b": 512})
HIDDEN = 4096
SHRINK = 16  # what the first four pools do to a frame, and all but the first to a clip


class C3D(nn.Module):
    """[N, 3, frames, size, size] → logits [N, num_classes].

    Args:
        size: height and width of the frames, at least 16; it sets the width of the first linear layer.
        frames: of a clip, at least 16.
        dropout: after each hidden linear layer.

    Raises:
        InputError: a clip too small for five pools, or a dropout outside 0…1.
    """

    def __init__(self, num_classes: int = 101, size: int = 112, frames: int = 16, dropout: float = 0.5) -> None:
        super().__init__()
        if min(size, frames) < SHRINK or not 0 <= dropout < 1:
            raise InputError(
                "no C3D has these settings",
                expected=f"size and frames ≥ {SHRINK}, 0 ≤ dropout < 1",
                got=f"size={size}, frames={frames}, dropout={dropout}",
            )
        features: OrderedDict[str, nn.Module] = OrderedDict()
        channels = 3
        for number, stage in enumerate(STAGES, 1):
            for name, width in stage.items():
                features[f"conv{name}"] = nn.Conv3d(channels, width, 3, padding=1)
                features[f"relu{name}"] = nn.ReLU()
                channels = width
            kernel = (1, 2, 2) if number == 1 else (2, 2, 2)
            features[f"pool{number}"] = nn.MaxPool3d(kernel, padding=(0, 1, 1) if number == len(STAGES) else 0)
        self.features = nn.Sequential(features)
        positions = frames // SHRINK * (size // SHRINK // 2 + 1) ** 2
        self.fc6, self.relu6, self.dropout6 = nn.Linear(channels * positions, HIDDEN), nn.ReLU(), nn.Dropout(dropout)
        self.fc7, self.relu7, self.dropout7 = nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Dropout(dropout)
        self.fc8 = nn.Linear(HIDDEN, num_classes)
        self.input_shapes = ((3, frames, size, size),)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x).flatten(1)
        x = self.dropout6(self.relu6(self.fc6(x)))
        x = self.dropout7(self.relu7(self.fc7(x)))
        return self.fc8(x)


def c3d(num_classes: int = 101, size: int = 112, frames: int = 16, dropout: float = 0.5) -> C3D:
    """C3D: 78.4 million parameters for 101 classes at 16×112².

    Args:
        size: height and width of the frames. frames: of a clip.
        dropout: after each hidden linear layer.

    Raises:
        InputError: a clip too small for five pools, or a dropout outside 0…1.
    """
    return C3D(num_classes, size, frames, dropout)
