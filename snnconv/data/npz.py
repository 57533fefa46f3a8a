"""`npz:FILE[,FILE…][?x=KEY&y=KEY&where=KEY&layout=NTHW&frames=16]`: images or videos, and labels, in NumPy files."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..fingerprint import digest
from .arrays import checked_arrays, to_tensor
from .clips.sampling import Sampling
from .query import parse_query, positive, word
from .samples import DATA_SOURCES, Samples

Choice = Callable[[int], Any]  # how many frames there are → which of them


def choosing(text: str) -> str:
    """`KEY`, or `!KEY` for the others.

    Raises:
        ValueError: there is no key.
    """
    word(text.removeprefix("!"))
    return text


def chosen_frames(text: str) -> Choice:
    """`16` or a slice as `0:16`, `4:28:2`.

    Raises:
        ValueError: it is neither.
    """
    if ":" not in text:
        sampling = Sampling(positive(text), "uniform")
        return sampling.centre
    ends = [int(end) if end else None for end in text.split(":")]
    if len(ends) > 3:
        raise ValueError(text)
    part = slice(*ends)
    if part.step is not None and part.step < 1:
        raise ValueError(text)
    return lambda count: part


KNOWN = {**dict.fromkeys(("x", "y", "layout"), word), "where": choosing, "frames": chosen_frames}
EXPECTED = "?x=KEY&y=KEY&where=KEY&layout=NTHW&frames=16 (each optional)"
Part = tuple[np.ndarray, np.ndarray]


@DATA_SOURCES.register("npz")
def open_npz(argument: str) -> Samples:
    """The samples of one or several files, in the order of the files.

    Args:
        argument: file names with commas between them; a name that itself holds a comma works alone. Then options:
            `x`, `y`: the keys of the two arrays, where they are not called x and y.
            `where`: the key of a boolean array [N]; samples where it is true are taken, of `where=!KEY` the others.
            `layout`: the dimensions of x, a letter each of N, C, T (frames), H and W, as NTHW for grey videos.
            `frames`: so many of them, the middle one of equal parts of the video, some more than once where there are
            fewer; or a slice, as frames=0:16 or 0:28:2, which the videos have to hold.

    Raises:
        InputError: no such file, not an intact npz, keys missing, arrays that `checked_arrays` refuses, an option that
            is none, or files whose samples do not go together.
    """
    listed, options = parse_query(argument, KNOWN, "an npz file", EXPECTED)
    names = [listed] if os.path.exists(listed) else listed.split(",")
    parts = [part_of(name, options) for name in names]
    for (x, _), name in zip(parts, names):
        if x.ndim != parts[0][0].ndim or channels(x) != channels(parts[0][0]) or x.dtype != parts[0][0].dtype:
            raise InputError(
                "the files hold different kinds of images",
                expected=f"x {parts[0][0].dtype} {['N', *parts[0][0].shape[1:]]} as in {names[0]}, in any size",
                got=f"x {x.dtype} {['N', *x.shape[1:]]}",
                where=name,
            )
    return from_arrays(parts)


def channels(x: np.ndarray) -> int | None:
    """Of images or videos; words and features have none."""
    return x.shape[1] if x.ndim > 3 else None


def part_of(name: str, options: dict[str, Any]) -> Part:
    """What one file gives."""
    choice = options.get("where", "")
    mask = choice.removeprefix("!")
    keys = (options.get("x", "x"), options.get("y", "y"), *([mask] if choice else []))
    x, y, *masks = read_arrays(Path(name), keys)
    if choice:
        chosen = masks[0]
        if chosen.dtype != bool or chosen.shape != x.shape[:1]:
            raise InputError(
                f"{mask} does not say which samples to take", expected=f"{mask} bool [{len(x)}]",
                got=f"{mask} {chosen.dtype} {list(chosen.shape)}", where=name,
            )  # fmt: skip
        chosen = ~chosen if choice.startswith("!") else chosen
        if not chosen.any():
            raise InputError(f"where={choice} leaves no samples", got=f"{len(x)} samples, none chosen", where=name)
        x, y = x[chosen], y[chosen] if y.shape[:1] == chosen.shape else y
    x, y = checked_arrays(x, y, name, options.get("layout"))
    if "frames" not in options:
        return x, y
    if x.ndim != 5:
        raise InputError("images have no frames", got=f"x {list(x.shape)}", where=name, remedy="say ?layout=NTHW")
    count = x.shape[2]
    wanted = options["frames"](count)
    if isinstance(wanted, slice) and max(wanted.start or 0, wanted.stop or 0) > count:
        raise InputError(
            "the videos end before the frames that are to be taken", expected=f"places from 0 to {count}",
            got=f"frames={wanted.start or 0}:{'' if wanted.stop is None else wanted.stop}", where=name,
        )  # fmt: skip
    taken = x[:, :, wanted]
    if not taken.size:
        raise InputError("no frames are left", got=f"{count} frames in every video", where=name)
    return taken, y


def from_arrays(parts: list[Part]) -> Samples:
    """Samples of checked arrays, one after the other; they are not joined, which would need their memory twice."""
    ends = np.cumsum([len(y) for _, y in parts]).tolist()

    def fetch(positions: Sequence[int]) -> tuple[Tensor, Tensor]:
        images, labels = [], []
        for (x, y), end in zip(parts, ends):
            start = end - len(y)
            inside = [place - start for place in positions if start <= place < end]
            if inside:
                rows = slice(inside[0], inside[-1] + 1) if isinstance(positions, range) else inside
                images.append(to_tensor(x[rows]))
                labels.append(torch.from_numpy(y[rows].copy()))
        return torch.cat(images), torch.cat(labels)

    def identity(count: int) -> str:
        used = [count - end + len(y) for (_, y), end in zip(parts, ends)]  # of each part
        return digest([(x[:taken], y[:taken]) for (x, y), taken in zip(parts, used) if taken > 0])

    def sizes(count: int) -> list[tuple[int, ...]]:
        return [x.shape[1:] for x, _ in parts for _ in range(len(x))][:count]

    several = len({x.shape[1:] for x, _ in parts}) > 1
    return Samples(fetch, ends[-1], digest=identity, sizes=sizes if several else None)


def read_arrays(path: Path, keys: tuple[str, ...]) -> list[np.ndarray]:
    """The arrays under `keys`; never runs code from the file.

    Raises:
        InputError: no such file, not an intact npz, a key missing, or an array of Python objects.
    """
    if not os.path.isfile(path):  # unlike Path's, False for names too long to be one
        raise InputError("no such data file", got=str(path))
    try:
        # opened here, since NumPy leaves a broken file open
        with path.open("rb") as handle:
            file = np.load(handle, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise InputError(
                    "this is one array, not an npz", where=str(path), remedy="save it with numpy.savez(…, x=…, y=…)"
                )
            missing = [key for key in keys if key not in file]
            if missing:
                raise InputError(
                    f"the data file has no {' and no '.join(missing)}",
                    expected=f"the keys {' and '.join(keys)}",
                    got=", ".join(file) or "no keys",
                    where=str(path),
                )
            return [file[key] for key in keys]
    except InputError:
        raise
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            "the data file cannot be read",
            expected="an intact npz of plain arrays",
            got=f"{type(error).__name__}: {error}",
            where=str(path),
            remedy="if it is cut off, fetch it again; Python objects in it are not read, save plain arrays: images of "
            "several sizes in a file for each size, npz:FILE,FILE",
        ) from error
