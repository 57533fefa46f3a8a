"""What the commands do when all is well: files in every form, JSON, quiet, overwriting, help."""

from __future__ import annotations

import logging
import os
import shlex
from importlib.metadata import version
from pathlib import Path

import click
import pytest
import torch
from torch import nn
from torchvision.models import shufflenet_v2_x0_5

import snnconv
from snnconv.cli.main import cli
from snnconv.data import open_data

from .conftest import Command, images, only_json

SHAPE = ("--input-shape", "1,8,8")
COMMANDS = pytest.mark.parametrize("name", sorted(cli.commands))


def same_output(one: nn.Module, other: nn.Module) -> bool:
    x = torch.from_numpy(images()[0])
    return torch.equal(one(x), other(x))


# help


@COMMANDS
def test_help_shows_every_option_and_examples(name: str, command: Command) -> None:
    ended = command(name, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count(f"\n  snnconv {name} ") >= 2
    for parameter in cli.commands[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in ended.out
            assert parameter.help or parameter.name == "help"


def examples() -> list[str]:
    """Every example of a help page."""
    pages = [cli.help or "", *(command.help or "" for command in cli.commands.values())]
    lines = [line.strip() for page in pages for line in page.replace("\\\n", "").splitlines()]
    return [line for line in lines if line.startswith("snnconv ")]


@pytest.mark.parametrize("line", examples())
def test_examples_of_the_help_pages_are_valid(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    cli.commands[name].make_context(name, arguments)


def test_help_of_the_group(command: Command) -> None:
    ended = command("-h")
    assert ended.code == 0
    assert all(name in ended.out for name in cli.commands)
    assert "Exit codes: 0 done" in ended.out
    assert command("--version").out == f"snnconv, version {version('snnconv')}\n"


# convert


@pytest.mark.parametrize(
    "arguments",
    [
        "{files}/net.pt --input-shape 1,8,8",
        "{files}/net.pt2",
        "{files}/weights.pth --arch arch:tiny_network --input-shape 1,8,8",
        "{files}/weights.safetensors --arch arch:tiny_network --input-shape 1,8,8",
        "arch:tiny_network --weights {files}/weights.pth --input-shape 1,8,8",
    ],
    ids=["module", "program", "checkpoint", "safetensors", "name"],
)
def test_one_model_in_every_form(
    arguments: str, command: Command, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same network, calibrated alike, whatever file it comes from."""
    monkeypatch.syspath_prepend(str(files))
    ended = command(
        "convert", *arguments.format(files=files).split(), "--calib", f"npz:{files}/data.npz", "-o", "out.pt2"
    )
    assert ended.code == 0, ended
    assert same_output(snnconv.load("out.pt2"), snnconv.load(files / "snn.pt2"))


def test_convert_as_in_the_documentation(command: Command) -> None:
    """A pickled stock torchvision module, in the current folder, with nothing else."""
    model = shufflenet_v2_x0_5()
    relus = sum(isinstance(module, nn.ReLU) for module in model.modules())
    torch.save(model, "model.pt")
    ended = command("convert", "model.pt", "--alpha", "0.5", "--beta", "2")
    assert ended.code == 0, ended
    assert sorted(os.listdir()) == ["model.pt", "model.snn.pt2"]
    assert f"{relus} of {relus} activations spike" in ended.out
    assert "alpha=0.5, beta=2" in ended.out
    assert "saved model.snn.pt2" in ended.out
    assert "note: input shape (3, 224, 224) inferred" in ended.err
    snn = snnconv.load("model.snn.pt2")
    assert {(neuron.scale, neuron.beta) for neuron in snn.sites.values()} == {(0.5, 2)}
    assert snn(torch.randn(1, 3, 224, 224)).shape == (1, 1000)


def test_convert_json(command: Command, files: Path) -> None:
    ended = command("convert", files / "net.pt", *SHAPE, "--method", "sdm", "--T", "3", "--keep", "^1$", "--json")
    document = only_json(ended)
    assert document["output"] == "net.snn.pt2"
    assert (document["sites"], document["converted"], document["analog"]) == (2, 1, ["1"])
    settings = document["settings"]
    assert isinstance(settings, dict)
    assert (settings["method"], settings["alpha"], settings["beta"], document["T"]) == ("sdm", 0.5, 2, 3)
    assert ended.err.startswith("note: calibrated on ")
    assert [line[:20] for line in ended.err.splitlines()] == ["note: calibrated on ", "note: thresholds cal"]
    snn = snnconv.load("net.snn.pt2")
    assert (snn.T, list(snn.sites)) == (3, ["3"])


def test_corrections_as_typed(command: Command, files: Path) -> None:
    ended = command(
        "convert", f"{files}/net.pt2", "--method", "if", "--correct", "shift,bias-per-step", "-o", "out.pt2",
        "--calib", f"npz:{files}/data.npz", "--T", "2",
    )  # fmt: skip
    assert ended.code == 0, ended
    plan = snnconv.load("out.pt2").plan
    assert plan.settings["corrections"] == ["shift", "bias-per-step"]
    assert all(site.offset is not None and len(site.offset) == 2 for site in plan.sites.values())
    refused = command("convert", f"{files}/net.pt2", "--correct", "bias,wieghts", "-o", "other.pt2")
    assert refused.code == 2
    assert "unknown correction 'wieghts'" in refused.err
    assert "did you mean 'weights'" in refused.err


def test_quiet(command: Command, files: Path) -> None:
    assert command("convert", files / "net.pt", *SHAPE, "-q").err == ""
    assert only_json(command("convert", files / "net.pt", *SHAPE, "-q", "--json", "--overwrite"))
    assert "note:" in command("convert", files / "net.pt", *SHAPE, "--overwrite").err
    assert logging.getLogger("snnconv").handlers == []
    assert logging.getLogger("snnconv").propagate


def test_overwrite_replaces(command: Command, files: Path) -> None:
    Path("snn.pt2").write_text("old")
    arguments = ("convert", files / "net.pt", *SHAPE, "-o", "snn.pt2")
    assert command(*arguments).code == 2
    assert Path("snn.pt2").read_text() == "old"
    assert command(*arguments, "--overwrite").code == 0
    assert os.listdir() == ["snn.pt2"]
    assert snnconv.load("snn.pt2").T == 4


def test_same_seed_same_network(command: Command, files: Path) -> None:
    for name, seed in (("a.pt2", 1), ("b.pt2", 1), ("c.pt2", 2)):
        assert command("convert", files / "net.pt", *SHAPE, "-o", name, "--seed", seed).code == 0
    a, b, c = (snnconv.load(f"{name}.pt2").sites["1"].theta for name in "abc")
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_dtype(dtype: str, command: Command, files: Path) -> None:
    assert command("convert", files / "net.pt", *SHAPE, "--dtype", dtype).code == 0
    snn = snnconv.load("net.snn.pt2")
    assert {parameter.dtype for parameter in snn.parameters()} == {getattr(torch, dtype)}
    data = f"npz:{files}/data.npz"
    assert command("sweep", "net.snn.pt2", "--data", data, "--T", "1", "--dtype", dtype).code == 0


def test_conversion_leaves_its_source(command: Command, files: Path) -> None:
    before = (files / "net.pt").read_bytes()
    assert command("convert", files / "net.pt", *SHAPE).code == 0
    assert (files / "net.pt").read_bytes() == before


# inspect


def test_inspect(command: Command, files: Path) -> None:
    ended = command("inspect", files / "net.pt", *SHAPE)
    assert (ended.code, ended.err) == (0, "")
    assert "2 of 2 activations can spike" in ended.out
    assert "input 1: [B, 1, d2 ≥ 3, d3 ≥ 3]" in ended.out
    assert len(ended.out.splitlines()) == 6  # a heading, ReLU, ReLU, AdaptiveAvgPool2d, the sizes and the count
    assert os.listdir() == []


def test_inspect_tells_what_is_unsupported_without_failing(command: Command, files: Path) -> None:
    ended = command("inspect", files / "unsupported.pt", *SHAPE)
    assert ended.code == 0
    assert "1 of 1 activations can spike" in ended.out
    assert ended.out.count("remedy:") == 2
    assert "1 operation is by nature analog: at least" in ended.out
    document = only_json(command("inspect", files / "unsupported.pt", *SHAPE, "--json"))
    assert (document["activations"], document["converted"]) == (1, 1)
    sites = document["sites"]
    assert isinstance(sites, list)
    unsupported = [site["site"] for site in sites if site["verdict"] == "unsupported"]
    assert unsupported == ["2.fractional_max_pool2d", "3.fractional_max_pool2d"]
    assert "5.softmax" in [site["site"] for site in sites if site["verdict"] == "analog"]


# normalisation


def test_normalisation_stays_with_the_network(command: Command, files: Path) -> None:
    data, shift = f"npz:{files}/data.npz", ("--mean", "0.4", "--std", "0.3")
    command("convert", files / "net.pt", "--calib", data, *shift, "-o", "snn.pt2")
    command("convert", "snn.pt2", "--method", "sdm", "-o", "again.pt2")  # with other settings, from the network itself

    def swept(model: str, *options: str) -> dict[str, object]:
        return only_json(command("sweep", model, "--data", data, "--T", "4", "--json", "--overwrite", *options))

    stored, told, other = swept("snn.pt2"), swept("snn.pt2", *shift), swept("snn.pt2", "--mean", "0", "--std", "1")
    assert stored["normalization"] == {"mean": [0.4], "std": [0.3]}
    assert stored["rows"] == told["rows"]
    assert other["normalization"] == {"mean": [0.0], "std": [1.0]}
    assert stored["rows"] != other["rows"]
    assert swept("again.pt2")["normalization"] == stored["normalization"]


def test_calibration_data_of_its_own_kind_bring_their_normalisation(command: Command, files: Path) -> None:
    command("convert", "snnconv:fashion_cnn", "--arch-arg", "pretrained=true", "--calib", "fashion:train",
            "--calib-limit", "32", "-o", "snn.pt2")  # fmt: skip
    normalization = open_data("fashion").normalization
    assert normalization is not None
    assert snnconv.load("snn.pt2").plan.normalization == normalization.to_dict()
