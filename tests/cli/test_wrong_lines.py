"""Every option of every command with every kind of wrong value: done, or one message, code 2 and nothing written."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from snnconv.cli.commands import COMMANDS

from .conftest import Command

# A line for each command that does its work on small files.
LINES = {
    "inspect": "inspect {files}/net.pt --input-shape 1,8,8",
    "methods": "methods",
    "convert": "convert {files}/net.pt --calib npz:{files}/data.npz -o made/snn.pt2",
    "verify": "verify {files}/net.pt --input-shape 1,8,8 --T 4",
    "coverage": "coverage --only nothing_of_this_name -o made",
    "train": "train {files}/net.pt --data npz:{files}/data.npz --val npz:{files}/data.npz --epochs 1 -o made",
    "finetune": "finetune {files}/net.pt --data npz:{files}/data.npz --val npz:{files}/data.npz --epochs 1 -o made",
    "tune": "tune {files}/net.pt --data npz:{files}/data.npz -o made",
    "sweep": "sweep {files}/net.pt --data npz:{files}/data.npz --T 1 -o made",
    "compare": "compare {files}/net.pt --calib npz:{files}/data.npz --data npz:{files}/data.npz --T 1 -o made",
    "energy": "energy {files}/net.pt --data npz:{files}/data.npz --T 1 -o made",
    "diagnose": "diagnose {files}/snn.pt2 --data npz:{files}/data.npz --T 1 -o made",
    "latency": "latency {files}/net.pt --data npz:{files}/data.npz --T 2 -o made",
    "anytime": "anytime {files}/net.pt --data npz:{files}/data.npz -o made",
    "robustness": "robustness {files}/net.pt --data npz:{files}/data.npz --T 1 -o made",
    "report": "report {files}/net.pt --data npz:{files}/data.npz --T 1 -o made/page.html",
    "export": "export {files}/snn.pt2 --to pt2-step -o made/net.pt2",
    "count": "count {files}/net.pt --input-shape 1,8,8",
    "bench list": "bench list",
    "bench run": "bench run sdm-fig6 --model {files}/net.pt --data npz:{files}/data.npz --T 1 -o made",
}
WRONG = (
    "", "abc", "-1", "0", "nan", "inf", "-1e999", "99999999999999999999", "1,,2", "a=b", "=", ",", ":", "0.5", "é≤",
    "-", "none", "npz:", "x" * 5000, "[1]", '{"a":1}', "1:2:3", "\x1b[31mred", "missing/deep/file", "made", "--T",
)  # fmt: skip
MADE = ("--output", "--figures", "--folder", "--calib-checkpoint")  # files under such names may be meant


def commands(found: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(found, click.Group):
        for name, inner in found.commands.items():
            yield from commands(inner, f"{path} {name}")
    else:
        yield path, found


def wrong_lines() -> list[tuple[str, str | None, str]]:
    """(command, option or None for its argument, value)."""
    found: list[tuple[str, str | None, str]] = []
    for command in COMMANDS:
        for path, inner in commands(command, str(command.name)):
            for option in inner.params:
                if isinstance(option, click.Argument) or (isinstance(option, click.Option) and not option.is_flag):
                    name = None if isinstance(option, click.Argument) else max(option.opts, key=len)
                    found += [(path, name, value) for value in WRONG if name not in MADE]
    return found


def written(path: str, option: str | None, value: str, files: Path) -> list[str]:
    words = LINES[path].format(files=files).split()
    if option is None:
        start = len(path.split())
        return [*words[:start], value, *words[start + 1 :]]
    return [*words, option, value]


def check(case: tuple[str, str | None, str], command: Command, files: Path) -> None:
    ended = command(*written(*case, files))
    assert ended.code in (0, 2), (case, ended)
    assert "Traceback" not in ended.err, (case, ended)
    assert "\x1b[31m" not in ended.out + ended.err, case
    if ended.code == 2:
        assert "rror: " in ended.err, (case, ended)
        assert not [path for path in Path().rglob("*") if path.is_file()], case


ALL = wrong_lines()
FEW = [case for path in LINES for case in random.Random(path).sample([c for c in ALL if c[0] == path], 2)]


def test_every_command_has_a_line() -> None:
    assert {path for path, _, _ in ALL} | {"bench list"} == set(LINES)


@pytest.mark.usefixtures("unpainted")
@pytest.mark.parametrize("case", FEW, ids=lambda case: " ".join(map(str, case))[:40])
def test_a_wrong_line(case: tuple[str, str | None, str], command: Command, files: Path) -> None:
    check(case, command, files)


@pytest.mark.slow
@pytest.mark.usefixtures("unpainted")
@pytest.mark.parametrize("seed", range(20))
def test_wrong_lines(seed: int, command: Command, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, case in enumerate(random.Random(seed).sample(ALL, 50)):
        (folder := tmp_path / f"{seed}-{number}").mkdir()
        monkeypatch.chdir(folder)
        check(case, command, files)
