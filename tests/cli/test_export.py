"""`snnconv export`: files that run elsewhere, export.json beside them, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

from snnconv.cli.commands.export import FORMATS
from snnconv.export import FORMATS as REGISTERED

from .conftest import Command, only_json


def test_every_format_has_its_name_on_the_command_line() -> None:
    assert {*FORMATS} == {*REGISTERED}


def test_a_program_of_one_step(command: Command, files: Path) -> None:
    os.mkdir("out")
    arguments = (
        "export",
        files / "snn.pt2",
        "--to",
        "pt2-step",
        "-o",
        "out/net.pt2",
        "--check",
        f"npz:{files}/data.npz",
    )
    ended = command(*arguments)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("saved out/net.pt2\n")
    assert "the same within rounding" in ended.out
    assert sorted(os.listdir("out")) == ["export.json", "net.init.pt2", "net.pt2"]
    told = json.loads(Path("out/export.json").read_text())
    assert told["data"] == f"npz:{files}/data.npz"
    assert max(told["errors"]) < 1e-4
    assert command(*arguments).code == 2
    assert command(*arguments, "--overwrite").code == 0


def test_c_of_whole_numbers(command: Command, files: Path) -> None:
    calib = ("--calib", f"npz:{files}/data.npz", "--weight-bits", "8", "-o", "snn8.pt2")
    assert command("convert", files / "net.pt", *calib).code == 0
    document = only_json(command("export", "snn8.pt2", "--to", "c", "-o", "net", "--T", "3", "--json"))
    assert (document["to"], document["T"], document["whole"], document["largest"]) == ("c", 3, True, 0)
    assert document["ran_synops"] == document["synops"] > 0
    assert sorted(os.listdir("net")) == ["export.json", "main.c", "net.c", "net.h", "net.json"]


def test_refuses(command: Command, files: Path) -> None:
    for arguments, told in (
        ((files / "net.pt", "--to", "onnx"), "net.pt"),
        ((files / "snn.pt2", "--to", "c", "-o", "net"), "--weight-bits 8"),
        ((files / "snn.pt2", "--to", "onnx", "-o", "net.txt"), "files of onnx end in .onnx"),
        ((files / "snn.pt2", "--to", "pt2-step", "-o", "missing/net.pt2"), "missing"),
        ((files / "snn.pt2", "--to", "pt2-step", "--no-check", "--check", "fashion"), "--no-check"),
        ((files / "snn.pt2", "--to", "pt2-step", "--dialect", "spec", "-o", "a.pt2"), "no option 'dialect'"),
    ):
        ended = command("export", *arguments)
        assert ended.code == 2
        assert told in ended.err
        assert "Traceback" not in ended.err
    assert not [name for name in os.listdir() if name.endswith((".pt2", ".onnx", ".c"))]


def test_a_nir_file_is_run_wherever_it_is_for(command: Command, files: Path) -> None:
    line = ("convert", files / "net.pt", "--calib", f"npz:{files}/data.npz", "--method", "if", "-o", "if.pt2")
    assert command(*line, "--maxpool", "avg").code == 0
    ended = command("export", "if.pt2", "--to", "nir", "--v0", "bias", "-o", "net.nir", "--no-check")
    assert (ended.code, "v(0)" in ended.out, ended.err) == (0, False, "")
    ended = command("verify", "net.nir", "--samples", "3")
    assert (ended.code, ended.err) == (0, "")
    assert "snnconv's interpreter: " in ended.out
    assert "3 samples, T = 4: nothing to compare with" in ended.out
    document = only_json(command("verify", "net.nir", "--data", f"npz:{files}/data.npz", "--T", "2", "--json"))
    assert (document["T"], document["samples"], document["differing"]) == (2, 4, [])
    Path("bad.nir").write_text("none")
    for arguments, told in ((("bad.nir",), "no NIR file"), (("net.nir", "-o", "out"), "--json")):
        ended = command("verify", *arguments)
        assert ended.code == 2
        assert told in ended.err
