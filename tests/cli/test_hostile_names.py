"""Hostile text as every name in every format: nothing runs, nothing reaches the terminal that it would obey, and a
command ends with 0 or 2."""

from __future__ import annotations

import base64
import json
import random
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch as tensors
import torch
from torch import nn

from snnconv.visible import HIDDEN

from ..hostile_names import every_piece, hostile_name
from ..io.hostile import MODEL, code_for
from .conftest import Command, Outcome, tiny_network

Name = Callable[[], str]


def child_names(name: Name, files: Path, target: Path) -> list[Any]:
    source = tiny_network()
    network = nn.Sequential()
    for place, child in source._modules.items():
        network._modules[place if place in "05" else name()] = child
    torch.save(network.eval(), target)
    return ["convert", target, "--input-shape", "1,8,8", "-o", "made.pt2", "--overwrite"]


def keys_of_a_checkpoint(name: Name, files: Path, target: Path) -> list[Any]:
    state = tiny_network().state_dict()
    torch.save({name() if "weight" in key else key: value for key, value in state.items()}, target)
    return ["inspect", target, "--arch", "torchvision:alexnet"]


def keys_of_safetensors(name: Name, files: Path, target: Path) -> list[Any]:
    keys = {name().encode(errors="replace").decode(): torch.ones(2) for _ in range(4)}
    tensors.save_file(keys, target, metadata={"a": "b"})
    return ["inspect", target, "--arch", "torchvision:alexnet"]


def texts_replaced(value: Any, name: Name, chance: random.Random, share: float) -> Any:
    """The document with some of its texts, keys too, replaced."""
    if isinstance(value, dict):
        return {
            name() if chance.random() < share / 4 else key: texts_replaced(item, name, chance, share)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [texts_replaced(item, name, chance, share) for item in value]
    return name() if isinstance(value, str) and chance.random() < share else value


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {member: archive.read(member) for member in archive.namelist()}


def write_members(members: dict[str, bytes], target: Path) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)


def in_member(members: dict[str, bytes], end: str, change: Callable[[Any], Any]) -> None:
    member = next(member for member in members if member.endswith(end))
    members[member] = json.dumps(change(json.loads(members[member]))).encode()


def texts_of_a_program(name: Name, files: Path, target: Path) -> list[Any]:
    members, chance = members_of(files / "net.pt2"), random.Random(name())
    in_member(members, MODEL, lambda document: texts_replaced(document, name, chance, 0.01))
    write_members(members, target)
    return ["convert", target, "-o", "made.pt2", "--overwrite"]


def stacked(document: dict[str, Any], name: Name) -> Iterator[dict[str, Any]]:
    """What a program's metadata say of each operation, its module renamed."""
    for node in document["graph_module"]["graph"]["nodes"]:
        told = node["metadata"]
        if "nn_module_stack" in told:
            *outer, last = told["nn_module_stack"].split(";")
            key, _, kind = last.split(",")
            told["nn_module_stack"] = ";".join([*outer, f"{key},{name()},{kind}"])
        yield told


def modules_of_a_program(name: Name, files: Path, target: Path) -> list[Any]:
    """All that the check lets through: metadata."""

    def change(document: dict[str, Any]) -> dict[str, Any]:
        for told in stacked(document, name):
            told["stack_trace"] = f'File "{name()}", line 1, in x\n    {name()}'
        return document

    members = members_of(files / "net.pt2")
    in_member(members, MODEL, change)
    write_members(members, target)
    return ["convert", target, "-o", "made.pt2", "--overwrite"]


def sites_of_a_plan(name: Name, files: Path, target: Path) -> list[Any]:
    """Sites renamed in program and plan alike, and other texts of the plan."""
    members, chosen = members_of(files / "snn.pt2"), dict[str, str]()

    def site(old: str) -> str:
        return chosen.setdefault(old, name())

    def modules(document: dict[str, Any]) -> dict[str, Any]:
        for node in document["graph_module"]["graph"]["nodes"]:
            told = node["metadata"]
            entries = [entry.split(",") for entry in told.get("nn_module_stack", "").split(";") if entry]
            renamed = [[key, site(path) if kind.startswith("snnconv.") else path, kind] for key, path, kind in entries]
            told["nn_module_stack"] = ";".join(map(",".join, renamed))
        return document

    def plan(document: dict[str, Any]) -> dict[str, Any]:
        for entry in document["sites"]:
            entry["name"] = site(entry["name"])
        document["notices"], document["provenance"] = [name()], {name(): name()}
        document["settings"] = {**document["settings"], "calibration": name()}
        return document

    in_member(members, MODEL, modules)
    in_member(members, "snnconv_plan.json", plan)
    held = next(member for member in members if member.endswith("base64"))
    stored = {
        ":".join([site(old), *kind]): value
        for key, value in tensors.load(base64.b64decode(members[held])).items()
        for old, *kind in [key.split(":")]
    }
    members[held] = base64.b64encode(tensors.save(stored))
    write_members(members, target)
    return [
        "sweep",
        target,
        "--data",
        f"npz:{files / 'data.npz'}",
        "--T",
        "1",
        "--limit",
        "4",
        "-o",
        "out",
        "--overwrite",
    ]


