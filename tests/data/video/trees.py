"""Data sets in their official layouts, with a few small real files."""

from __future__ import annotations

from pathlib import Path

from .videos import frames_of, write_video

SMALL = "?frames=2&stride=1&size=16"


def clip(path: Path) -> None:
    write_video(path, frames_of(3, 16, 24))


def ucf101(root: Path) -> Path:
    """Two classes of two groups; split 1 tests group 1, split 2 group 2."""
    names = {"ApplyEyeMakeup": "ApplyEyeMakeup", "HandstandPushups": "HandStandPushups"}
    lists = root / "ucfTrainTestlist"
    lists.mkdir(parents=True)
    (lists / "classInd.txt").write_text("1 ApplyEyeMakeup\r\n2 HandstandPushups\r\n")
    files = {group: [f"{name}/v_{prefix}_g{group:02d}_c01.avi" for name, prefix in names.items()] for group in (1, 2)}
    for split, tested in ((1, 1), (2, 2)):
        (lists / f"testlist{split:02d}.txt").write_text("".join(f"{file}\r\n" for file in files[tested]))
        train = (f"{file} {label}\n" for label, file in enumerate(files[3 - tested], start=1))
        (lists / f"trainlist{split:02d}.txt").write_text("".join(train))
    for file in (*files[1], *files[2]):
        clip(root / "UCF-101" / file)
    return root


def hmdb51(root: Path) -> Path:
    """Two classes of three files: one trains, one tests, one does neither; split 2 the other way round."""
    lists = root / "testTrainMulti_7030_splits"
    lists.mkdir(parents=True)
    for name in ("brush_hair", "cartwheel"):
        files = [f"{word}_{name}_u_nm_np1_ba_goo_{number}.avi" for number, word in enumerate(("A", "B(1)", "C"))]
        for split, uses in ((1, (1, 2, 0)), (2, (2, 1, 0))):
            lines = "".join(f"{file} {use} \n" for file, use in zip(files, uses))
            (lists / f"{name}_test_split{split}.txt").write_text(lines)
        for file in files:
            clip(root / "hmdb51_org" / name / file)
    return root


def ntu60(root: Path) -> Path:
    """Cameras 1 and 2, subjects 1 (trains) and 3 (tests), actions 1, 60 and 61."""
    for camera in (1, 2):
        for subject in (1, 3):
            for action in (1, 60, 61):
                clip(root / "nturgb+d_rgb" / f"S001C{camera:03d}P{subject:03d}R001A{action:03d}_rgb.avi")
    return root
