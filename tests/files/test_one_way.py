"""Files are written in one way and read as UTF-8, wherever in the package that is done."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import snnconv

ROOT = Path(snnconv.__file__).parent
SOURCES = {str(path.relative_to(ROOT)): path for path in sorted(ROOT.rglob("*.py"))}

# calls that write a file → where they may stand, and why
WRITING: dict[str, dict[str, str]] = {
    "open for writing": {
        "files/atomic.py": "the one way", "measure/lines.py": "journals grow line by line",
        "cli/streams.py": "standard output that was closed",
    },
    "write_bytes": {"files/atomic.py": "the one way"},
    "write_text": {},
    "savefig": {"plots/style.py": "into a temporary of the one way"},
    "save_file": {},
    "savez": {},
    "tofile": {},
    "replace of files": {"files/atomic.py": "the one way"},
    "rename": {},
    "copyfile": {},
    "move": {},
    "NamedTemporaryFile": {},
    "mkstemp": {},
}  # fmt: skip
PROCESSES = {"run", "Popen", "check_output"}
OTHERS = {"rename", "move"}  # as methods of other things than files
OURS = {"write_text", "write_bytes"}  # as functions they are those of files/atomic.py


@cache
def calls(name: str) -> list[tuple[ast.Call, str, str | None]]:
    return list(calls_in(SOURCES[name].read_text(encoding="utf-8")))


def calls_in(source: str) -> Iterator[tuple[ast.Call, str, str | None]]:
    """Each call with the name of the function, and the name of what it is a method of; "" where that has none."""
    for node in ast.walk(ast.parse(source)):
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


def is_text(call: ast.Call, name: str, owner: str | None) -> bool:
    """Whether it opens a file as text."""
    files = owner in (None, "", "file") or "path" in str(owner)
    return is_open(name, owner) and files and "b" not in mode_of(call, 1 if owner is None else 0)


def kind_of(call: ast.Call, name: str, owner: str | None) -> str | None:
    """What kind of writing a call is; None: none."""
    if is_open(name, owner) and set(mode_of(call, 1 if owner is None else 0)) & set("wax+"):
        return "open for writing"
    if name == "replace" and owner == "os":
        return "replace of files"
    if (name in OURS and owner is None) or (name in OTHERS and owner not in ("os", "shutil", "path", "temporary")):
        return None
    return name if name in WRITING and owner != "copy" else None


def test_files_are_written_in_one_way() -> None:
    """`files/atomic.py`: whole or not at all, whatever happens."""
    others = []
    for name in SOURCES:
        for call, function, owner in calls(name):
            kind = kind_of(call, function, owner)
            if kind is not None and name not in WRITING[kind]:
                others.append(f"{name}:{call.lineno}: {kind}")
    assert not others, "use snnconv.files.atomic"


def test_files_are_utf_8_whatever_the_locale() -> None:
    silent = []
    for name in SOURCES:
        for call, function, owner in calls(name):
            words = {word.arg for word in call.keywords}
            text = (function == "read_text" and owner is not None) or is_text(call, function, owner)
            if (text and "encoding" not in words) or (function in PROCESSES and "text" in words):
                silent.append(f"{name}:{call.lineno}: {function}")
    assert not silent, "name the encoding"


def test_every_exception_is_needed() -> None:
    found = {(kind_of(*call), name) for name in SOURCES for call in calls(name)}
    assert {(kind, name) for kind, names in WRITING.items() for name in names} <= found


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        ("open('x', 'w')", "open for writing", True), ("path.open('ab')", "open for writing", False),
        ("open('x')", None, True), ("path.open()", None, True), ("path.write_text('')", "write_text", False),
        ("write_text(path, '')", None, False), ("os.replace(a, b)", "replace of files", False),
        ("text.replace(a, b)", None, False), ("Image.open(x)", None, False),
    ],
)  # fmt: skip
def test_the_rules_see_what_they_are_for(line: str, kind: str | None, text: bool) -> None:
    ((call, function, owner),) = calls_in(line)
    assert (kind_of(call, function, owner), is_text(call, function, owner)) == (kind, text)
