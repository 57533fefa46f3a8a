"""`snnconv energy`: its table, its JSON, its files, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

import snnconv
from snnconv.bench import Energy, energy
from snnconv.cli.commands.energy import amount
from snnconv.data import open_data

from .conftest import Command


def test_the_table_and_the_verdict(files: Path, command: Command) -> None:
    ended = command("energy", files / "snn.pt2", "--data", f"npz:{files / 'data.npz'}")
    assert (ended.code, ended.err) == (0, "")
    result = Energy.load("snnconv-out/energy")
    assert sorted(os.listdir("snnconv-out/energy")) == [f"energy.{kind}" for kind in ("csv", "json", "png", "svg")]
    expected = energy(snnconv.load(files / "snn.pt2"), open_data(f"npz:{files / 'data.npz'}"))
    assert result.rows == expected.rows
    lines = ended.out.splitlines()
    assert lines[0].split() == ["network", "accuracy", "%", "MACs", "integer", "MACs", "ACs", "nJ", "of", "ANN"]
    assert [line.split("  ")[1].strip() for line in lines[1:7]] == [row.name for row in result.rows]
    assert lines[-2] == result.verdict
    assert "energy model 45nm, convention mac, count exact, encoder once" in ended.out
    assert "MACs before the first neuron" in ended.out
    assert "synaptic operations" in ended.out


def test_json(files: Path, command: Command) -> None:
    options = ("--T", 2, "--energy-model", "memory", "--count", "rate", "--encoder", "per-step", "--limit", 10)
    ended = command("energy", files / "snn.pt2", "--data", f"npz:{files / 'data.npz'}", "-o", "out", "--json", *options)
    assert ended.code == 0
    document = json.loads(ended.out)
    assert (document["T"], document["samples"], document["count"]) == (2, 10, "rate")
    assert document["energy_model"]["name"] == "memory"
    assert document["rows"][-1]["name"] == "SNN, T=2"
    assert document["files"] == [f"out/energy.{kind}" for kind in ("json", "csv", "png", "svg")]


def test_a_model_converted_on_the_spot_and_a_model_of_energy_from_a_file(files: Path, command: Command) -> None:
    Path("mine.toml").write_text(
        'name = "mine"\nsource = "test"\nfloat_mac = 1\nfloat_ac = 1\nint8_multiply = 0\nint8_add = 1\n'
    )
    data = f"npz:{files / 'data.npz'}"
    arguments = ("energy", files / "net.pt2", "--calib", data, "--data", data, "--method", "if", "--T", 3)
    assert command(*arguments, "--energy-model", "mine.toml", "--convention", "mac+bias").code == 0
    result = Energy.load("snnconv-out/energy")
    assert (result.settings["method"], result.convention) == ("if", "mac+bias")
    ann, snn = result.rows[0], result.rows[-1]
    assert ann.energy_mJ == pytest.approx(ann.macs * 1e-9)
    assert snn.energy_mJ == pytest.approx((snn.macs + snn.acs) * 1e-9)
    assert "ANN W8, 4 levels" in {row.name for row in result.rows}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--energy-model", "memry"), "did you mean 'memory'"),
        (("--energy-model", "none.toml"), "cannot read the energy model"),
        (("--convention", "macs"), "unknown convention"),
        (("--T", "0"), "time steps must be at least 1"),
        (("--count", "guess"), "guess"),
        (("--encoder", "never"), "never"),
        (("--alpha", "0.5"), "converted already"),
    ],
)
def test_refuses(options: tuple[str, ...], problem: str, files: Path, command: Command) -> None:
    ended = command("energy", files / "snn.pt2", "--data", f"npz:{files / 'data.npz'}", *options)
    assert ended.code == 2
    assert problem in ended.err
    assert "Traceback" not in ended.err
    assert os.listdir() == []


def test_refuses_an_earlier_result(files: Path, command: Command) -> None:
    arguments = ("energy", files / "snn.pt2", "--data", f"npz:{files / 'data.npz'}", "--limit", 5, "-q")
    assert command(*arguments).code == 0
    ended = command(*arguments)
    assert ended.code == 2
    assert "holds a energy.json already" in ended.err
    assert "--overwrite" in ended.err
    assert command(*arguments, "--overwrite").code == 0


def test_amounts() -> None:
    shown = [amount(number) for number in (0, 0.5, 17, 1234, 28_035_568.29, 4.1e9)]
    assert shown == ["", "0.5", "17", "1.234 k", "28.04 M", "4.1 G"]


DIRECT = ("snnconv:svformer", "--num-classes", 4, "--arch-arg", "variant=3stg", "--arch-arg", "T=4", "--arch-arg",
          "size=32", "--arch-arg", "in_channels=1", "--arch-arg", "threshold=0.1")  # fmt: skip


def clips() -> str:
    """Two clips of four frames."""
    x = np.random.default_rng(0).integers(0, 256, (2, 4, 32, 32), dtype=np.uint8)
    np.savez("clips.npz", x=x, y=np.array([0, 3]))
    return "npz:clips.npz?layout=NTHW"


def test_a_network_that_spikes_by_itself(command: Command) -> None:
    ended = command("energy", *DIRECT, "--data", clips(), "--layers", "-o", "out")
    assert ended.code == 0
    assert ended.err.startswith("note: the weights of snnconv:svformer are random")
    result = Energy.load("out")
    assert [row.name for row in result.rows] == ["ANN FP32", "ANN W8A8", "SNN W8, T=4", "SNN, T=4"]
    assert (result.samples, result.settings["method"]) == (2, "SVFormer, trained directly")
    lines = ended.out.splitlines()
    assert lines[1].split()[:2] == ["ANN", "FP32"]
    layer = next(line.split() for line in lines if line.strip().startswith("stages.0.0.mix.1"))
    assert layer[1] == f"{result.by_layer['stages.0.0.mix.1']['rate']:.4f}"
    assert not any(line.strip().startswith("stages.0.0.mix.0") for line in lines)
    for accounting, judged in zip(result.accountings, ("as published (wrong)", "corrected (right)")):
        assert f"{judged}: {accounting.why}" in ended.out
    assert lines[-2] == result.verdict


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--T", 8), "T = 4"),
        (("--encoder", "once"), "takes no --encoder"),
        (("--method", "sdm"), "takes no --method"),
        (("--calib", "npz:clips.npz"), "takes no --calib"),
        (("--convention", "macs"), "unknown convention"),
    ],
)
def test_what_a_network_that_spikes_by_itself_refuses(
    options: tuple[object, ...], problem: str, command: Command
) -> None:
    ended = command("energy", *DIRECT, "--data", clips(), *options)
    assert ended.code == 2
    assert problem in ended.err
    assert "Traceback" not in ended.err
    assert os.listdir() == ["clips.npz"]
