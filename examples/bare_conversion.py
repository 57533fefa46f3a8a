"""Convert a trained network with nothing but the network, and see what that costs in accuracy.

    python examples/bare_conversion.py

Without calibration data the thresholds come from synthetic inputs that meet the BatchNorm statistics; a notice on
standard error says so.
"""

from __future__ import annotations

import torch
from torch import nn

from snnconv import convert
from snnconv.data import open_data
from snnconv.models import fashion_cnn

IMAGES = 500


def accuracy(network: nn.Module) -> float:
    """Top-1 in % of the first test images of the bundled Fashion-MNIST sample."""
    data = open_data("fashion:test", batch_size=100, limit=IMAGES)
    with torch.no_grad():
        return 100 * sum(int((network(x).argmax(1) == y).sum()) for x, y in data) / len(data)


def main() -> None:
    model = fashion_cnn(pretrained=True)
    snn = convert(model, T=4)
    print(f"ANN {accuracy(model):.1f} %, SNN at T={snn.T} {accuracy(snn):.1f} % of {IMAGES} test images")


if __name__ == "__main__":
    main()
