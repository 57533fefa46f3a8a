"""`snnconv bench list` and `snnconv bench run`."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import click
import pytest
import torch

from snnconv import METHODS
from snnconv.cli.commands.bench import bench
from snnconv.papers import recipes

from .conftest import Command, images

SUBCOMMANDS = dict(bench.commands)


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_help_shows_every_option_and_valid_examples(name: str, command: Command) -> None:
    ended = command("bench", name, "--help")
    assert (ended.code, ended.err) == (0, "")
    examples = [line.strip() for line in ended.out.splitlines() if line.strip().startswith(f"snnconv bench {name}")]
    assert len(examples) >= 2
    for line in examples:
        SUBCOMMANDS[name].make_context(name, shlex.split(line)[3:])
    for parameter in SUBCOMMANDS[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in ended.out
            assert parameter.help or parameter.name == "help"


def test_list(command: Command) -> None:
    ended = command("bench", "list")
    assert (ended.code, ended.err) == (0, "")
    for name in recipes():
        assert f" {name} " in ended.out
    assert "needs UCF-101" in ended.out
    document = json.loads(command("bench", "list", "--json").out)
    assert [entry["name"] for entry in document["recipes"]] == list(recipes())
    assert {"name", "place", "what", "needs", "here", "rows"} == set(document["recipes"][0])
    assert os.listdir() == []


def test_list_row_by_row(command: Command) -> None:
    """What a row needs, and no more of it than is missing."""
    ended = command("bench", "list", "svformer-table1", "sdm-fig4")
    assert (ended.code, ended.err) == (0, "")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert "convnet_plif a figure of other work" in lines
    assert (
        sum(line.startswith("base in part; needs DATA and WEIGHTS needs UCF-101 (--data-root") for line in lines) == 1
    )
    assert "if runs here" in lines
    document = json.loads(command("bench", "list", "sdm-table2", "--json").out)
    (recipe,) = document["recipes"]
    assert {row["state"] for row in recipe["rows"]} == {"needs DATA and WEIGHTS"}
    assert [row["row"] for row in recipe["rows"]][:2] == ["M", "MD"]


def test_run_prints_published_and_measured_side_by_side(command: Command) -> None:
    ended = command("bench", "run", "svformer-energy")
    assert ended.code == 0, ended
    lines = [line.split() for line in ended.out.splitlines()]
    assert ["as-published", "published", "229.163", "0.7", "20.76", "1,054.148", "21.904"] in [x[:7] for x in lines]
    assert ["measured", "38.1896", "0.7001", "4.107", "175.672", "6.9166"] in [x[:6] for x in lines]
    assert "plot: snnconv-out/bench/svformer-energy/bench.png" in ended.out
    assert sorted(os.listdir("snnconv-out/bench/svformer-energy")) == [
        "bench.csv", "bench.json", "bench.png", "bench.svg"
    ]  # fmt: skip


def test_run_says_what_it_could_not_run(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(METHODS._entries, "opt")
    ended = command("bench", "run", "sdm-table1", "--group", "ucf101/slowfast", "-o", "out", "-q")
    assert ended.code == 0
    assert "not run: method opt is not there yet" in ended.out
    assert "not run: needs UCF-101" in ended.out
    assert "92.94" in ended.out
    assert ended.err == ""


def test_run_on_another_network(command: Command, files: Path) -> None:
    arguments = ("bench", "run", "sdm-fig6", "--model", files / "net.pt", "--data", f"npz:{files}/data.npz",
                 "--calib", f"npz:{files}/data.npz", "--T", "1,2", "--limit", "10")  # fmt: skip
    ended = command(*arguments, "--json")
    assert ended.code == 0, ended
    document = json.loads(ended.out)
    assert document["other"] == "net.pt, a pickled Sequential on data.npz"
    assert document["columns"] == ["ANN", "T=1", "T=2"]
    assert len(document["rows"]) == 10
    assert all(None not in row["measured"] and row["why"] == "" for row in document["rows"])
    text = command(*arguments).out  # the same again: from the journal
    assert "not as published, but net.pt, a pickled Sequential on data.npz" in text
    assert f"{document['rows'][0]['measured'][0]:g}" in text
    command("convert", files / "net.pt", "--calib", f"npz:{files}/data.npz", "--method", "sdm", "-o", "snn.pt2")
    swept = command("sweep", "snn.pt2", "--data", f"npz:{files}/data.npz", "--limit", "10", "--T", "1,2", "--json")
    half = next(row for row in document["rows"] if row["name"] == "α=0.5 β=2")  # sdm's own setting
    assert half["measured"][1:] == [row["accuracy"] for row in json.loads(swept.out)["rows"]]


def test_weights_of_another_network(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(files))
    data, weights = f"npz:{files}/data.npz", ("--weights", files / "weights.pth")
    ended = command(
        "bench", "run", "sdm-table2", "--model", "arch:tiny_network", *weights, "--data", data, "--calib", data,
        "--T", "1", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended
    module = torch.load(files / "net.pt", weights_only=False)
    x, y = images()
    with torch.no_grad():
        accuracy = 100 * float((module(torch.from_numpy(x)).argmax(1).numpy() == y).mean())
    assert {row["measured"][0] for row in json.loads(ended.out)["rows"]} == {accuracy}


ERRORS = {
    "bench run sdm-tabel4": ("unknown recipe 'sdm-tabel4'", "did you mean 'sdm-table4'"),
    "bench run sdm-table1 --group ucf": ("has no group 'ucf'", "ucf101/slowfast"),
    "bench run sdm-table1 --T 0": ("time steps must be at least 1",),
    "bench run sdm-fig6 --model {files}/net.pt": ("--model needs --data",),
    "bench run sdm-fig6 --calib npz:{files}/data.npz": ("--calib goes with --data",),
    "bench run sdm-table4 --weights {files}/weights.pth": ("whose weights are these?", "GROUP=FILE"),
    "bench run sdm-table2 --weights no/such=weights.pth": ("whose weights are these?", "GROUP=FILE"),
    "bench run sdm-table4 --weights cifar10/vgg16=a --weights cifar10/vgg16=b": ("two files of weights",),
    "bench run sdm-fig4 --model {files}/net.pt --data npz:{files}/data.npz": ("sdm-fig4 evaluates no network",),
    "bench run sdm-fig4 -o {files}/net.pt": ("output folder is a file",),
    "bench run {files}/arch.toml": ("not valid TOML",),
    "bench list --data-roo x": ("--data-roo",),
    "bench list sdm-tabel4": ("unknown recipe 'sdm-tabel4'", "did you mean 'sdm-table4'"),
    "bench run sdm-table1 --start slowfast_4x16=a.pth": ("--start goes with --train", "add --train"),
    "bench run sdm-table1 --train --set epochs": (
        "this is not a setting of a training",
        "NAME=VALUE, such as epochs=2",
    ),
    "bench run sdm-table1 --train --set epoch=2": ("training has no setting 'epoch'", "did you mean 'epochs'"),
    "bench run sdm-table1 --train --set epochs=none": ("epochs is out of range", "a whole number, at least 1"),
    "bench run sdm-table1 --train --start a.pth": ("whose checkpoints to start from are these?", "GROUP/ROW=FILE"),
}


@pytest.mark.parametrize("line", ERRORS)
def test_errors(line: str, command: Command, files: Path) -> None:
    (files / "arch.toml").write_text("paper =")
    ended = command(*shlex.split(line.format(files=files)))
    assert ended.code == 2, ended
    for part in ERRORS[line]:
        assert part in ended.err
    assert "Traceback" not in ended.err
    assert os.listdir() == []
