"""`ucf101:DIR[:train1]`: UCF-101 by its official splits (Soomro et al. 2012, arXiv:1212.0402)."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError
from ..samples import DATA_SOURCES, Samples
from .folders import base_of, first_folder, require_some, split_part
from .options import parse_clips
from .samples import clip_samples
from .splits import PARTS, lines_of, numbered

SPLITS, VIDEOS = "ucfTrainTestlist", ("UCF-101", "UCF101", "videos")


@DATA_SOURCES.register("ucf101")
def open_ucf101(argument: str) -> Samples:
    """The files of an official list, with the class numbers of classInd.txt less one.

    Args:
        argument: the folder with `ucfTrainTestlist/` and `UCF-101/CLASS/*.avi` (or the one above it, which holds it as
            `ucf101/`), then the part: `train1` to `train3`, `test1` to `test3`, `train` and `test` for those of split
            1; `test` where none is given; then options: see `parse_clips`.

    Raises:
        InputError: no such folder, part, list or class, none of the listed files, or a wrong option.
    """
    place, options = parse_clips(argument)
    folder, part = split_part(place, PARTS, "test")
    base = base_of(folder, "ucf101", SPLITS)
    kind, number = PARTS[part]
    classes = classes_of(base / SPLITS / "classInd.txt")
    path = base / SPLITS / f"{kind}list{number:02d}.txt"
    videos = first_folder(base, VIDEOS)
    files = []
    for line in lines_of(path):
        name = line.split()[0]
        label = classes.get(name.partition("/")[0])
        if label is None:
            raise InputError("a listed file has no known class", expected="CLASS/FILE.avi", got=line, where=str(path))
        files.append((videos / name, label))
    require_some(files, base)
    return clip_samples(base, files, len(classes), options, f"files in {path.name}")


def classes_of(path: Path) -> dict[str, int]:
    """`1 ApplyEyeMakeup` → {"ApplyEyeMakeup": 0}.

    Raises:
        InputError: the list cannot be read, or does not number the classes from 1.
    """
    listed = [numbered(line, path) for line in lines_of(path)]
    numbers = [number for number, _ in listed]
    if not numbers or sorted(numbers) != list(range(1, len(numbers) + 1)):
        raise InputError(
            "the list of classes does not number them from 1, each once", expected=f"1 to {len(numbers) or 101}",
            got=", ".join(map(str, numbers[:10])) or "no classes", where=str(path),
        )  # fmt: skip
    return {name: number - 1 for number, name in listed}
