"""`snnconv verify`: what it prints and writes, its exit codes, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import pytest

import snnconv
from snnconv.verification import Verification

from .conftest import SHAPE, Command

FILES = ["verify.csv", "verify.json", "verify.png", "verify.svg"]
SHAPED = ("--input-shape", ",".join(map(str, SHAPE)))


def test_everything_holds(command: Command, files: Path) -> None:
    ended = command("verify", files / "net.pt", "--data", f"npz:{files}/data.npz", "-q")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("✓ holds") == 9
    assert "2 of 2 spike" in ended.out
    assert "slope −" in ended.out
    assert "4 samples of npz:" in ended.out
    assert ended.out.endswith(": all 9 checks hold\n")
    assert os.listdir() == []  # nothing is written unless asked


def test_a_check_that_does_not_hold(command: Command, files: Path) -> None:
    arguments = ("verify", files / "net.pt", *SHAPED, "--T", "8", "--within")
    ended = command(*arguments, "1e-7")
    assert ended.code == 1
    assert ended.out.count("✗ fails") == 1
    assert "expected an error of at most 1e-05 % at T = 8" in ended.out
    assert ended.out.endswith(": does not hold: within\n")
    assert "note: verified on 4 Gaussian inputs (1, 8, 8)" in ended.err
    assert command(*arguments, "0.9", "-q").code == 0


def test_a_model_that_cannot_be_converted(command: Command, files: Path) -> None:
    arguments = ("verify", files / "unsupported.pt", "--trust", *SHAPED, "-q")
    ended = command(*arguments)
    assert (ended.code, ended.err) == (1, "")
    assert "the conversion is refused" in ended.out
    assert "2.fractional_max_pool2d: " in ended.out
    assert "  remedy: " in ended.out
    document = json.loads(command(*arguments, "--json").out)
    assert document["held"] is False
    assert document["snn_error"] == {}
    assert "fractional_max_pool2d" in [entry["operation"] for entry in document["unsupported"]]


def test_json(command: Command, files: Path) -> None:
    ended = command("verify", files / "net.pt", *SHAPED, "--T", "8", "--json", "-o", "out")
    assert ended.code == 0
    assert ended.out.count("\n") == 1
    document = json.loads(ended.out)
    assert sorted(Path(file).name for file in document.pop("files")) == sorted(os.listdir("out")) == FILES
    assert document == json.loads(Path("out/verify.json").read_text())
    assert list(document["sites"]) == ["1", "3"]
    assert (document["converted"], document["total"], document["analog"]) == (2, 2, [])
    assert document["canonical_error"] < 1e-5
    assert list(document["snn_error"]) == ["1", "2", "4", "8"]
    assert document["held"] is True
    assert document["provenance"]["command"].startswith("snnconv verify ")
    assert Verification.load("out").held
    assert command("verify", files / "net.pt", *SHAPED, "-o", "out").code == 2  # an earlier result is kept
    again = command("verify", files / "net.pt", *SHAPED, "--T", "8", "-o", "out", "--overwrite", "-q")
    assert again.code == 0
    assert "plot: out/verify.png" in again.out


def test_the_picture(command: Command, files: Path) -> None:
    command("verify", files / "net.pt", *SHAPED, "--T", "8", "-o", "out")
    written = ["".join(node.itertext()) for node in ElementTree.parse("out/verify.svg").iter() if "text" in node.tag]
    for words in ("error of the output (%)", "time steps T", "1/T", "8"):
        assert words in written
    assert any(text.startswith("SNN, slope −") for text in written)
    assert 0.02 < float((matplotlib.image.imread("out/verify.png")[..., :3].min(-1) < 0.9).mean()) < 0.5
    unsupported = command("verify", files / "unsupported.pt", "--trust", *SHAPED, "-o", "none")
    assert unsupported.code == 1
    assert "nothing was run" in Path("none/verify.svg").read_text()


def test_options_of_the_conversion(command: Command, files: Path) -> None:
    arguments = ("verify", files / "net.pt", *SHAPED, "--T", "8", "-q", "--json", "--samples", "2")
    document = json.loads(command(*arguments, "--method", "if", "--only", "^1$").out)
    assert document["settings"]["method"] == "if"
    assert (document["samples"], document["converted"], document["total"]) == (2, 1, 2)
    assert json.loads(command(*arguments, "--beta", "4").out)["settings"]["down_limit"] == 4


def test_a_converted_network(command: Command, files: Path) -> None:
    arguments = ("verify", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "--T", "8")
    ended = command(*arguments, "--json")
    assert ended.code == 0
    assert "note: a converted network keeps its canonical ANN" in ended.err
    document = json.loads(ended.out)
    assert document["canonical_error"] is None
    assert document["settings"] == snnconv.load(files / "snn.pt2").plan.settings
    refused = command(*arguments, "--alpha", "0.5")
    assert refused.code == 2
    assert "is converted already: it takes no --alpha" in refused.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing.pt",), "missing.pt"),
        (("net.pt", "--T", "2", *SHAPED), "too few time steps to see the error fall"),
        (("net.pt", "--samples", "0"), "--samples"),
        (("net.pt", "--within", "-1", *SHAPED), "within is out of range"),
        (("net.pt", "--data", "npz:nan.npz"), "NaN"),
        (("net.pt", "--method", "no"), "no"),
        (("net.pt", "--device", "cuda:99", *SHAPED), "device 'cuda:99' is not there"),
    ],
)
def test_refused(arguments: tuple[str, ...], words: str, command: Command, files: Path) -> None:
    known = {name: str(files / name) for name in ("net.pt",)}
    typed = [known.get(word, word.replace("npz:", f"npz:{files}/")) for word in arguments]
    ended = command("verify", *typed, "-q")
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err
    assert "Traceback" not in ended.err
