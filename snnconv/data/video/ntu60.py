"""`ntu60:DIR[:xsub-test]`: NTU RGB+D, its 60 classes (Shahroudy et al., CVPR 2016, arXiv:1604.02808)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import InputError
from ..samples import DATA_SOURCES, Samples
from .folders import first_folder, split_part
from .options import parse_clips
from .samples import clip_samples, videos_in

FOLDERS = ("ntu60", "nturgb+d_rgb")
CLASSES = 60  # of A061 and more, NTU RGB+D 120 consists
SUBJECTS = {1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38}  # that train, § 3.2.1
CAMERAS = {2, 3}  # that train, § 3.2.2
NAME = re.compile(r"S(?P<setup>\d{3})C(?P<camera>\d{3})P(?P<subject>\d{3})R(?P<repeat>\d{3})A(?P<action>\d{3})")


@dataclass(frozen=True)
class Recording:
    """What the name of a file tells, S001C001P001R001A001_rgb.avi: numbers from 1."""

    camera: int
    subject: int
    action: int


Trains = Callable[[Recording], bool]
PROTOCOLS: dict[str, Trains] = {
    "xsub": lambda recording: recording.subject in SUBJECTS,
    "xview": lambda recording: recording.camera in CAMERAS,
}
# part → protocol, and whether its training files are meant
PARTS = {
    "train": ("xsub", True),
    "test": ("xsub", False),
    **{f"{name}-{kind}": (name, kind == "train") for name in PROTOCOLS for kind in ("train", "test")},
}


@DATA_SOURCES.register("ntu60")
def open_ntu60(argument: str) -> Samples:
    """The RGB videos of a protocol, cross-subject or cross-view; class A001 is number 0.

    Args:
        argument: the folder that holds the files, anywhere below, or in a folder `ntu60/` or `nturgb+d_rgb/` of it,
            beside which others are not looked into; then the part: `xsub-train`, `xsub-test`, `xview-train`,
            `xview-test`, or `train` and `test` for cross-subject; `test` where none is given; then options: see
            `parse_clips`.

    Raises:
        InputError: no such folder or part, no such files, or a wrong option.
    """
    place, options = parse_clips(argument)
    folder, part = split_part(place, PARTS, "test")
    folder = first_folder(folder, FOLDERS)
    protocol, training = PARTS[part]
    known = [(path, recording_of(path.stem)) for path in videos_in(folder)]
    recordings = [(path, found) for path, found in known if found is not None and found.action <= CLASSES]
    expected = "S001C001P001R001A001_rgb.avi, …"
    if not recordings:
        raise InputError("the folder holds no recordings of NTU RGB+D", expected=expected, where=str(folder))
    files = [(path, found.action - 1) for path, found in recordings if PROTOCOLS[protocol](found) == training]
    return clip_samples(folder, files, CLASSES, options, f"{expected} of the part {part}")


def recording_of(name: str) -> Recording | None:
    found = NAME.match(name)
    if found is None:
        return None
    return Recording(int(found["camera"]), int(found["subject"]), int(found["action"]))
