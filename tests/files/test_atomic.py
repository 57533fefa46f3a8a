"""Outputs appear whole or not at all."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from snnconv.errors import InputError
from snnconv.files import atomic_output, binary_output, write_text
from snnconv.io import save_program
from snnconv.plots.style import picture


def test_a_clean_exit_puts_the_file_in_place(tmp_path: Path) -> None:
    target = tmp_path / "out.snn.pt2"
    with atomic_output(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == target.suffix  # some writers choose the format by it
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


def test_a_name_too_long_and_a_removed_temporary(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"), atomic_output(tmp_path / ("x" * 300)):
        pytest.fail("the body must not run")
    with atomic_output(tmp_path / ("x" * 250)) as temporary:  # the temporary's is no longer
        temporary.write_text("whole")
    with pytest.raises(InputError, match="nothing was written"), atomic_output(tmp_path / "out") as temporary:
        temporary.unlink()


def test_what_is_part_of_an_output_is_written_as_it_is(tmp_path: Path) -> None:
    """Writers of whole files write parts of several, too: one temporary each, not two."""
    with atomic_output(tmp_path / "out") as temporary:
        write_text(temporary, "≤")
        assert os.listdir(tmp_path) == [temporary.name]
    assert (tmp_path / "out").read_bytes() == "≤".encode()


def test_modes(tmp_path: Path) -> None:
    """A new file gets that of the umask, one that is replaced keeps its own."""
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "new", "")
        (tmp_path / "old").touch()
        (tmp_path / "old").chmod(0o604)
        write_text(tmp_path / "old", "new")
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("new", "old")] == [0o640, 0o604]


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/real").write_text("old")
    (tmp_path / "link").symlink_to("folder/real")
    with pytest.raises(InputError, match="exists"):
        write_text(tmp_path / "link", "new", overwrite=False)
    write_text(tmp_path / "link", "new")
    assert os.readlink(tmp_path / "link") == "folder/real"
    assert (tmp_path / "folder/real").read_text() == "new"


def test_names_that_are_no_text_are_spelled_out(tmp_path: Path) -> None:
    write_text(tmp_path / "out", os.fsdecode(b"a\xff \xe2\x89\xa4"))
    assert (tmp_path / "out").read_text(encoding="utf-8") == "a\\udcff ≤"


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file over 100 kB: what a full disk looks like, without one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def archive(target: Path) -> None:
    with binary_output(target) as file:
        torch.save({"weight": torch.zeros(100_000)}, file)


def program(target: Path) -> None:
    exported = torch.export.export(nn.Linear(400, 400), (torch.zeros(1, 400),))
    save_program(exported, target, {})


def picture_of(target: Path) -> None:
    with picture(target, 6, 6) as figure:
        figure.add_subplot().imshow(np.random.default_rng(0).random((400, 400, 3)), interpolation="none")


WRITERS: dict[str, Callable[[Path], None]] = {
    "text": lambda target: write_text(target, "x" * 200_000), "archive": archive, "program": program,
    "picture.png": picture_of,
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_is_one_error_and_keeps_the_old_file(kind: str, tmp_path: Path, small_files: None) -> None:
    """torch ended the whole process where it could not end an archive."""
    target = tmp_path / kind
    target.write_text("old")
    with pytest.raises(InputError, match=r"cannot write the output(.|\n)*File too large(.|\n)*make room") as caught:
        WRITERS[kind](target)
    assert str(target) in str(caught.value)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == [kind]
