"""`hmdb51:DIR[:train1]`: HMDB-51 by its official splits (Kuehne et al., ICCV 2011)."""

from __future__ import annotations

from ...errors import InputError
from ..samples import DATA_SOURCES, Samples
from .folders import base_of, first_folder, require_some, split_part
from .options import parse_clips
from .samples import clip_samples
from .splits import PARTS, lines_of, numbered

SPLITS, VIDEOS = "testTrainMulti_7030_splits", ("hmdb51_org", "hmdb51", "videos")
USES = {"train": 1, "test": 2}  # what the number after a file says; 0: in neither


@DATA_SOURCES.register("hmdb51")
def open_hmdb51(argument: str) -> Samples:
    """The files that the official lists give to the part; classes are numbered by name.

    Args:
        argument: the folder with `testTrainMulti_7030_splits/` and `hmdb51_org/CLASS/*.avi` (or the one above it, which
            holds it as `hmdb51/`), then the part as for `ucf101`, then options: see `parse_clips`.

    Raises:
        InputError: no such folder, part or list, a list that is none, none of the listed files, or a wrong option.
    """
    place, options = parse_clips(argument)
    folder, part = split_part(place, PARTS, "test")
    base = base_of(folder, "hmdb51", SPLITS)
    kind, number = PARTS[part]
    ending = f"_test_split{number}.txt"
    lists = sorted((base / SPLITS).glob(f"*{ending}"))
    if not lists:
        raise InputError("there are no official lists", expected=f"CLASS{ending}, …", where=str(base / SPLITS))
    videos = first_folder(base, VIDEOS)
    files = []
    for label, path in enumerate(lists):
        listed = [numbered(line, path) for line in lines_of(path)]
        name = path.name.removesuffix(ending)
        wrong = next((line for line in listed if line[0] not in (0, *USES.values())), None)
        if wrong is not None:
            raise InputError(
                "a line of an official list has another number", expected="1 (train), 2 (test) or 0 (neither)",
                got=f"{wrong[1]} {wrong[0]}", where=str(path),
            )  # fmt: skip
        files += [(videos / name / file, label) for use, file in listed if use == USES[kind]]
    require_some(files, base)
    return clip_samples(base, files, len(lists), options, f"files in CLASS{ending}")
