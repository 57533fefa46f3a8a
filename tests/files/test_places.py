"""What can become an output is found out before the work, for files and for folders alike."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from snnconv.errors import InputError
from snnconv.files import check_folder, check_output


def device(place: Path) -> None:
    """As /dev/null, a private one: an output that replaced it would be missed by everybody."""
    try:
        os.mknod(place, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root can make devices")


def bound_socket(place: Path) -> None:
    before = os.getcwd()
    os.chdir(place.parent)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(place.name)
    os.chdir(before)


def protected(place: Path) -> None:
    place.touch(mode=0o444)
    if os.access(place, os.W_OK):
        pytest.skip("nothing is protected from root")


# what stands at the place → what is said of it as a file, and as a folder; None: it is taken
PLACES: dict[str, tuple[Callable[[Path], object], str | None, str | None]] = {
    "nothing": (lambda place: None, None, None),
    "file": (Path.touch, None, "is a file"),
    "folder": (Path.mkdir, "is a folder", None),
    "device": (device, "is a device", "is a device"),
    "pipe": (os.mkfifo, "is a pipe", "is a pipe"),
    "socket": (bound_socket, "is a socket", "is a socket"),
    "link to nothing": (lambda place: place.symlink_to("missing"), "link to nothing", "link to nothing"),
    "link to itself": (lambda place: place.symlink_to(place.name), "link to nothing", "link to nothing"),
    "link to a folder": (lambda place: place.symlink_to("."), "is a folder", None),
    "link to a device": (lambda place: place.symlink_to("/dev/null"), "is a device", "is a device"),
    "protected": (protected, "no permission", "is a file"),
}


@pytest.mark.parametrize("kind", PLACES)
def test_what_stands_there(kind: str, tmp_path: Path) -> None:
    make, as_file, as_folder = PLACES[kind]
    place = tmp_path / "place"
    make(place)
    for check, said in ((lambda: check_output(place, True), as_file), (lambda: check_folder(place), as_folder)):
        if said is None:
            check()
            continue
        with pytest.raises(InputError, match=said) as caught:
            check()
        assert str(place) in str(caught.value)


@pytest.mark.parametrize("name", ["x" * 300, "x\0y", "deep/" * 1000 + "x"], ids=["long", "nul", "deep"])
def test_names_that_no_file_can_have(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write the output"):
        check_output(tmp_path / name, True)
    with pytest.raises(InputError, match="cannot write into the output folder"):
        check_folder(tmp_path / name)


@pytest.mark.parametrize(
    ("place", "as_file", "as_folder"),
    [("missing/out", "does not exist", None), ("file/out", "does not exist", "is a file")],
)
def test_where_the_folder_is_missing(place: str, as_file: str, as_folder: str | None, tmp_path: Path) -> None:
    """That of a file has to be there, that of results is made."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=as_file):
        check_output(tmp_path / place, True)
    if as_folder is None:
        check_folder(tmp_path / place)
        return
    with pytest.raises(InputError, match=as_folder):
        check_folder(tmp_path / place)


def test_a_folder_without_permission_shows_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this folder alone; permissions do not bind root, who may run the tests."""
    shut = tmp_path / "shut"
    shut.mkdir()
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != shut and real(path, mode))
    with pytest.raises(InputError, match=r"cannot write the output(.|\n)*no permission"):
        check_output(shut / "net.pt", False)
    with pytest.raises(InputError, match=r"cannot write into the output folder(.|\n)*no permission"):
        check_folder(shut / "out")
    check_output(tmp_path / "net.pt", False)
