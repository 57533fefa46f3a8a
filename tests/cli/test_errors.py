"""Bad input and bad use: exit code 2, one message that names the cause, no traceback, nothing written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import snnconv.opening.conversion
from snnconv.errors import InputError

from .conftest import Command

NET = "convert {files}/net.pt --input-shape 1,8,8"
SWEEP = "sweep {files}/snn.pt2 --data npz:{files}/data.npz"

# command line → what the message must say, besides its first word
ERRORS: dict[str, tuple[str, ...]] = {
    # model files
    "convert missing.pt": ("no such file", "missing.pt"),
    "inspect missing.pt": ("no such file",),
    "sweep missing.pt2 --data npz:{files}/data.npz": ("no such file",),
    "convert {files}/truncated.pt": ("cut short", "truncated.pt"),
    "convert {files}/truncated.onnx": ("ONNX file is cut short", "truncated.onnx"),
    "inspect {files}/truncated.onnx": ("ONNX file is cut short",),
    "convert {files}/hostile.pt": ("could run code", "mkdir", "--trust"),
    "convert {files}/weights.pth": ("weights but no network", "--arch"),
    "convert {files}/weights.safetensors": ("weights but no network", "--arch"),
    "convert {files}/weights.pth --arch snnconv:fashion_cnn": ("do not fit", "missing", "stem.0.weight"),
    "convert {files}/weights.pth --arch snnconv:fashion_cn": ("did you mean snnconv:fashion_cnn",),
    "convert torchvison:resnet18": ("did you mean torchvision:resnet18",),
    "convert {files}/unsupported.pt --input-shape 1,8,8": (
        "2 operations",
        "2.fractional_max_pool2d",
        "3.fractional_max_pool2d",
        "remedy",
    ),
    "convert {files}/net.pt --input-shape 3,8,8": ("input shape", "channels"),
    "convert {files}/net.pt --input-shape 0,8,8": ("invalid input_shape",),
    "convert {files}/net.pt --input-shape eight": ("--input-shape", "as 3,224,224"),
    "convert {files}/net.pt --input-shape 1,99999,99999": ("too large", "99999"),
    "convert {files}/net.pt --input-shape 1,99999999999,8": ("--input-shape", "32 bits"),
    NET + " --T 99999999999999999999": ("--T", "32 bits"),
    # data
    NET + " --calib=": ("unknown data source ''",),
    NET + " --calib npz:{files}/nan.npz": ("NaN", "image 3", "nan.npz"),
    NET + " --calib npz:{files}/empty.npz": ("no images", "empty.npz"),
    NET + " --calib npz:missing.npz": ("no such data file", "missing.npz"),
    NET + " --calib fashon:train": ("unknown data source 'fashon'", "did you mean 'fashion'"),
    NET + " --calib npz:{files}/data.npz --mean 0.5,0.5 --std 1,1": ("number of channels",),
    "sweep {files}/snn.pt2 --data npz:{files}/nan.npz": ("NaN", "image 3"),
    "sweep {files}/snn.pt2 --data npz:{files}/labels.npz": ("label", "0 to 9", "5 to 14"),
    "sweep {files}/snn.pt2 --data npz:{files}/empty.npz": ("no images",),
    SWEEP + " --method=": ("method",),
    "sweep {files}/snn.pt2 --data nppz:data": ("unknown data source 'nppz'", "did you mean 'npz'"),
    "sweep {files}/snn.pt2 --data {files}/data.npz": ("starts with its kind", "npz:"),
    "sweep {files}/snn.pt2 --data npz:{files}/colour.npz": ("another shape", "[B, 1, d2", "dimension 1 is fixed at 1"),
    SWEEP + " --limit 0": ("limit",),
    SWEEP + " --batch-size 0": ("batch_size",),
    # settings
    **{f"{NET} --alpha {a}": ("alpha", "(0, 1]", a) for a in ("0.0", "-0.5", "1.5", "nan")},
    NET + " --alpha half": ("--alpha", "half"),
    NET + " --beta 0": ("beta", "at least 1"),
    NET + " --beta 1.5": ("--beta", "1.5"),
    NET + " --T 0": ("T is out of range", "at least 1"),
    NET + " --down-limit 6": ("down_limit", "0 to beta = 5"),
    NET + " --gate none": ("gate", "'memory' or 'input'"),
    NET + " --retract never": ("retract", "'threshold' or 'zero'"),
    NET + " --maxpool mean": ("--maxpool", "'exact'", "'avg'"),
    "inspect {files}/net.pt --maxpool mean": ("--maxpool", "'exact'", "'avg'"),
    NET + " --method sdmm": ("unknown method 'sdmm'", "did you mean 'sdm'"),
    NET + " --method if --beta 2": ("'if' has no option beta",),
    NET + " --threshold percentil:99": ("unknown threshold rule 'percentil'", "did you mean 'percentile'"),
    NET + " --threshold percentile:200": ("(0, 100]", "percentile:200"),
    NET + " --threshold learned": ("needs an activation with a clip",),
    NET + " --keep missing": ("keep matches no activation site",),
    NET + " --only (": ("not a regular expression",),
    NET + " --keep .": ("nothing to convert",),
    NET + " --mean 0.5": ("--mean and --std go together",),
    SWEEP + " --std 0.5": ("--mean and --std go together",),
    **{f"{SWEEP} --T {steps}": ("at least 1",) for steps in ("0,1", "-1", "4..1")},
    **{f"{SWEEP} --T {steps}": ("comes twice",) for steps in ("2,2", "1..4,3")},
    **{f"{SWEEP} --T {steps}": ("not a list of time steps",) for steps in ("one", "1;2", "1,,2")},
    SWEEP + " --alpha 0.5": ("converted already", "--alpha"),
    **{
        f"sweep {{files}}/net.pt --data npz:{{files}}/data.npz {grid}": parts
        for grid, parts in {
            "--method if,sdmm": ("unknown method 'sdmm'", "did you mean 'sdm'"),
            "--method sdm,sdm": ("a setting comes twice", "sdm α=0.5 β=2"),
            "--method if:beta=2": ("'if' has no option beta",),
            "--method sdm:alfa=2": ("unknown option of method 'sdm'",),
            "--alpha 0.2,half": ("--alpha has a bad value",),
            "--alpha 0.2,2": ("alpha is out of range", "(0, 1]"),
            "--beta 2,2": ("--beta 2 comes twice",),
            "--beta 2,1.5": ("--beta has a bad value",),
            "--threshold learned --calib npz:{files}/data.npz": ("needs an activation with a clip",),
            "--energy-model 46nm": ("unknown energy model '46nm'", "did you mean '45nm'"),
            "--resume --overwrite": ("--resume continues",),
        }.items()
    },
    SWEEP + " --per-layer": ("converted already", "--per-channel"),
    SWEEP + " --calib fashion:train": ("converted already", "--calib"),
    # device and output
    NET + " --device gpu": ("device 'gpu'",),
    NET + " --device meta": ("device 'meta'",),
    SWEEP + " --device gpu": ("device 'gpu'",),
    NET + " --dtype float8": ("--dtype", "float32, float64, bfloat16, float16"),
    SWEEP + " --dtype float8": ("--dtype", "float32, float64, bfloat16, float16"),
    NET + " -o {files}/snn.pt2": ("output exists", "--overwrite"),
    NET + " -o nowhere/snn.pt2": ("folder of the output does not exist", "nowhere"),
    NET + " -o {files}": ("output is a folder",),
    NET + " -o {files}/net.pt/snn.pt2": ("folder of the output",),
    SWEEP + " -o {files}/net.pt": ("output folder is a file",),
    SWEEP + " -o {files}/net.pt/deeper/out": ("cannot write into the output folder", "is a file"),
    # use
    "": ("Usage:", "convert", "sweep"),
    "convert": ("Missing argument 'MODEL'",),
    "sweep {files}/snn.pt2": ("Missing option '--data'",),
    "swep {files}/snn.pt2": ("No such command 'swep'",),
    SWEEP + " --betta 2": ("No such option '--betta'",),
}


@pytest.mark.parametrize("line", ERRORS)
def test_error(line: str, command: Command, files: Path) -> None:
    before = contents(files)
    ended = command(*line.format(files=files).split())
    assert ended.code == 2, ended
    assert ended.out == ""
    assert "Traceback" not in ended.err
    for part in ERRORS[line]:
        assert part in ended.err
    assert sum(text.lower().startswith(("error:", "usage:")) for text in ended.err.splitlines()) in (1, 2)
    assert os.listdir() == []
    assert contents(files) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_bad_use_fails_before_the_work(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No conversion is begun whose result could not be used."""

    def convert(*_: object, **__: object) -> None:
        pytest.fail("converted first")

    monkeypatch.setattr(snnconv.opening.conversion, "convert", convert)
    net, data = files / "net.pt", f"npz:{files}/data.npz"
    for late in (
        ("--data", "npz:missing.npz"), ("--data", data, "--T", "0"), ("--data", data, "-o", net / "out"),
        ("--data", data, "--dtype", "float8"), ("--data", data, "--device", "gpu"), ("--data", data, "--mean", "0"),
    ):  # fmt: skip
        assert command("sweep", net, *late).code == 2


def test_unwritable_folder(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # nobody can deny the superuser anything
    ended = command("sweep", files / "snn.pt2", "--data", f"npz:{files}/data.npz", "-o", "out")
    assert ended.code == 2
    assert "no permission to write" in ended.err
    assert os.listdir() == []


def test_an_error_halfway_leaves_nothing(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def save(self: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise InputError("the disk is full")

    monkeypatch.setattr(snnconv.SpikingNetwork, "save", save)
    ended = command("convert", files / "net.pt", "--input-shape", "1,8,8")
    assert (ended.code, ended.out) == (2, "")
    assert os.listdir() == []
