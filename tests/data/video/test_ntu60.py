"""NTU RGB+D by the names of its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from snnconv.data import open_data
from snnconv.data.video.ntu60 import SUBJECTS
from snnconv.errors import InputError

from .test_ucf101 import files_of
from .trees import SMALL, clip, ntu60


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ntu60(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize(("part", "shared"), [
    ("", "P003"), (":test", "P003"), (":train", "P001"), (":xsub-test", "P003"), (":xsub-train", "P001"),
    (":xview-test", "C001"), (":xview-train", "C002"),
])  # fmt: skip
def test_protocols(root: Path, part: str, shared: str) -> None:
    data = open_data(f"ntu60:{root}{part}{SMALL}")
    names = files_of(data)
    assert len(names) == 4
    assert all(shared in name for name in names)
    assert data.classes == 60
    assert [y.tolist() for _, y in data] == [[0, 59, 0, 59]]


def test_half_of_the_subjects_train() -> None:
    assert len(SUBJECTS) == 20
    assert max(SUBJECTS) == 38


def test_what_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such part of the data: 'xset'(.|\n)*xview-test"):
        open_data(f"ntu60:{root}:xset")
    with pytest.raises(InputError, match=r"no recordings of NTU(.|\n)*S001C001P001R001A001_rgb\.avi"):
        open_data(f"ntu60:{tmp_path}")
    clip(tmp_path / "S001C001P001R001A001_rgb.avi")
    with pytest.raises(InputError, match=r"no video files(.|\n)*of the part test"):
        open_data(f"ntu60:{tmp_path}")
