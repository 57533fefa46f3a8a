"""What killed runs leave is taken away by the next one, and what a run that lives has open is not."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from snnconv.errors import InputError
from snnconv.files import alone_in, atomic_output, write_text
from snnconv.files.leftovers import PREFIX, clear_leftovers


def killed_while_writing(folder: Path) -> list[str]:
    """A process that is killed with a temporary open and the folder locked; what it leaves."""
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with alone_in(folder, "sweep"), atomic_output(folder / "out.json", overwrite=True) as temporary:
                temporary.write_text("half")
                os.write(told, b"x")
                time.sleep(60)
        finally:
            os._exit(1)
    os.close(told)
    assert os.read(ready, 1)
    assert len(names(folder)) == 2
    write_text(folder / "other", "")  # by another run: what is still open is left alone
    assert len(names(folder)) == 2
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(ready)
    return names(folder)


def names(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.startswith(PREFIX)]


def test_leftovers_of_a_kill(tmp_path: Path) -> None:
    assert len(killed_while_writing(tmp_path)) == 2
    with atomic_output(tmp_path / "out.json", overwrite=True) as temporary:
        assert names(tmp_path) == [temporary.name]
        temporary.write_text("whole")
    assert sorted(os.listdir(tmp_path)) == ["other", "out.json"]
    assert len(killed_while_writing(tmp_path)) == 2
    with alone_in(tmp_path, "sweep"):
        assert names(tmp_path) == [f"{PREFIX}sweep.lock"]
    assert sorted(os.listdir(tmp_path)) == ["other", "out.json"]


def test_only_files_are_taken_away(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    (tmp_path / f"{PREFIX}link").symlink_to("kept")
    (tmp_path / f"{PREFIX}folder").mkdir()
    os.mkfifo(tmp_path / f"{PREFIX}pipe")
    clear_leftovers(tmp_path)
    assert len(os.listdir(tmp_path)) == 4


def test_one_run_of_a_name_in_a_folder(tmp_path: Path) -> None:
    with alone_in(tmp_path / "a/b", "sweep"):
        with alone_in(tmp_path / "a/b", "energy"):
            assert len(names(tmp_path / "a/b")) == 2
        with pytest.raises(InputError, match="another run of the same sweep"), alone_in(tmp_path / "a/b", "sweep"):
            pytest.fail("the body must not run")
        assert names(tmp_path / "a/b") == [f"{PREFIX}sweep.lock"]
    assert os.listdir(tmp_path) == []  # nothing came of it


def test_a_folder_with_something_in_it_stays(tmp_path: Path) -> None:
    with alone_in(tmp_path / "a/b", "sweep"):
        write_text(tmp_path / "a/b/out", "")
    assert os.listdir(tmp_path / "a/b") == ["out"]
    with pytest.raises(InputError, match="cannot write into"), alone_in(tmp_path / "a/b/out", "sweep"):
        pytest.fail("the body must not run")