def names_of_onnx(name: Name, files: Path, target: Path) -> list[Any]:
    onnx = pytest.importorskip("onnx")
    from ..io.onnx_files import save_convnet

    save_convnet(target)
    model, chosen = onnx.load(target), dict[str, str]()

    def renamed(old: str) -> str:
        return chosen.setdefault(old, name().encode(errors="replace").decode()) if old else old

    for node in model.graph.node:
        node.name = renamed(node.name)
        node.input[:], node.output[:] = map(renamed, node.input), map(renamed, node.output)
    for entry in (*model.graph.initializer, *model.graph.input, *model.graph.output):
        entry.name = renamed(entry.name)
    model.graph.name = model.producer_name = name().encode(errors="replace").decode()
    target.write_bytes(model.SerializeToString())
    return ["convert", target, "-o", "made.pt2", "--overwrite"]


def keys_of_npz(name: Name, files: Path, target: Path) -> list[Any]:
    with zipfile.ZipFile(target, "w") as archive:
        for _ in range(3):
            with archive.open(name().replace("\0", "") + ".npy", "w") as file:
                np.save(file, np.ones(3))
    return ["sweep", files / "snn.pt2", "--data", f"npz:{target}", "--T", "1"]


def recipe(name: Name, files: Path, target: Path) -> list[Any]:
    text = "\n".join(f"{json.dumps(name())} = {json.dumps(name())}" for _ in range(3))
    target = target.with_suffix(".toml")
    target.write_text(
        f"title = {json.dumps(name())}\n{text}\n[[rows]]\nnetwork = {json.dumps(name())}\n", errors="replace"
    )
    return ["bench", "run", target]


def trained(name: Name, files: Path, target: Path) -> list[Any]:
    """A network that says how it is built."""
    document = {
        "format": 1, "spec": random.Random(name()).choice([f"{name()}:{name()}", f"snnconv:{name()}"]),
        "num_classes": None, "arch_args": {name(): name()}, "input_shapes": [], "normalization": None, "training": None,
    }  # fmt: skip
    torch.save({"snnconv_trained": json.dumps(document), "state_dict": {}}, target)
    return ["inspect", target]


FORMATS: dict[str, tuple[Callable[[Name, Path, Path], list[Any]], str]] = {
    "a pickled module": (child_names, ".pt"),
    "a checkpoint": (keys_of_a_checkpoint, ".pth"),
    "safetensors": (keys_of_safetensors, ".safetensors"),
    "a program": (texts_of_a_program, ".pt2"),
    "a program's modules": (modules_of_a_program, ".pt2"),
    "a plan": (sites_of_a_plan, ".snn.pt2"),
    "onnx": (names_of_onnx, ".onnx"),
    "npz": (keys_of_npz, ".npz"),
    "a recipe": (recipe, ".toml"),
    "a trained network": (trained, ".pt"),
}


def check(ended: Outcome, sentinel: Path) -> None:
    assert not sentinel.exists()
    assert ended.code in (0, 2), ended
    printed = ended.out + ended.err
    assert printed.strip()
    assert "Traceback" not in printed
    hidden = {character for character in printed if unicodedata.category(character) in HIDDEN} - {"\n", "\t"}
    assert not hidden, (hidden, printed)


def attempt(kind: str, name: Name, files: Path, folder: Path, command: Command, sentinel: Path) -> Outcome:
    make, suffix = FORMATS[kind]
    ended = command(*make(name, files, folder / f"hostile{suffix}"))
    check(ended, sentinel)
    return ended


@pytest.mark.parametrize("kind", list(FORMATS))
def test_every_piece_at_once(kind: str, files: Path, tmp_path: Path, command: Command) -> None:
    """The same text everywhere, numbered."""
    sentinel, number = tmp_path / "sentinel", iter(range(10**9))
    text = every_piece(code_for(sentinel))
    attempt(kind, lambda: f"{text}{next(number)}", files, tmp_path, command, sentinel)


@pytest.mark.parametrize("kind", ["a pickled module", "a program's modules", "a plan"])
def test_quotes_that_end_a_name(kind: str, files: Path, tmp_path: Path, command: Command) -> None:
    """What ran code before: the name ends its own quotation. The network converts all the same."""
    sentinel, number = tmp_path / "sentinel", iter(range(10**9))
    code = code_for(sentinel).replace(".", "\\x2e")  # no full stop: a path would be cut there

    def name() -> str:
        return f'{next(number)}") and exec("{code}'

    assert attempt(kind, name, files, tmp_path, command, sentinel).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_random_names(seed: int, files: Path, tmp_path: Path, command: Command) -> None:
    chance, sentinel = random.Random(seed), tmp_path / "sentinel"
    for kind in FORMATS:
        attempt(kind, lambda: hostile_name(chance, code_for(sentinel)), files, tmp_path, command, sentinel)


@pytest.mark.parametrize(
    "share", [0.3, pytest.param(0.05, marks=pytest.mark.slow), pytest.param(1.0, marks=pytest.mark.slow)]
)
def test_texts_of_results(share: float, files: Path, tmp_path: Path, command: Command) -> None:
    """A report of results whose every text was replaced is refused, or written."""
    sentinel, chance, out = tmp_path / "sentinel", random.Random(0), tmp_path / "out"
    data = f"npz:{files / 'data.npz'}"
    assert command("sweep", files / "snn.pt2", "--data", data, "--T", "1", "--limit", "4", "-o", out).code == 0
    whole = json.loads((out / "sweep.json").read_text())
    text = every_piece(code_for(sentinel))
    (out / "sweep.json").write_text(json.dumps(texts_replaced(whole, lambda: text, chance, share)))
    check(command("report", out, "-o", tmp_path / "report.html", "--overwrite"), sentinel)
