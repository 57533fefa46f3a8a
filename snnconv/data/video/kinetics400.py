"""`kinetics400:DIR[:train]`: folders as Kinetics-400 is kept (Kay et al. 2017, arXiv:1705.06950)."""

from __future__ import annotations

import csv
from pathlib import Path

from ...errors import InputError
from ..samples import DATA_SOURCES, Samples
from .folders import base_of, by_class, classes_in, split_part
from .options import parse_clips
from .samples import clip_samples, videos_in

PARTS = {"train": "train", "val": "val", "test": "val"}  # labels of the test part were never published


@DATA_SOURCES.register("kinetics400")
def open_kinetics400(argument: str) -> Samples:
    """Video files by class, from folders `val/CLASS/*.mp4`, or from a flat `val/` with its official list `val.csv`.

    Where all classes are those of Kinetics-400 (spaces or underscores in their names), they have the official numbers,
    in alphabetical order, also if some are not there; else they are numbered by name over both parts.

    Args:
        argument: the folder with `train/` and `val/` (or the one above it, which holds it as `kinetics400/`), then the
            part: `train`, or `val`, which is meant where none is given; then options: see `parse_clips`.

    Raises:
        InputError: no such folder or part, no video files, flat ones without a list, or a wrong option.
    """
    place, options = parse_clips(argument)
    folder, part = split_part(place, PARTS, "test")
    base = base_of(folder, "kinetics400", PARTS[part])
    videos = base / PARTS[part]
    found = classes_in(videos)
    if found:
        others = [classes_in(base / name) for name in dict.fromkeys(PARTS.values()) if (base / name).is_dir()]
        order, classes = numbers_of({name for names in others for name in names})
        files = [(path, order[found[label]]) for path, label in by_class(videos, found)]
    else:
        labels = labels_of(base, PARTS[part])
        order, classes = numbers_of(set(labels.values()))
        files = [(path, order[labels[path.stem]]) for path in videos_in(videos) if path.stem in labels]
    return clip_samples(base, files, classes, options, f"{PARTS[part]}/CLASS/clip.mp4, …")


def numbers_of(names: set[str]) -> tuple[dict[str, int], int]:
    """{class: its number}, and how many classes there are."""
    from torchvision.models.video import R3D_18_Weights  # slow to import

    official = {name: number for number, name in enumerate(R3D_18_Weights.KINETICS400_V1.meta["categories"])}
    plain = {name: name.replace("_", " ") for name in names}
    if all(each in official for each in plain.values()):
        return {name: official[each] for name, each in plain.items()}, len(official)
    return {name: number for number, name in enumerate(sorted(names))}, len(names)


def labels_of(base: Path, part: str) -> dict[str, str]:
    """{stem of a file: its class}, from `label,youtube_id,time_start,time_end,…`; files are `ID_000001_000011.mp4`.

    Raises:
        InputError: there is no such list, or it has other columns.
    """
    path = next((p for p in (base / f"{part}.csv", base / "annotations" / f"{part}.csv") if p.is_file()), None)
    if path is None:
        raise InputError(
            "the video files have no classes",
            expected=f"{part}/CLASS/clip.mp4, or {part}.csv beside {part}/",
            where=str(base),
        )
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        stems = [f"{row['youtube_id']}_{int(row['time_start']):06d}_{int(row['time_end']):06d}" for row in rows]
        return {stem: row["label"] for stem, row in zip(stems, rows)}
    except (KeyError, ValueError, TypeError, OSError, csv.Error) as error:
        raise InputError(
            "the list of Kinetics files cannot be read",
            expected="the columns label, youtube_id, time_start and time_end",
            got=f"{type(error).__name__}: {error}",
            where=str(path),
        ) from error
