"""The commands of docs/papers.md run as they stand there, on small frames and a few tiny clips."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import torch

from snnconv.io.factory import build

from ..documents import blocks
from ..papers.stand_ins import ucf101
from ..papers.test_training import smaller
from .conftest import Command

POOLS = "((4, 1, 1), (32, 1, 1))"  # of the last maps of frames of 32²
DEPTH = "18"  # one block a stage
SHORT = {"--device cuda": "", "--views 10x3": "--views 2x1", "--T 1,2,4,8": "--T 1,2"}
LESS = {
    "finetune": ("--arch-arg", f"head_pool_kernel_sizes={POOLS}", "--arch-arg", f"model_depth={DEPTH}",
                 "--epochs", "1", "--batch-size", "4", "--limit", "4"),
    "sweep": ("--limit", "4"),
    "energy": ("--limit", "2"),
}  # fmt: skip


def documented(start: str) -> list[list[str]]:
    """The commands of the block that starts so."""
    (block,) = (block for block in blocks("docs/papers.md", "sh") if block.startswith(start))
    for long, short in SHORT.items():
        block = block.replace(long, short)
    lines = block.replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.startswith("snnconv ")]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The folder in which the commands run: data/ with UCF-101, and a checkpoint of Kinetics-400."""
    ucf101(tmp_path / "data")
    network = build("pytorchvideo:slowfast_4x16", num_classes=400, arch_args={"model_depth": DEPTH})
    torch.save({"model_state": network.state_dict()}, tmp_path / "SLOWFAST_4x16_R50.pyth")
    return tmp_path


@pytest.mark.slow
def test_step_by_step(command: Command, here: Path) -> None:
    """From a checkpoint of 400 classes to a page: fine-tuned with clips, converted, swept in views, its energy."""
    for _, name, *arguments in documented("snnconv finetune"):
        ended = command(name, *arguments, *LESS.get(name, ()), "-q")
        assert ended.code == 0, ended
    swept = json.loads((here / "out" / "sweep.json").read_text())
    assert [row["T"] for row in swept["rows"]] == [1, 2]
    assert {path.name for path in (here / "out").glob("*.json")} >= {"finetune.json", "sweep.json", "energy.json"}
    page = (here / "report.html").read_text()
    assert all(word in page for word in ("finetune", "sweep", "energy"))


@pytest.mark.slow
def test_one_command_a_table(command: Command, here: Path) -> None:
    small = 'network = "pytorchvideo:slowfast_4x16"\n'
    arch = f'{small}arch = {{ head_pool_kernel_sizes = "{POOLS}", model_depth = "{DEPTH}" }}\n'
    recipe = smaller(here / "table1.toml", "sdm-table1", ('"burst"', '"opt"'), (small, arch))
    (_, _, _, _, *arguments), *_ = documented("# SDM, Table I")
    place = next(place for place, word in enumerate(arguments) if word.startswith("slowonly"))
    del arguments[place - 1 : place + 1]  # the start of a network that the smaller recipe lacks
    less = ("--limit", "4", "--T", "1", "--set", "epochs=1", "--set", "batch_size=4")
    tried = command("bench", "run", recipe, *arguments, *less, "--dry-run", "--json")
    found = json.loads(tried.out)["rows"]
    assert {row["state"] for row in found} == {"is trained first"}, [row["why"] for row in found]
    ended = command("bench", "run", recipe, *arguments, *less, "-q", "--json")
    assert ended.code == 0, ended
    rows = json.loads(ended.out)["rows"]
    assert {row["name"]: row["why"] for row in rows} == {"burst": "", "opt": ""}
    assert all(value is not None for row in rows for value in row["measured"])
    again = command("bench", "run", recipe, *arguments, *less, "-q", "--json")
    assert json.loads(again.out)["rows"] == rows
