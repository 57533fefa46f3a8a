"""Imports run down: which room uses which, as the sources say, function-level imports included."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import snnconv

ROOT = Path(snnconv.__file__).parent
LARGEST = 0.15  # of all lines
# the lowest first; a room imports those above it in this list alone (modules beside the rooms count as one)
ORDER = (
    "files", "graph", "data", "neurons", "models", "learnable", "simulate", "network", "parts", "capture", "calib",
    "methods", "convert", "io", "opening", "measure", "cost", "bench", "training", "verification", "export", "tuning",
    "papers", "plots", "reports", "coverage", "cli", "__main__",
)  # fmt: skip
GROUND = {
    "_lazy", "console", "documents", "errors", "fingerprint", "generators", "modes", "notices", "placement", "plan",
    "progress", "provenance", "registry", "size_terms", "sizes", "steps", "visible",
}  # fmt: skip
# `snn.save`, and copies by way of the file format; `snn.quantise`; pictures are named by a string
LATE_AND_UP = {("network", "io"), ("network", "convert")}


class Import(NamedTuple):
    """One name, in which module of which room, from which module."""

    room: str
    by: str
    of: str
    late: bool


def modules() -> dict[str, Path]:
    found = {".".join(path.relative_to(ROOT.parent).with_suffix("").parts): path for path in ROOT.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for name, path in found.items()}


def room_of(module: str) -> str:
    _, _, below = module.partition(".")
    return below.partition(".")[0] or "__init__"


def imports() -> Iterator[Import]:
    """Of the package's own modules; those for type checkers alone are left out."""
    known = modules()
    for module, path in known.items():
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        yield from imports_in(ast.parse(path.read_text(encoding="utf-8")), module, package, set(known))


def imports_in(tree: ast.AST, module: str, package: str, known: set[str], late: bool = False) -> Iterator[Import]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
            for name in node.names if base.partition(".")[0] == "snnconv" else ():
                whole = f"{base}.{name.name}"
                yield Import(room_of(module), module, whole if whole in known else base, late)
        elif isinstance(node, ast.Import):
            own = [name.name for name in node.names if name.name.partition(".")[0] == "snnconv"]
            yield from (Import(room_of(module), module, name, late) for name in own)
        inside = late or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        yield from imports_in(node, module, package, known, inside)


def test_every_room_has_its_place() -> None:
    rooms = {room_of(module) for module in modules()} - {"__init__"}
    assert rooms == {*ORDER} | GROUND


def test_imports_run_down() -> None:
    place = {**dict.fromkeys(GROUND, -1), **{room: number for number, room in enumerate(ORDER)}}
    up = [
        found for found in imports()
        if (below := room_of(found.of)) != found.room and found.room != "__init__"
        and place[below] >= place[found.room] >= 0 and not (found.late and (found.room, below) in LATE_AND_UP)
    ]  # fmt: skip
    assert not up, "\n".join(f"{found.by} → {found.of}" for found in up)


def test_the_ground_knows_no_room() -> None:
    above = [found for found in imports() if found.room in GROUND and room_of(found.of) not in GROUND]
    assert not above, "\n".join(f"{found.by} → {found.of}" for found in above)


def test_no_room_is_a_house() -> None:
    lines = Counter[str]()
    for module, path in modules().items():
        lines[room_of(module)] += len(path.read_text(encoding="utf-8").splitlines())
    room, most = lines.most_common(1)[0]
    assert most <= LARGEST * lines.total(), f"{room}: {most} of {lines.total()} lines"
