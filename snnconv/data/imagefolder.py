"""`imagefolder:DIR[?size=224&resize=256&channels=3]`: a folder with one folder of pictures per class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import InputError
from .identity import files_digest
from .pictures import fetch_pictures
from .query import parse_query, positive
from .samples import DATA_SOURCES, Samples
from .sizes import OWN, remembered, size_or_own
from .walk import files_below, is_folder, require_file

OPTIONS = "?size=224&resize=256&channels=3 (each optional)"
SUFFIXES = frozenset(".jpg .jpeg .png .ppm .bmp .pgm .tif .tiff .webp".split())  # noqa: SIM905
MOST_PIXELS = 2**27  # 134 million: half a gigabyte in RGB
DEFAULTS = {"size": 224, "resize": 0, "channels": 3}


@DATA_SOURCES.register("imagefolder")
def open_imagefolder(argument: str) -> Samples:
    """Pictures as ImageNet networks expect them: shortest edge resized to `resize`, then the centre `size` × `size`.

    A picture that is size × size already is left as it is; with size=none every picture is. Classes are numbered in
    the order of their folder names; samples come interleaved, so that the first n hold the classes in the proportions
    of the whole.

    Args:
        argument: the folder, then options: `size` (224, or none), `resize` (size · 256 / 224), `channels` (3, or 1 for
            grey).

    Raises:
        InputError: no such folder, no pictures in it, an unknown option, or (from fetch) a broken picture.
    """
    folder, size, resize, channels = parse_argument(argument)
    if not os.path.isdir(folder):
        raise InputError("no such folder of pictures", got=folder)
    classes, pictures = pictures_in(folder)
    order = interleaved([label for _, label in pictures])

    def load(position: int) -> tuple[Any, int]:
        path, label = pictures[order[position]]
        return load_picture(path, size, resize, channels), label

    def identity(count: int) -> str:
        paths, labels = zip(*(pictures[place] for place in order[:count]))
        return files_digest(paths, labels, size, resize, channels)

    def size_of(position: int) -> tuple[int, int]:
        with opened(pictures[order[position]][0]) as file:
            return file.size

    sizes = remembered(size_of) if size == OWN else None
    return Samples(fetch_pictures(load), len(order), classes=len(classes), digest=identity, sizes=sizes)


def pictures_in(folder: str) -> tuple[list[str], list[tuple[str, int]]]:
    """The classes, by the names of their folders, and all pictures with the number of their class.

    Raises:
        InputError: no folder, or one without pictures.
    """
    classes = sorted(entry.name for entry in os.scandir(folder) if is_folder(entry))
    found = [files_below(os.path.join(folder, name), SUFFIXES) for name in classes]
    empty = [name for name, files in zip(classes, found) if not files]
    if empty or not classes:
        raise InputError(
            "the folder is not one of pictures by class",
            expected="DIR/CLASS/picture.png, at least one in every class",
            got=f"no pictures in {', '.join(empty[:8])}" if empty else "no folders in it",
            where=folder,
        )
    return classes, [(path, label) for label, files in enumerate(found) for path in files]


@contextmanager
def opened(path: str) -> Iterator[Any]:
    """The picture in a file, not yet decoded.

    Raises:
        InputError: it cannot be read, now or in the block.
    """
    from PIL import Image

    require_file(path, "a picture")
    try:
        with Image.open(path) as file:
            yield file
    except InputError:
        raise
    except Exception as error:  # each of its readers has its own for what is damaged
        raise InputError("a picture cannot be read", got=f"{type(error).__name__}: {error}", where=path) from error


def load_picture(path: str, size: int, resize: int, channels: int) -> Any:
    """The centre of a picture, a PIL image of size × size (or all of it) in RGB, or grey with `channels` = 1."""
    from torchvision.transforms import functional as transforms

    with opened(path) as file:
        width, height = file.size
        require_pixels(path, width, height, resize if size != OWN else 0)
        picture = file.convert("RGB" if channels == 3 else "L")
    if size == OWN or picture.size == (size, size):
        return picture
    return transforms.center_crop(transforms.resize(picture, [resize]), [size])  # type: ignore[arg-type]


def require_pixels(path: str, width: int, height: int, shortest: int) -> None:
    """Neither the picture nor what it is resized to may have more pixels than pictures have.

    Raises:
        InputError: one has.
    """
    scale = max(1.0, shortest / max(1, min(width, height)))
    if width * scale * height * scale > MOST_PIXELS:
        raise InputError(
            "a picture is too large" if scale == 1 else "a picture is far too long to be resized",
            expected=f"at most {MOST_PIXELS:,} pixels" + f" with {shortest} along the shorter edge" * (scale > 1),
            got=f"{width} × {height} pixels",
            where=path,
        )


def interleaved(labels: list[int]) -> list[int]:
    """Positions ordered so that every class is spread evenly: the k-th of n of its class comes at (k + ½) / n."""
    totals: dict[int, int] = {}
    ranks = []
    for label in labels:
        ranks.append(totals.get(label, 0))
        totals[label] = ranks[-1] + 1
    return sorted(range(len(labels)), key=lambda i: ((ranks[i] + 0.5) / totals[labels[i]], labels[i]))


def parse_argument(argument: str) -> tuple[str, int, int, int]:
    """Folder, size, resize and channels from `DIR?size=32`."""
    folder, given = parse_query(
        argument, {**dict.fromkeys(DEFAULTS, positive), "size": size_or_own}, "a picture folder", OPTIONS
    )
    options = {**DEFAULTS, **given}
    size, channels = options["size"], options["channels"]
    resize = options["resize"] or usual_resize(size)
    if resize < size or channels not in (1, 3) or (size == OWN and "resize" in given):
        raise InputError(
            "the options of a picture folder do not go together",
            expected="resize ≥ size (none with size=none), and channels 1 or 3",
            got=f"size={size or 'none'}, resize={resize}, channels={channels}",
            where=argument,
        )
    return folder, size, resize, channels


def usual_resize(size: int) -> int:
    """The shortest edge before the centre of `size` is cut out, in ImageNet's proportions."""
    return round(size * 256 / 224)
