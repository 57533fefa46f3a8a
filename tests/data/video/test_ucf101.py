"""UCF-101 in its official layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from snnconv.data import DataSource, open_data
from snnconv.errors import InputError

from .trees import SMALL, ucf101


def files_of(data: DataSource) -> list[str]:
    assert data._samples.files is not None
    return sorted(Path(name).name for name in data._samples.files.names)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ucf101(tmp_path_factory.mktemp("data") / "ucf101")


@pytest.mark.parametrize(("part", "group"), [
    ("", 1), (":test", 1), (":test1", 1), (":test2", 2), (":train", 2), (":train1", 2), (":train2", 1),
])  # fmt: skip
def test_parts(root: Path, part: str, group: int) -> None:
    for folder in (root, root.parent):
        data = open_data(f"ucf101:{folder}{part}{SMALL}")
        assert files_of(data) == [f"v_ApplyEyeMakeup_g{group:02d}_c01.avi", f"v_HandStandPushups_g{group:02d}_c01.avi"]
        assert data.classes == 2
        assert [y.tolist() for _, y in data] == [[0, 1]]


def test_a_listed_file_that_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = ucf101(tmp_path)
    (root / "UCF-101" / "ApplyEyeMakeup" / "v_ApplyEyeMakeup_g01_c01.avi").unlink()
    assert [y.tolist() for _, y in open_data(f"ucf101:{root}:test1{SMALL}")] == [[1]]
    assert "v_ApplyEyeMakeup_g01_c01.avi (No such file or directory)" in caplog.text


def test_what_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such part of the data: 'test4'(.|\n)*train1"):
        open_data(f"ucf101:{root}:test4")
    with pytest.raises(InputError, match=r"list of a split cannot be read(.|\n)*testlist03\.txt"):
        open_data(f"ucf101:{root}:test3")
    with pytest.raises(InputError, match=r"does not hold ucf101(.|\n)*ucfTrainTestlist/"):
        open_data(f"ucf101:{tmp_path}")
    with pytest.raises(InputError, match="no such folder"):
        open_data(f"ucf101:{tmp_path}/none:train1")
    lists = tmp_path / "ucfTrainTestlist"
    lists.mkdir()
    (lists / "classInd.txt").write_text("1 A\n")
    (lists / "testlist01.txt").write_text("A/a.avi\n")
    with pytest.raises(InputError, match="none of the listed video files is there"):
        open_data(f"ucf101:{tmp_path}")
    (lists / "testlist01.txt").write_text("B/a.avi\n")
    with pytest.raises(InputError, match="no known class"):
        open_data(f"ucf101:{tmp_path}")
    (lists / "classInd.txt").write_text("A\n")
    with pytest.raises(InputError, match="another form"):
        open_data(f"ucf101:{tmp_path}")
    for listed in ("0 A\n1 B\n", "1 A\n1 B\n", "2 A\n", ""):
        (lists / "classInd.txt").write_text(listed)
        with pytest.raises(InputError, match=r"does not number them from 1(.|\n)*classInd\.txt"):
            open_data(f"ucf101:{tmp_path}")
