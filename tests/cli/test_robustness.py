"""`snnconv robustness`: which network runs, its table, its files, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import snnconv
from snnconv.bench import Robustness, robustness
from snnconv.data import open_data
from snnconv.io import open_model

from .conftest import Command

NET = "robustness {files}/net.pt --data npz:{files}/data.npz"


def rows_of(folder: str = "snnconv-out/robustness") -> list[object]:
    return list(Robustness.load(folder).rows)


def test_a_network_as_it_is(files: Path, command: Command) -> None:
    ended = command(*NET.format(files=files).split(), "--gaussian", "0.5,2", "--salt-pepper", "0.4")
    assert (ended.code, ended.err) == (0, "")
    folder = "snnconv-out/robustness"
    assert sorted(os.listdir(folder)) == [f"robustness.{kind}" for kind in ("csv", "json", "png", "svg")]
    network = open_model(str(files / "net.pt")).model
    data = open_data(f"npz:{files / 'data.npz'}")
    assert rows_of() == robustness(network, data, gaussian=(0.5, 2), salt_pepper=(0.4,), name="net").rows
    lines = ended.out.splitlines()
    assert lines[0].split() == ["noise", "net", "%", "change"]
    assert [line.split("  ")[1].strip() for line in lines[1:5]] == [
        "none",
        "gaussian 0.5",
        "gaussian 2",
        "salt-pepper 0.4",
    ]
    assert "20 samples; noisy values clipped" in ended.out
    assert lines[-1] == f"plot: {folder}/robustness.png"


def test_a_converted_network(files: Path, command: Command) -> None:
    data = f"npz:{files / 'data.npz'}"
    ended = command("robustness", files / "snn.pt2", "--data", data, "--T", 2, "--json", "-o", "out", "--no-clip")
    assert ended.code == 0
    document = json.loads(ended.out)
    assert (document["T"], document["clipped"], document["samples"]) == (2, False, 20)
    assert {row["network"] for row in document["rows"]} == {"SNN, T=2", "ANN"}
    assert document["files"] == [f"out/robustness.{kind}" for kind in ("json", "csv", "png", "svg")]
    assert rows_of("out") == robustness(snnconv.load(files / "snn.pt2"), open_data(data), T=2, clip=False).rows  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "T", "method"),
    [("--T 3", 3, "auto"), ("--method if", 4, "if"), ("--calib npz:{files}/data.npz", 4, "auto")],
)
def test_a_model_is_converted_where_an_option_says_so(
    files: Path, command: Command, options: str, T: int, method: str
) -> None:
    line = f"{NET} --input-shape 1,8,8 {options} --gaussian none --salt-pepper 0.2 -q"
    ended = command(*line.format(files=files).split())
    assert ended.code == 0
    result = Robustness.load("snnconv-out/robustness")
    assert (result.T, result.settings["method"]) == (T, method)
    assert result.networks == [f"SNN, T={T}", "ANN"]
    assert result.kinds == ["salt-pepper"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--gaussian 0.1,x", ("--gaussian", "0.1,0.5,1")),
        ("--gaussian 0", ("levels of gaussian noise are out of range", "above 0")),
        ("--salt-pepper 0.2,1.5", ("levels of salt-pepper noise", "at most 1")),
        ("--salt-pepper 0.2,0.2", ("comes twice",)),
        ("--gaussian none --salt-pepper none", ("there is no noise to measure",)),
        ("--seed -1", ("--seed", "0 to 2^63 − 1")),
        ("--T 0", ("at least 1",)),
        ("--device nowhere", ("device 'nowhere' is not there",)),
        ("--dtype int8", ("unknown --dtype",)),
    ],
)
def test_bad_input(files: Path, command: Command, options: str, said: tuple[str, ...]) -> None:
    ended = command(*f"{NET} {options}".format(files=files).split())
    assert ended.code == 2
    assert all(text in ended.err for text in said)
    assert "Traceback" not in ended.err
    assert os.listdir() == []


def test_an_earlier_result_is_kept(files: Path, command: Command) -> None:
    arguments = f"{NET} --gaussian 1 --salt-pepper none".format(files=files).split()
    assert command(*arguments).code == 0
    before = rows_of()
    ended = command(*arguments, "--seed", 1)
    assert (ended.code, rows_of()) == (2, before)
    assert "robustness.json already" in ended.err
    assert command(*arguments, "--overwrite").code == 0


def test_normalisation_comes_after_the_noise(files: Path, command: Command) -> None:
    arguments = f"{NET} --gaussian 0.5 --salt-pepper none --mean 0.5 --std 0.25".format(files=files).split()
    assert command(*arguments).code == 0
    data = open_data(f"npz:{files / 'data.npz'}", normalization=snnconv.data.Normalization((0.5,), (0.25,)))
    network = open_model(str(files / "net.pt")).model
    assert rows_of() == robustness(network, data, gaussian=(0.5,), salt_pepper=(), name="net").rows
