"""Folders as Kinetics-400 is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from snnconv.data import open_data
from snnconv.errors import InputError

from .trees import SMALL, clip


def test_official_classes_have_official_numbers(tmp_path: Path) -> None:
    """Also if only some of them are there, and with underscores."""
    clip(tmp_path / "val" / "air_drumming" / "a.mp4")
    clip(tmp_path / "val" / "zumba" / "b.mp4")
    clip(tmp_path / "train" / "abseiling" / "c.mp4")
    for folder in (tmp_path, tmp_path / "val" / ".."):
        data = open_data(f"kinetics400:{folder}{SMALL}")
        assert data.classes == 400
        assert [y.tolist() for _, y in data] == [[1, 399]]
    assert open_data(f"kinetics400:{tmp_path}:train{SMALL}").batch(0)[1].tolist() == [0]


def test_other_classes_are_numbered_over_both_parts(tmp_path: Path) -> None:
    root = tmp_path / "kinetics400"
    clip(root / "val" / "b" / "a.mp4")
    clip(root / "train" / "a" / "a.mp4")
    clip(root / "train" / "b" / "a.mp4")
    data = open_data(f"kinetics400:{tmp_path}:val{SMALL}")
    assert (data.classes, data.batch(0)[1].tolist()) == (2, [1])


@pytest.mark.parametrize("place", ["val.csv", "annotations/val.csv"])
def test_flat_files_with_their_official_list(tmp_path: Path, place: str) -> None:
    clip(tmp_path / "val" / "-abcdef_xyz_000003_000013.mp4")
    clip(tmp_path / "val" / "not_listed_000000_000010.mp4")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(
        "label,youtube_id,time_start,time_end,split\nzumba,-abcdef_xyz,3,13,validate\nabseiling,gone,0,10,validate\n"
    )
    data = open_data(f"kinetics400:{tmp_path}{SMALL}")
    assert (len(data), data.classes, data.batch(0)[1].tolist()) == (1, 400, [399])


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not hold kinetics400(.|\n)*val/"):
        open_data(f"kinetics400:{tmp_path}")
    (tmp_path / "val").mkdir()
    with pytest.raises(InputError, match=r"have no classes(.|\n)*val\.csv beside val/"):
        open_data(f"kinetics400:{tmp_path}")
    (tmp_path / "val.csv").write_text("name\na\n")
    with pytest.raises(InputError, match=r"columns label, youtube_id(.|\n)*val\.csv"):
        open_data(f"kinetics400:{tmp_path}")
    (tmp_path / "val.csv").write_text("label,youtube_id,time_start,time_end\n")
    with pytest.raises(InputError, match="no video files"):
        open_data(f"kinetics400:{tmp_path}")
