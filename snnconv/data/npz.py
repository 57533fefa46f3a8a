"""`npz:FILE[,FILE…][?x=KEY[,KEY…]&y=KEY&where=KEY&layout=NTHW&frames=16]`: inputs, and labels, in NumPy files."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..fingerprint import digest
from .arrays import checked_inputs, checked_labels, to_tensor
from .query import parse_query, positive, word
from .samples import DATA_SOURCES, Samples
from .video.sampling import Sampling

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
        if positive(text) > MOST_FRAMES:
            raise ValueError(text)
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
EXPECTED = "?x=KEY[,KEY…]&y=KEY&where=KEY&layout=NTHW&frames=16 (each optional)"
NONE = "none"  # in place of the key of the labels
LARGEST_RATIO, SLACK = 100, 2**28  # data of few values shrink well; of small files nothing is asked
MOST_FRAMES = 10_000
Arrays = np.ndarray | tuple[np.ndarray, ...]  # of one input, or of several
Part = tuple[Arrays, np.ndarray | None]


@DATA_SOURCES.register("npz")
def open_npz(argument: str) -> Samples:
    """The samples of one or several files, in the order of the files.

    Args:
        argument: file names with commas between them; a name that itself holds a comma works alone. Then options:
            `x`, `y`: the keys of the two arrays, where they are not called x and y. Of a network with several inputs,
            `x=a,b` names them in their order. Without labels, or with `y=none`, the data are for what needs none.
            `where`: the key of a boolean array [N]; samples where it is true are taken, of `where=!KEY` the others.
            `layout`: the dimensions of x, a letter each of N, C, T (frames), H and W, as NTHW for grey videos.
            `frames`: so many of them, the middle one of equal parts of the video, some more than once where there are
            fewer; or a slice, such as frames=0:16 or 0:28:2, which the videos have to hold.

    Raises:
        InputError: no such file, not an intact npz, keys missing, arrays that `checked_arrays` refuses, an option that
            is none, or files whose samples do not go together.
    """
    listed, options = parse_query(argument, KNOWN, "an npz file", EXPECTED)
    names = [listed] if os.path.exists(listed) else listed.split(",")
    parts = [part_of(name, options) for name in names]
    for part, name in zip(parts, names):
        require_same_kind(part, parts[0], name, names[0])
    return from_arrays(parts)


def require_same_kind(part: Part, first: Part, name: str, first_name: str) -> None:
    for x, wanted in zip(each(part[0]), each(first[0]), strict=True):
        if x.ndim != wanted.ndim or channels(x) != channels(wanted) or x.dtype != wanted.dtype:
            raise InputError(
                "the files hold different kinds of images",
                expected=f"x {wanted.dtype} {['N', *wanted.shape[1:]]} as in {first_name}, in any size",
                got=f"x {x.dtype} {['N', *x.shape[1:]]}",
                where=name,
            )
    if (part[1] is None) != (first[1] is None):
        raise InputError(
            "some of the files have labels and some have none",
            got=f"labels in {name if part[1] is not None else first_name}",
            where=name, remedy="?y=none leaves them out of all",
        )  # fmt: skip


def each(x: Arrays) -> tuple[np.ndarray, ...]:
    return x if isinstance(x, tuple) else (x,)


def channels(x: np.ndarray) -> int | None:
    """Of images or videos; words and features have none."""
    return x.shape[1] if x.ndim > 3 else None


def part_of(name: str, options: dict[str, Any]) -> Part:
    """What one file gives."""
    choice = options.get("where", "")
    mask = choice.removeprefix("!")
    keys, label = options.get("x", "x").split(","), options.get("y", "y")
    asked = [label] if "y" in options and label != NONE else []
    found = read_arrays(Path(name), (*keys, *asked, *([mask] if choice else [])), {label} - {NONE})
    inputs, y = [found[key] for key in keys], found.get(label) if label != NONE else None
    if choice:
        chosen = found[mask]
        if chosen.dtype != bool or chosen.shape != inputs[0].shape[:1]:
            raise InputError(
                f"{mask} does not say which samples to take", expected=f"{mask} bool [{len(inputs[0])}]",
                got=f"{mask} {chosen.dtype} {list(chosen.shape)}", where=name,
            )  # fmt: skip
        chosen = ~chosen if choice.startswith("!") else chosen
        if not chosen.any():
            raise InputError(f"where={choice} leaves no samples", got=f"{len(chosen)} samples, none chosen", where=name)
        inputs = [x[chosen] if x.shape[:1] == chosen.shape else x for x in inputs]
        y = y[chosen] if y is not None and y.shape[:1] == chosen.shape else y
    several = len(keys) > 1
    inputs = [
        checked_inputs(
            x, f"{name}, array {key}" if several else name, None if number else options.get("layout"), several
        )
        for number, (key, x) in enumerate(zip(keys, inputs))
    ]
    if len({len(x) for x in inputs}) > 1:
        lengths = ", ".join(f"{len(x)} in {key}" for key, x in zip(keys, inputs))
        raise InputError("the inputs have different numbers of samples", got=lengths, where=name)
    x = inputs[0]
    y = None if y is None else checked_labels(y, len(x), name)
    if several:
        if "frames" in options:
            raise InputError("frames are of one input", expected="x=KEY", got=f"x={','.join(keys)}", where=name)
        return tuple(inputs), y
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


def from_arrays(parts: Sequence[Part]) -> Samples:
    """Samples of checked arrays, one after the other; they are not joined, which would need their memory twice.

    Args:
        parts: inputs and labels, which are None in all where there are none.
    """
    inputs = [each(x) for x, _ in parts]
    counts = [len(xs[0]) for xs in inputs]
    ends = np.cumsum(counts).tolist()

    def fetch(positions: Sequence[int]) -> tuple[Tensor | tuple[Tensor, ...], Tensor]:
        images: list[list[Tensor]] = [[] for _ in inputs[0]]
        labels = []
        for xs, (_, y), end, count in zip(inputs, parts, ends, counts):
            start = end - count
            inside = [place - start for place in positions if start <= place < end]
            if inside:
                rows = slice(inside[0], inside[-1] + 1) if isinstance(positions, range) else inside
                for found, x in zip(images, xs):
                    found.append(to_tensor(x[rows]))
                labels.append(torch.full((len(inside),), -1) if y is None else torch.from_numpy(y[rows].copy()))
        joined = tuple(torch.cat(found) for found in images)
        return joined[0] if len(joined) == 1 else joined, torch.cat(labels)

    def identity(count: int) -> str:
        used = [count - end + number for number, end in zip(counts, ends)]  # of each part
        shown = [(xs, y, taken) for xs, (_, y), taken in zip(inputs, parts, used) if taken > 0]
        return digest([(*(x[:n] for x in xs), *([] if y is None else [y[:n]])) for xs, y, n in shown])

    def sizes(count: int) -> list[Any]:
        return [shape for xs, number in zip(inputs, counts) for shape in [shape_of(xs)] * number][:count]

    several = len({shape_of(xs) for xs in inputs}) > 1
    labelled = all(y is not None for _, y in parts)
    return Samples(fetch, ends[-1], digest=identity, sizes=sizes if several else None, labelled=labelled)


def shape_of(xs: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
    """Of one sample of every input."""
    return xs[0].shape[1:] if len(xs) == 1 else tuple(x.shape[1:] for x in xs)


def read_arrays(path: Path, keys: tuple[str, ...], wanted: Collection[str] = ()) -> dict[str, np.ndarray]:
    """The arrays under `keys`, and under those of `wanted` that are there; never runs code from the file.

    Raises:
        InputError: no such file, not an intact npz, a key missing, or an array of Python objects.
    """
    if not os.path.isfile(path):  # unlike Path's, False for names too long to be one
        raise InputError("no such data file", got=str(path))
    try:
        # opened here, since NumPy leaves a broken file open
        with path.open("rb") as handle:
            require_size(handle, (*keys, *wanted), str(path))
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
            return {key: native(file[key]) for key in [*keys, *(key for key in wanted if key in file)]}
    except InputError:
        raise
    except Exception as error:  # NumPy, its headers, and the packers of zip each have their own
        raise InputError(
            "the data file cannot be read",
            expected="an intact npz of plain arrays",
            got=f"{type(error).__name__}: {str(error)[:300]}",
            where=str(path),
            remedy="if it is cut off, fetch it again; Python objects in it are not read, save plain arrays: images of "
            "several sizes in a file for each size, npz:FILE,FILE",
        ) from error


def native(array: np.ndarray) -> np.ndarray:
    """In this machine's order of bytes, and floats of at most 64 bits: torch knows no others."""
    found = array.astype(array.dtype.newbyteorder("="), copy=False)
    return found.astype(np.float64) if found.dtype.kind == "f" and found.itemsize > 8 else found


