"""HMDB-51 in its official layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from snnconv.data import open_data
from snnconv.errors import InputError

from .test_ucf101 import files_of
from .trees import SMALL, hmdb51


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hmdb51(tmp_path_factory.mktemp("data") / "hmdb51")


@pytest.mark.parametrize(("part", "word"), [
    ("", "B(1)"), (":test1", "B(1)"), (":train", "A"), (":train1", "A"), (":test2", "A"), (":train2", "B(1)"),
])  # fmt: skip
def test_parts(root: Path, part: str, word: str) -> None:
    for folder in (root, root.parent):
        data = open_data(f"hmdb51:{folder}{part}{SMALL}")
        assert [name.partition("_")[0] for name in files_of(data)] == [word] * 2
        assert data.classes == 2
        assert [y.tolist() for _, y in data] == [[0, 1]]


def test_what_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no official lists(.|\n)*_test_split3\.txt"):
        open_data(f"hmdb51:{root}:train3")
    with pytest.raises(InputError, match=r"testTrainMulti_7030_splits/"):
        open_data(f"hmdb51:{tmp_path}")
    lists = tmp_path / "testTrainMulti_7030_splits"
    lists.mkdir()
    (lists / "cartwheel_test_split1.txt").write_text("a.avi 7\n")
    with pytest.raises(InputError, match=r"another number(.|\n)*2 \(test\)(.|\n)*a\.avi 7(.|\n)*cartwheel"):
        open_data(f"hmdb51:{tmp_path}")
