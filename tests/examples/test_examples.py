"""The scripts in examples/ and the code in the documents run, and say what they promise."""

from __future__ import annotations

import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from snnconv import clip, convert, finetune
from snnconv.bench import count
from snnconv.calib import RULES
from snnconv.cli.main import cli
from snnconv.data import DATA_SOURCES, open_data
from snnconv.methods import METHODS
from snnconv.neurons import NEURONS

from ..documents import ROOT, blocks, unregistered

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(autouse=True)
def restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In an empty folder; what is registered goes again, so that tests over the registries do not see it."""
    monkeypatch.chdir(tmp_path)
    with unregistered():
        yield


def run(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")
    return capsys.readouterr().out


def test_bare_conversion(capsys: pytest.CaptureFixture[str]) -> None:
    found = re.fullmatch(r"ANN (\S+) %, SNN at T=4 (\S+) % of 500 test images\n", run("bare_conversion.py", capsys))
    assert found
    ann, snn = map(float, found.groups())
    assert ann > 88
    assert snn > ann - 3


def test_calibrate_sweep_plot(capsys: pytest.CaptureFixture[str]) -> None:
    printed = run("calibrate_sweep_plot.py", capsys)
    assert printed.count("T=8:") == printed.count("most active site") == 2
    assert sorted(path.name for path in Path().iterdir()) == ["fashion_auto.svg", "fashion_if.svg"]


def test_own_neuron(capsys: pytest.CaptureFixture[str]) -> None:
    printed = run("own_neuron.py", capsys)
    assert "spike counts equal to the SD neuron's at every site and step: True" in printed


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_short_and_tested(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) < 60
    assert f"    python examples/{path.name}\n" in text
    assert f"def test_{path.stem}(" in Path(__file__).read_text()


def test_python_of_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("README.md", "python")
    assert len(code.splitlines()) <= 10
    exec(compile(code, "README.md", "exec"), {})
    first, *_ = capsys.readouterr().out.splitlines()
    right, images = re.fullmatch(r"right at T=4: (\d+) of (\d+)", first).groups()  # type: ignore[union-attr]
    assert int(right) > 0.85 * int(images)


def test_files_of_contributing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each block is a new file's whole content; together they make a network, from data to spikes."""
    made: dict[str, dict[str, Any]] = {}
    for code in blocks("CONTRIBUTING.md", "python"):
        path = re.match(r"# (snnconv/\S+)\.py\n", code)
        assert path
        name = path.group(1).replace("/", ".")
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
        made[path.group(1)] = vars(sys.modules[name])
        made[path.group(1)]["__package__"] = name.rpartition(".")[0]
        exec(compile(code, f"{path.group(1)}.py", "exec"), made[path.group(1)])

    x, y = torch.rand(8, 1, 6, 6), torch.arange(8) % 3
    save_file({"x": x, "y": y}, "data.safetensors")
    data = open_data("tensors:data.safetensors", batch_size=4)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3)).eval()
    snn = convert(model, T=64, data=data, method="eager")
    assert isinstance(snn.sites["1"], NEURONS["eager"])
    clipped = snn.ann(x)
    torch.testing.assert_close(snn(x), clipped, rtol=0.1, atol=0.05)

    shifted = convert(model, T=4, data=data, method="if", corrections=("half-shift",))
    theta = shifted.sites["1"].theta
    torch.testing.assert_close(shifted.plan.sites["1"].offset, (theta / 16).reshape(()), check_dtype=False)

    trainable = clip(model, data=data, activation="smooth")
    assert float(trainable(x).sum().detach()) != 0
    assert convert(trainable, T=4, method="sdm").plan.settings["calibration"] == "learned"

    shuffling = nn.Sequential(nn.Conv2d(1, 4, 3), nn.PixelShuffle(2), nn.ReLU()).eval()
    assert any(isinstance(module, nn.PixelShuffle) for module in convert(shuffling, data=[(x,)]).network.modules())

    assert count(model, (1, 6, 6), convention="flops").ops == 2 * count(model, (1, 6, 6)).ops
    chosen = {"optimizer": "adam", "augment": ("blur",), "epochs": 1, "lr": 1e-3}
    assert len(finetune(trainable, data, data, **chosen).epochs) == 2

    snn.save("eager.pt2")
    line = ["eager.pt2", "--data", "tensors:data.safetensors", "-o", "out", "-q"]
    made["snnconv/cli/commands/silence"]["silence"].main(line, standalone_mode=False)
    printed = capsys.readouterr().out
    assert "spikes per neuron and step" in printed
    assert sorted(path.name for path in Path("out").iterdir()) == [
        f"silence.{kind}" for kind in ("csv", "json", "png", "svg")
    ]

    graph = torch.export.export(TimesOne(), (x,)).module(check_guards=False)
    rewritten = made["snnconv/convert/passes/ones"]["drop_ones"](graph)
    assert not any("mul" in str(node.target) for node in rewritten.graph.nodes)
    assert torch.equal(rewritten(x), torch.relu(x))


class TimesOne(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x * 1.0)


DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/papers.md")


def commands() -> list[str]:
    text = "\n".join(block for name in DOCUMENTS for block in blocks(name, "sh"))
    return [line for line in text.replace("\\\n", " ").splitlines() if line.startswith("snnconv ")]


@pytest.mark.parametrize("line", commands())
def test_commands_of_the_documents_are_valid(line: str) -> None:
    _, name, *arguments = shlex.split(line, comments=True)
    command = cli.commands[name]
    if isinstance(command, click.Group):
        name, *arguments = arguments
        command = command.commands[name]
    command.make_context(name, arguments)


def test_readme_names_every_setting() -> None:
    text = (ROOT / "README.md").read_text()
    for registry in (METHODS, RULES, DATA_SOURCES):
        for name in registry:
            assert re.search(rf"`{name}\b", text), f"{registry.kind} {name}"
    every = [command for top in cli.commands.values() for command in (top, *getattr(top, "commands", {}).values())]
    options = {option for command in every for parameter in command.params for option in parameter.opts}
    typed = set(re.findall(r"(?<=`)--[a-z0-9-]+", text))
    assert typed - options <= {"--help", "--per-layer"}, "options that do not exist"


def test_links_of_the_documents_exist() -> None:
    for name in DOCUMENTS:
        for target in re.findall(r"\]\(([^):#]+)\)", (ROOT / name).read_text()):
            assert ((ROOT / name).parent / target).exists(), f"{name} links to {target}"


def test_python_version_is_supported() -> None:
    """The Makefile, the README and the package name the same oldest Python."""
    oldest = re.search(r'requires-python = ">=(3\.\d+)"', (ROOT / "pyproject.toml").read_text())
    assert oldest
    assert f"Python {oldest.group(1)} or newer" in (ROOT / "README.md").read_text()
    assert f"Python {oldest.group(1)} or newer" in (ROOT / "Makefile").read_text()
    assert sys.version_info[:2] >= tuple(map(int, oldest.group(1).split(".")))
