"""Train the bundled Fashion-MNIST CNN and write its weights.

    python scripts/train_fashion_cnn.py --source fashion_mnist_test.npz \\
        -o snnconv/models/weights/fashion_cnn.safetensors

SOURCE is what scripts/make_fashion_sample.py takes. Training uses its images outside the bundled test sample: the
bundled calibration images are among them, as calibration data come from training data. --hold-out N sets N training
images aside and scores those instead, to choose settings without a look at the test sample.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from snnconv.data import FASHION_NORMALIZATION, open_data
from snnconv.models._fashion_cnn import FashionCNN, fashion_cnn

SHIFT = 2  # pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="npz with x and y")
    parser.add_argument("-o", "--output", help="safetensors file to write")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--hold-out", type=int, default=0, help="training images to score on, in place of the test sample"
    )
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    (x, y), test = load(arguments.source)
    if arguments.hold_out:
        test = (x[: arguments.hold_out], y[: arguments.hold_out])
        x, y = x[arguments.hold_out :], y[arguments.hold_out :]

    start = time.perf_counter()
    model = train(x, y, arguments.epochs)
    correct = score(model, *test)
    accuracy = f"{100 * correct / len(test[1]):.2f} % of {len(test[1])}"
    print(f"accuracy {accuracy} {'held-out' if arguments.hold_out else 'test'} images, {len(x)} images trained on")
    print(f"{time.perf_counter() - start:.0f} s")
    if arguments.output:
        metadata = {
            "test_accuracy": accuracy + " images (open_data('fashion:test'))",
            "training_images": f"{len(x)} of Fashion-MNIST's 10,000 test images, none of them in fashion:test",
            "normalization": str(FASHION_NORMALIZATION.to_dict()),
            "epochs": str(arguments.epochs),
            "seed": str(arguments.seed),
        }
        state = {key: value.contiguous() for key, value in model.state_dict().items()}
        save_file(state, Path(arguments.output), metadata)


def load(source: str) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Normalised (training, test) images float [N, 1, 28, 28] and labels int64 [N], disjoint by content."""
    test_x, test_y = next(iter(open_data("fashion:test", batch_size=10**6)))
    x, y = next(iter(open_data(f"npz:{source}", batch_size=10**6, normalization=FASHION_NORMALIZATION)))
    seen = {image.numpy().tobytes() for image in test_x}
    kept = torch.from_numpy(np.array([image.numpy().tobytes() not in seen for image in x]))
    return (x[kept], y[kept]), (test_x, test_y)


def train(x: Tensor, y: Tensor, epochs: int, batch_size: int = 128) -> FashionCNN:
    """SGD with Nesterov momentum and one learning-rate cycle; the last weights are taken, none chosen by a score."""
    model = fashion_cnn().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    batches = len(x) // batch_size
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=epochs * batches, pct_start=0.25)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for index in torch.randperm(len(x))[: batches * batch_size].split(batch_size):
            loss = F.cross_entropy(model(augment(x[index]).contiguous(memory_format=torch.channels_last)), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() / batches
        print(f"epoch {epoch + 1}/{epochs}: loss {total:.3f}", flush=True)
    return model.eval()


def augment(x: Tensor) -> Tensor:
    """Each image flipped left to right with probability ½ and shifted by up to SHIFT pixels."""
    x = torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)
    background = float((0 - FASHION_NORMALIZATION.mean[0]) / FASHION_NORMALIZATION.std[0])
    padded = F.pad(x, (SHIFT,) * 4, value=background)
    size = x.shape[-1]
    offsets = torch.randint(0, 2 * SHIFT + 1, (len(x), 2)).tolist()
    return torch.stack([image[:, i : i + size, j : j + size] for image, (i, j) in zip(padded, offsets)])


@torch.no_grad()
def score(model: FashionCNN, x: Tensor, y: Tensor) -> int:
    return int((torch.cat([model(part) for part in x.split(500)]).argmax(1) == y).sum())


if __name__ == "__main__":
    main()
