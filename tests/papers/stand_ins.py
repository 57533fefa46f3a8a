"""The data sets of the papers in their official layouts, with a few tiny clips, pictures and recordings."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from ..data.events.made import made, write_aedat
from ..data.video.videos import noise_of, write_video

CLASSES = {"ucf101": 101, "hmdb51": 51, "kinetics400": 400, "ntu60": 60}
USED = 5  # classes of UCF-101 that have clips; the official lists name all
GROUPS = 6  # of each; split s tests two of them
HMDB = ("brush_hair", "cartwheel", "catch")


def clips_at(paths: Iterable[Path]) -> None:
    """Real video files at these places, of two contents in turn."""
    first: list[Path] = []
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        if len(first) < 2:
            first.append(write_video(path, noise_of(6 * (number + 1), 16, 24)[-6:]))
        else:
            shutil.copy(first[number % 2], path)


def ucf101(root: Path) -> None:
    """101 classes in classInd.txt, 30 clips of five of them, three splits."""
    base, lists = root / "ucf101", root / "ucf101" / "ucfTrainTestlist"
    lists.mkdir(parents=True)
    names = [f"Action{number:03d}" for number in range(1, 102)]
    (lists / "classInd.txt").write_text("".join(f"{number} {name}\r\n" for number, name in enumerate(names, 1)))
    files = {(n, g): f"{names[n]}/v_{names[n]}_g{g:02d}_c01.avi" for n in range(USED) for g in range(1, GROUPS + 1)}
    for split in (1, 2, 3):
        tested = {(n, g): name for (n, g), name in files.items() if g % 3 == split - 1}
        trained = [f"{name} {n + 1}\r\n" for (n, g), name in files.items() if (n, g) not in tested]
        (lists / f"testlist0{split}.txt").write_text("".join(f"{name}\r\n" for name in tested.values()))
        (lists / f"trainlist0{split}.txt").write_text("".join(trained))
    clips_at(base / "UCF-101" / name for name in files.values())


def hmdb51(root: Path) -> None:
    """51 classes with lists of three splits, three with clips."""
    base = root / "hmdb51"
    lists = base / "testTrainMulti_7030_splits"
    lists.mkdir(parents=True)
    names = sorted([*HMDB, *(f"class_{number:02d}" for number in range(48))])
    for name in names:
        files = [f"{name}_{number}.avi" for number in range(3)] if name in HMDB else []
        for split in (1, 2, 3):
            uses = {file: 1 + ((number + split) % 3 == 0) for number, file in enumerate(files)}
            text = "".join(f"{file} {use} \n" for file, use in uses.items())
            (lists / f"{name}_test_split{split}.txt").write_text(text)
    clips_at(base / "hmdb51_org" / name / f"{name}_{number}.avi" for name in HMDB for number in range(3))


def kinetics400(root: Path) -> None:
    """Two of the official classes in both parts."""
    base = root / "kinetics400"
    clips_at(base / part / name / f"{part}.mp4" for part in ("train", "val") for name in ("abseiling", "zumba"))


def ntu60(root: Path) -> None:
    """Three cameras, two of which train cross-view; four subjects, two of which train cross-subject."""
    names = (
        f"S001C{camera:03d}P{subject:03d}R001A{action:03d}_rgb.avi"
        for camera in (1, 2, 3) for subject in (1, 2, 3, 6) for action in (1, 60)
    )  # fmt: skip
    clips_at(root / "ntu60" / "nturgb+d_rgb" / name for name in names)


def dvs128gesture(root: Path) -> None:
    """One trial of two gestures in each part."""
    folder = root / "DvsGesture"
    for part, user in (("train", "user01_led"), ("test", "user24_lab")):
        events = made(400, 128)
        write_aedat(folder / f"{user}.aedat", events)
        half = int(events["t"][200])
        rows = f"class,startTime_usec,endTime_usec\n2,0,{half}\n5,{half},{half * 3}\n"
        (folder / f"{user}_labels.csv").write_text(rows)
        (folder / f"trials_to_{part}.txt").write_text(f"{user}.aedat\n")


def cifar(root: Path) -> None:
    """Both CIFAR sets as Python pickles, four pictures a file."""
    generator = np.random.default_rng(0)

    def write(path: Path, **more: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        data = generator.integers(0, 256, (4, 3072), dtype=np.uint8)
        path.write_bytes(pickle.dumps({"data": data, **more}))

    ten, hundred = root / "cifar-10-batches-py", root / "cifar-100-python"
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        write(ten / name, labels=[0, 3, 6, 9])
    (ten / "batches.meta").write_bytes(pickle.dumps({"label_names": [f"class{n}" for n in range(10)]}))
    for name in ("train", "test"):
        write(hundred / name, fine_labels=[0, 33, 66, 99])
    (hundred / "meta").write_bytes(pickle.dumps({"fine_label_names": [f"class{n}" for n in range(100)]}))


def imagenet(root: Path) -> None:
    """A picture a class, 1000 classes."""
    picture = root / "picture.png"
    Image.new("RGB", (30, 26), (10, 20, 30)).save(picture)
    for part in ("train", "val"):
        for number in range(1000):
            folder = root / "imagenet" / part / f"n{number:08d}"
            folder.mkdir(parents=True)
            (folder / "picture.png").hardlink_to(picture)


EVERY = (ucf101, hmdb51, kinetics400, ntu60, dvs128gesture, cifar, imagenet)
