"""Outputs appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from snnconv.errors import InputError
from snnconv.io import atomic_output, check_output


def test_a_clean_exit_puts_the_file_in_place(tmp_path: Path) -> None:
    target = tmp_path / "out.snn.pt2"
    with atomic_output(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.endswith(target.name)
        temporary.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert os.listdir(tmp_path) == ["out.snn.pt2"]


def write_half(target: Path, error: BaseException) -> None:
    with atomic_output(target, overwrite=True) as temporary:
        temporary.write_text("half")
        raise error


def test_an_exception_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="half way"):
        write_half(tmp_path / "out", RuntimeError("half way"))
    assert os.listdir(tmp_path) == []


def test_an_exception_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_half(target, KeyboardInterrupt())
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_an_existing_output_needs_overwrite(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_text("old")
    with pytest.raises(InputError, match=r"exists[\s\S]*--overwrite"), atomic_output(target):
        pytest.fail("the body must not run")
    with atomic_output(target, overwrite=True) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "new"


def test_an_output_written_meanwhile_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(InputError, match="exists"), atomic_output(target):
        target.write_text("theirs")
    assert target.read_text() == "theirs"
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("place", "found"), [("missing/out", "does not exist"), ("file/out", "does not exist"), (".", "is a folder")]
)
def test_places_that_cannot_be_written(place: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=found), atomic_output(tmp_path / place):
        pytest.fail("the body must not run")


def test_a_name_too_long_and_a_removed_temporary(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"), atomic_output(tmp_path / ("x" * 300)):
        pytest.fail("the body must not run")
    with pytest.raises(InputError, match="nothing was written"), atomic_output(tmp_path / "out") as temporary:
        temporary.unlink()


def test_a_folder_without_permission_shows_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this folder alone; permissions do not bind root, who may run the tests."""
    shut = tmp_path / "shut"
    shut.mkdir()
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != shut and real(path, mode))
    with pytest.raises(InputError, match=r"cannot write the output(.|\n)*no permission"):
        check_output(shut / "net.pt", False)
    check_output(tmp_path / "net.pt", False)
