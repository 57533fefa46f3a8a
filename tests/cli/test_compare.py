"""`snnconv compare`: a sweep and what it says about methods."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from snnconv import METHODS

from .conftest import Command

SWEPT = ["sweep.csv", "sweep.json", "sweep.jsonl", "sweep.png", "sweep.svg"]
OWN = ["compare.csv", "compare.md", "pareto-energy.png", "pareto-energy.svg", "pareto-spikes.png", "pareto-spikes.svg"]


def arguments(command: str, files: Path, *more: str) -> tuple[str, ...]:
    data = f"npz:{files}/data.npz"
    return (command, f"{files}/net.pt", "--data", data, "--calib", data, "--T", "1,2", *more)


def document_of(out: str) -> dict[str, Any]:
    assert out.count("\n") == 1
    return json.loads(out)


def test_one_table_and_the_cheapest_ways(command: Command, files: Path) -> None:
    ended = command(*arguments("compare", files, "--methods", "srp,rts,mt:bits=3", "-o", "out", "-q"))
    assert (ended.code, ended.err) == (0, "")
    lines = [line.split() for line in ended.out.splitlines()]
    assert lines[1] == ["setting", "T", "=", "1", "T", "=", "2"]
    assert [line[0] for line in lines[2:5]] == ["srp", "rts", "mt"]
    assert ended.out.count("0.3 points") >= 1
    assert ended.out.count("1 point ") >= 1
    assert sorted(os.listdir("out")) == sorted([*OWN, *SWEPT])
    with open("out/compare.csv") as file:
        rows = list(csv.DictReader(file))
    assert [(row["setting"], row["T"], row["latency"]) for row in rows] == [
        ("srp", "1", "5"), ("srp", "2", "6"), ("rts", "1", "1"), ("rts", "2", "2"),
        ("mt bits=3", "1", "1"), ("mt bits=3", "2", "2"),
    ]  # fmt: skip
    shown = [line[-2:] for line in lines[2:5]]
    accuracies = [f"{float(row['accuracy']):.2f}" for row in rows]
    assert shown == [accuracies[:2], accuracies[2:4], accuracies[4:]]
    page = Path("out/compare.md").read_text()
    assert "srp: thresholds calibrated; the published srp trains them" in page
    assert "srp: latency is T + 4" in page
    assert "rts: converted and run again for every T" in page


def test_it_is_a_sweep(command: Command, files: Path) -> None:
    compared = command(*arguments("compare", files, "--methods", "if,srp,rts", "-o", "a", "-q", "--json"))
    swept = command(*arguments("sweep", files, "--method", "if,srp,rts", "-o", "b", "-q", "--json"))
    one, other = document_of(compared.out), document_of(swept.out)
    assert one["rows"] == other["rows"]
    assert one["configuration"] == other["configuration"]
    assert Path("a/sweep.csv").read_bytes() == Path("b/sweep.csv").read_bytes()
    assert [Path(file).name for file in one["files"][:4]] == ["sweep.json", "sweep.csv", "sweep.png", "sweep.svg"]
    assert sorted(one["files"][4:]) == [f"a/{name}" for name in OWN]
    near = {(each["within"], each["least"]) for each in one["cheapest"]}
    assert near == {(within, least) for within in (0.3, 1.0) for least in ("energy", "spikes", "latency")}


def test_it_resumes_and_is_shown_as_a_page(command: Command, files: Path) -> None:
    command_line = arguments("compare", files, "--methods", "rts,mt", "-o", "out", "-q", "--batch-size", "8")
    assert command(*command_line).code == 0
    whole = {name: Path("out", name).read_bytes() for name in OWN}
    journal = Path("out/sweep.jsonl")
    journal.write_bytes(journal.read_bytes()[:-3000])
    assert command(*command_line, "--resume").code == 0
    assert {name: Path("out", name).read_bytes() for name in OWN} == whole
    assert command("report", "out", "-o", "page.html").code == 0
    assert "converted and run for every T" in Path("page.html").read_text()


def test_a_preset(command: Command, files: Path) -> None:
    ended = command(*arguments("compare", files, "--preset", "sdm-table2", "--methods", "mt", "--json", "-q"))
    document = document_of(ended.out)
    names = ["mt", "M", "MD", "MB", "MS", "MDB", "MDS", "MBS", "MDBS"]
    assert [curve["setting"] for curve in document["curves"]] == names
    assert Path("snnconv-out/compare/compare.md").exists()


@pytest.mark.slow
def test_a_preset_alone_and_none_at_all(command: Command, files: Path) -> None:
    preset = command(*arguments("compare", files, "--preset", "sdm-table2", "-o", "a", "--json", "-q", "--limit", "4"))
    assert len(document_of(preset.out)["curves"]) == 8
    every = command(*arguments("compare", files, "-o", "b", "--json", "-q", "--limit", "4"))
    methods = [curve["settings"]["method"] for curve in document_of(every.out)["curves"]]
    assert methods == [name for name in METHODS if METHODS[name].needs == "nothing"]


def test_a_converted_network_is_converted_with_every_method(command: Command, files: Path) -> None:
    data = f"npz:{files}/data.npz"
    options = ("--data", data, "--calib", data, "--methods", "if,mt", "--T", "1", "--json", "-q")
    document = document_of(command("compare", files / "snn.pt2", *options).out)
    assert [row["setting"] for row in document["rows"]] == ["if", "mt"]


@pytest.mark.parametrize(
    ("more", "parts"),
    [
        (("--preset", "sdm-tabel2"), ("unknown preset 'sdm-tabel2'", "did you mean 'sdm-table2'")),
        (("--methods", "sdmm"), ("unknown method 'sdmm'", "did you mean 'sdm'")),
        (("--methods", "all:alpha=1"), ("all takes no options",)),
        (("--methods", "mt,mt"), ("a setting comes twice",)),
        (("--methods", "mt", "--resume", "--overwrite"), ("--resume continues",)),
    ],
)
def test_refusals(more: tuple[str, ...], parts: tuple[str, ...], command: Command, files: Path) -> None:
    ended = command(*arguments("compare", files, *more))
    assert ended.code == 2
    assert all(part in ended.err for part in parts)
    assert os.listdir() == []


def test_another_network_beside(command: Command, files: Path) -> None:
    assert command(*arguments("compare", files, "--methods", "if", "-o", "tuned", "-q")).code == 0
    ended = command(*arguments("compare", files, "--methods", "mt", "-o", "out", "--beside", "clip=tuned", "-q"))
    assert (ended.code, ended.err) == (0, "")
    with open("out/compare.csv") as file:
        assert [row["setting"] for row in csv.DictReader(file)] == ["mt", "mt", "if (clip)", "if (clip)"]
    own = json.loads(Path("out/sweep.json").read_text())  # the sweep stays that of one network
    assert {row["setting"] for row in own["rows"]} == {"mt"}


@pytest.mark.parametrize("text", ["clip", "=out", "clip="])
def test_beside_what(command: Command, files: Path, text: str) -> None:
    ended = command(*arguments("compare", files, "--methods", "if", "--beside", text))
    assert ended.code == 2
    assert "NAME=FOLDER" in ended.err


def test_beside_nothing(command: Command, files: Path) -> None:
    ended = command(*arguments("compare", files, "--methods", "if", "--beside", "clip=nowhere", "-o", "out"))
    assert ended.code == 2
    assert "cannot read the sweep results" in ended.err
    assert not Path("out").exists()
