"""Make the bundled Fashion-MNIST sample: 1,000 test images and 256 calibration images, none in both.

    python scripts/make_fashion_sample.py --source fashion_mnist_test.npz -o snnconv/data/bundled/fashion.npz

SOURCE holds the 10,000 test images of Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747; MIT licence) as keys
x uint8 [10000, 28, 28] and y [10000]. The first 1,000 are the test sample; the calibration sample is drawn from the
rest, equally many of each class give or take one, without any image that the test sample also holds.
"""

from __future__ import annotations

import argparse

import numpy as np

TEST = 1000
CALIB = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="npz with x and y")
    parser.add_argument("-o", "--output", required=True, help="npz to write")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    with np.load(arguments.source, allow_pickle=False) as source:
        x, y = source["x"], source["y"].astype(np.int64)
    if x.shape != (10000, 28, 28) or x.dtype != np.uint8 or y.shape != (10000,):
        parser.error(f"expected x uint8 [10000, 28, 28] and y [10000], got {x.dtype} {x.shape} and {y.shape}")

    test = np.arange(TEST)
    calib = draw_balanced(x, y, arguments.seed)
    arrays = {"x": x, "y": y.astype(np.uint8), "index": np.arange(len(x), dtype=np.int16)}
    samples = {
        f"{key}_{name}": array[index]
        for name, index in (("test", test), ("train", calib))
        for key, array in arrays.items()
    }
    np.savez_compressed(arguments.output, **samples)
    print(f"test {np.bincount(y[test])}, calibration {np.bincount(y[calib])} images per class")


def draw_balanced(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Indices of the calibration sample, in shuffled order."""
    generator = np.random.default_rng(seed)
    seen = {image.tobytes() for image in x[:TEST]}
    free = np.array([i for i in range(TEST, len(x)) if x[i].tobytes() not in seen])
    classes = generator.permutation(np.unique(y))  # which classes get one image more is drawn too
    shares = [CALIB // len(classes) + (rank < CALIB % len(classes)) for rank in range(len(classes))]
    chosen = [generator.choice(free[y[free] == c], share, replace=False) for c, share in zip(classes, shares)]
    return generator.permutation(np.concatenate(chosen))


if __name__ == "__main__":
    main()