def require_size(handle: IO[bytes], keys: Sequence[str], where: str) -> None:
    """Refuse arrays that are far larger than the file, or than what the file has for them, before they are made.

    Raises:
        InputError: one is. Whatever a damaged file leads to.
    """
    size = handle.seek(0, 2)
    handle.seek(0)
    if not zipfile.is_zipfile(handle):
        handle.seek(0)
        return
    with zipfile.ZipFile(handle) as archive:
        members = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
        unpacked = sum(members[key].file_size for key in keys if key in members)
        most = LARGEST_RATIO * size + SLACK
        if unpacked > most:
            raise InputError(
                "the data file unpacks to far more than it can hold", expected=f"at most {most:,} bytes",
                got=f"{unpacked:,} bytes in a file of {size:,}", where=where, remedy="save it with numpy.savez",
            )  # fmt: skip
        for key in keys:
            if key in members:
                with archive.open(members[key]) as member:
                    require_contents(member, members[key].file_size, key, where)
    handle.seek(0)


def require_contents(member: IO[bytes], held: int, key: str, where: str) -> None:
    """What the header of an array says must be there."""
    version = np.lib.format.read_magic(member)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(member)  # type: ignore[arg-type]
    claimed = math.prod(shape) * dtype.itemsize
    if not dtype.hasobject and claimed > held:
        raise InputError(
            "an array in the data file is cut short", expected=f"{claimed:,} bytes of {dtype} {list(shape)}",
            got=f"{held:,} bytes", where=f"{key} in {where}", remedy="fetch it again",
        )  # fmt: skip
