"""Benign exported programs load, of every shape; broken ones give one clear error."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim
from torchvision import models

from snnconv.errors import InputError
from snnconv.io import load_program, save_program

from .hostile import Net, edit_json, rewrite, save_net


def round_trip(model: nn.Module, inputs: tuple[Any, ...], path: Path, **options: Any) -> torch.export.ExportedProgram:
    """Export, save, load, and compare the outputs."""
    model.eval()
    kwargs = options.get("kwargs") or {}
    program = torch.export.export(model, inputs, **options)
    save_program(program, path, {})
    loaded, _ = load_program(path)
    expected, got = model(*inputs, **kwargs), loaded.module(check_guards=False)(*inputs, **kwargs)
    torch.testing.assert_close(got, expected, rtol=0, atol=0)
    return loaded


@pytest.mark.parametrize("name", ["resnet18", pytest.param("densenet121", marks=pytest.mark.slow), "googlenet"])
def test_stock_networks_with_a_dynamic_batch(name: str, tmp_path: Path) -> None:
    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    model = models.get_model(name, weights=None, **options)
    loaded = round_trip(model, (torch.randn(2, 3, 32, 32),), tmp_path / "m.pt2", dynamic_shapes=({0: Dim("batch")},))
    assert loaded.module(check_guards=False)(torch.randn(5, 3, 32, 32)).shape == (5, 1000)


class Containers(nn.Module):
    """List and dict inputs, a keyword, None, a number, no_grad, a nested dict output."""

    def forward(
        self, xs: list[Tensor], flag: None, power: int, mode: str, *, named: dict[str, Tensor]
    ) -> dict[str, Any]:
        with torch.no_grad():
            total = xs[0].sum() * power
        return {"out": xs[0] + total, "aux-1": [xs[1] + named["a b"], 3], "none": flag}


def test_containers_and_shared_dynamic_sizes(tmp_path: Path) -> None:
    """Two inputs whose batches are equal make torch write a guard, which is no reason to refuse the file."""
    batch = {0: Dim.DYNAMIC}
    inputs = ([torch.randn(2, 4), torch.randn(2, 4)], None, 2, "sum")
    shapes = {"xs": [batch, batch], "flag": None, "power": None, "mode": None, "named": {"a b": batch}}
    loaded = round_trip(
        Containers(), inputs, tmp_path / "m.pt2", kwargs={"named": {"a b": torch.randn(2, 4)}}, dynamic_shapes=shapes
    )
    loaded.module()  # and its guards hold


class Symbols(nn.Module):
    """Sizes that depend on sizes, in every way that ends up as an expression in the file."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        n = x.shape[0]
        rows = x.view(n // 2, -1) if n % 2 == 0 else x
        steps = torch.arange(y.shape[1] * 3 - 1).float() * n
        larger = nn.functional.interpolate(x[None, None], scale_factor=1.5).sum() + torch.zeros(max(n, 3)).sum()
        return rows.sum() + steps.sum() + y.reshape(n, y.shape[0] // n, -1).sum() + larger + (x[x > 0]).sum().item()


def test_symbolic_sizes(tmp_path: Path) -> None:
    shapes = ({0: Dim.AUTO, 1: Dim.AUTO}, {0: Dim.AUTO, 1: Dim.AUTO})
    round_trip(Symbols(), (torch.randn(4, 6), torch.randn(8, 5)), tmp_path / "m.pt2", dynamic_shapes=shapes)


class Branches(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,))


class Awkward(nn.Module):
    """Names that are not identifiers, shared weights, buffers of both kinds, a mutated buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleDict({"3x3-conv": nn.Conv2d(3, 3, 3), "lambda": nn.Identity()})
        self.first = nn.Linear(6, 6)
        self.second = nn.Linear(6, 6)
        self.second.weight = self.first.weight
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("scale", torch.ones(6), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        self.count.add_(1)
        return self.second(self.first(self.blocks["lambda"](self.blocks["3x3-conv"](x)))) * self.scale


@pytest.mark.parametrize("model", [Branches(), Awkward()])
def test_branches_and_awkward_names(model: nn.Module, tmp_path: Path) -> None:
    round_trip(model, (torch.randn(2, 3, 8, 8),), tmp_path / "m.pt2")


def test_decomposed_program(tmp_path: Path) -> None:
    program = torch.export.export(Net().eval(), (torch.randn(2, 3, 8, 8),)).run_decompositions({})
    save_program(program, tmp_path / "m.pt2", {})
    load_program(tmp_path / "m.pt2")


def test_a_zipped_copy_and_any_file_name_load(tmp_path: Path) -> None:
    copy = rewrite(save_net(tmp_path / "a.pt2"), tmp_path / "b", lambda members: None, zipfile.ZIP_DEFLATED)
    load_program(copy)


@pytest.mark.parametrize("trust", [False, True])
def test_extra_files_come_back_by_name(trust: bool, tmp_path: Path) -> None:
    texts = {"snnconv.json": '{"T": 4}', "sub/folder.txt": "θ = αλ\n", "empty": ""}
    path = tmp_path / "m.pt2"
    save_program(torch.export.export(Net(), (torch.randn(2, 3, 8, 8),)), path, texts)
    assert load_program(path, trust=trust)[1] == texts


def test_a_buffer(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    save_program(torch.export.export(Net(), (torch.randn(2, 3, 8, 8),)), buffer, {"a": "b"})
    assert load_program(buffer)[1] == {"a": "b"}
    (tmp_path / "m.pt2").write_bytes(buffer.getvalue())
    assert load_program(tmp_path / "m.pt2")[1] == {"a": "b"}
    with pytest.raises(InputError, match="the given bytes"):
        load_program(io.BytesIO(buffer.getvalue()[:-100]))


def test_saving_where_nothing_can_be_written(tmp_path: Path) -> None:
    program = torch.export.export(Net(), (torch.randn(2, 3, 8, 8),))
    with pytest.raises(InputError, match="folder of the output does not exist"):
        save_program(program, tmp_path / "missing" / "m.pt2", {})


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_a_file_cut_short(keep: float, tmp_path: Path) -> None:
    path = save_net(tmp_path / "m.pt2")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(InputError, match=r"cut short or damaged[\s\S]*m\.pt2[\s\S]*again"):
        load_program(path)


def test_a_flipped_bit(tmp_path: Path) -> None:
    path = save_net(tmp_path / "m.pt2")
    with zipfile.ZipFile(path) as archive:
        entry = next(entry for entry in archive.infolist() if entry.filename.endswith("weight_0"))
        data = archive.read(entry)
    raw = bytearray(path.read_bytes())
    raw[raw.find(data)] ^= 1
    path.write_bytes(raw)
    with pytest.raises(InputError, match="checksum"):
        load_program(path)


def test_missing_file_and_missing_parts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        load_program(tmp_path / "none.pt2")
    source = save_net(tmp_path / "m.pt2")
    for name in ("models/model.json", "data/sample_inputs/model.pt", "data/weights/model_weights_config.json"):
        broken = rewrite(source, tmp_path / "broken.pt2", lambda members, name=name: members.pop(name) and None)
        with pytest.raises(InputError, match="it has no"):
            load_program(broken)


def test_a_file_from_a_newer_torch_says_so(tmp_path: Path) -> None:
    edit = edit_json(lambda model: model["schema_version"].update(major=99))
    newer = rewrite(save_net(tmp_path / "m.pt2"), tmp_path / "newer.pt2", edit)
    with pytest.raises(InputError, match=r"schema version[\s\S]*newer torch"):
        load_program(newer)


def test_deep_nesting_is_an_error_not_a_crash(tmp_path: Path) -> None:
    def edit(members: dict[str, bytes]) -> None:
        members["models/model.json"] = b"[" * 100_000 + b"]" * 100_000

    deep = rewrite(save_net(tmp_path / "m.pt2"), tmp_path / "deep.pt2", edit)
    with pytest.raises(InputError, match="nest too deeply"):
        load_program(deep)


def test_loading_raises_no_warnings(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_program(save_net(tmp_path / "m.pt2"))
