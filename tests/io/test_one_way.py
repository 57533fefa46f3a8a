"""Files are written in one way and read as UTF-8, wherever in the package that is done."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import snnconv

ROOT = Path(snnconv.__file__).parent
SOURCES = {str(path.relative_to(ROOT)): path for path in sorted(ROOT.rglob("*.py"))}

# calls that write a file → where they may stand, and why
WRITING: dict[str, dict[str, str]] = {
    "open for writing": {
        "io/atomic.py": "the one way", "bench/lines.py": "journals grow line by line",
        "cli/streams.py": "standard output that was closed",
    },
    "write_bytes": {"io/atomic.py": "the one way"},
    "write_text": {"io/atomic.py": "the one way"},
    "savefig": {"bench/plots/style.py": "into a temporary of the one way"},
    "save_file": {},
    "savez": {},
    "tofile": {},
    "replace of files": {"io/atomic.py": "the one way"},
    "rename": {},
    "copyfile": {},
    "move": {},
    "NamedTemporaryFile": {},
    "mkstemp": {},
}  # fmt: skip
OURS = {"write_text", "write_bytes"}  # as functions they are those of io/atomic.py


def calls(path: Path) -> Iterator[tuple[ast.Call, str, str | None]]:
    """Each call with the name of the function, and the name of what it is a method of; "" where that has none."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name):
                yield node, function.id, None
            elif isinstance(function, ast.Attribute):
                yield node, function.attr, function.value.id if isinstance(function.value, ast.Name) else ""


def mode_of(call: ast.Call, position: int) -> str:
    given = [word.value for word in call.keywords if word.arg == "mode"] + call.args[position : position + 1]
    return str(ast.literal_eval(given[0])) if given and isinstance(given[0], ast.Constant) else "r"


def is_open(name: str, owner: str | None) -> bool:
    return name == "open" and owner not in ("os", "av", "Image")


def kind_of(call: ast.Call, name: str, owner: str | None) -> str | None:
    """What kind of writing a call is; None: none."""
    if is_open(name, owner) and set(mode_of(call, 1 if owner is None else 0)) & set("wax+"):
        return "open for writing"
    if name == "replace" and owner == "os":
        return "replace of files"
    if name in OURS and owner is None:
        return None
    return name if name in WRITING and owner != "copy" else None


@pytest.mark.parametrize("name", SOURCES)
def test_files_are_written_in_one_way(name: str) -> None:
    """`io/atomic.py`: whole or not at all, whatever happens."""
    for call, function, owner in calls(SOURCES[name]):
        kind = kind_of(call, function, owner)
        assert kind is None or name in WRITING[kind], f"{name}:{call.lineno}: use snnconv.io.atomic ({kind})"


@pytest.mark.parametrize("name", SOURCES)
def test_files_are_utf_8_whatever_the_locale(name: str) -> None:
    for call, function, owner in calls(SOURCES[name]):
        words = {word.arg for word in call.keywords}
        text = function in ("read_text", "write_text") and owner is not None
        if is_open(function, owner) and owner != "self" and "b" not in mode_of(call, 1 if owner is None else 0):
            text = function == "open" and (owner is None or "path" in owner or owner == "file")
        assert not text or "encoding" in words, f"{name}:{call.lineno}: {function} without an encoding"
        assert not words & {"text", "universal_newlines"}, f"{name}:{call.lineno}: name the encoding in place of text"


def test_every_exception_is_needed() -> None:
    found = {(kind_of(*call), name) for name, path in SOURCES.items() for call in calls(path)}
    assert {(kind, name) for kind, names in WRITING.items() for name in names} <= found
