"""`fashion`, `fashion:test`, `fashion:train`: the Fashion-MNIST sample that comes with the package.

Xiao et al. 2017 (arXiv:1708.07747), MIT licence. The first 1,000 images of the official test set to score on, and 256
others of it to calibrate on, as equally distributed over the classes as can be; the file lists their positions too.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from .arrays import checked_arrays
from .normalization import Normalization
from .npz import from_arrays, read_arrays
from .samples import DATA_SOURCES, Samples

FASHION_NORMALIZATION = Normalization((0.2860,), (0.3530,))
BUNDLED = Path(__file__).parent / "bundled" / "fashion.npz"


@DATA_SOURCES.register("fashion")
def open_fashion(argument: str) -> Samples:
    """1,000 test images, or with "train" the 256 calibration images, which are not among them.

    Raises:
        InputError: another argument than nothing, "test" or "train".
    """
    if argument not in ("", "test", "train"):
        raise InputError(
            "no such part of the Fashion-MNIST sample", expected="fashion:test or fashion:train", got=argument
        )
    part = argument or "test"
    x, y = read_arrays(BUNDLED, (f"x_{part}", f"y_{part}")).values()
    samples = from_arrays([checked_arrays(x, y, where=str(BUNDLED))])
    return replace(samples, classes=10, normalization=FASHION_NORMALIZATION)
