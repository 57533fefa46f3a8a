"""Pickled modules and checkpoints load without running anything; what could run code is named and refused."""

from __future__ import annotations

import importlib
import os
from functools import partial
from pathlib import Path

import pytest
import torch
import torchvision
from torch import fx, nn

from snnconv.errors import InputError, UnsafeFileError
from snnconv.io import load_pickle, state_dict_of

from .hostile import Payload

DATA = os.environ.get("SNNCONV_DATA")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.pt"


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "densenet121", "efficientnet_b0", "googlenet"])
def test_stock_modules_load(name: str, file: Path) -> None:
    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    model = torchvision.models.get_model(name, weights=None, **options).eval()
    torch.save(model, file)
    loaded = load_pickle(file)
    assert type(loaded) is type(model)
    x = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(loaded(x), model(x), rtol=0, atol=0)


@pytest.mark.parametrize("zipped", [True, False])
def test_both_formats_of_checkpoints(zipped: bool, file: Path) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
    checkpoint = {"state_dict": model.state_dict(), "epoch": 3, "lr": 0.1, "name": "a", "shape": torch.Size([1])}
    torch.save(checkpoint, file, _use_new_zipfile_serialization=zipped)
    loaded = load_pickle(file)
    assert isinstance(loaded, dict)
    assert loaded["epoch"] == 3


@pytest.mark.skipif(DATA is None, reason="SNNCONV_DATA does not name the folder with the published checkpoints")
def test_a_published_checkpoint_in_the_old_format() -> None:
    state = state_dict_of(load_pickle(Path(DATA or "") / "resnet20-12fca82f.th"))
    assert state["conv1.weight"].shape == (16, 3, 3, 3)


@pytest.mark.parametrize(("zipped", "nested"), [(True, False), (True, True), (False, False)])
def test_a_hostile_pickle_is_refused_and_nothing_runs(zipped: bool, nested: bool, file: Path, tmp_path: Path) -> None:
    sentinel = tmp_path / "sentinel"
    payload: object = Payload(sentinel)
    if nested:
        payload = nn.Sequential(nn.ReLU())
        payload.evil = Payload(sentinel)  # type: ignore[assignment]
    torch.save(payload, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UnsafeFileError, match=r"pathlib[\s\S]*model\.pt[\s\S]*--allow [\s\S]*--trust"):
        load_pickle(file)
    assert not sentinel.exists()
    load_pickle(file, trust=True)  # the control: the payload is live
    assert sentinel.exists()


class Mine(nn.Module):
    """A user's class, in a module that is not on the list."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)


def test_a_module_in_the_old_format_needs_trust(file: Path) -> None:
    """Torch's restricted unpickler cannot read these at all; the answer says so and what to do."""
    torch.save(nn.Sequential(nn.ReLU()), file, _use_new_zipfile_serialization=False)
    with pytest.raises(UnsafeFileError, match=r"old file format[\s\S]*state_dict\(\), or pass --trust"):
        load_pickle(file)
    assert isinstance(load_pickle(file, trust=True), nn.Sequential)


def test_a_users_class_needs_allow(file: Path) -> None:
    torch.save(Mine(), file)
    name = f"{__name__}.Mine"
    with pytest.raises(UnsafeFileError, match=rf"--allow {name}"):
        load_pickle(file)
    assert isinstance(load_pickle(file, allow=[name]), Mine)
    assert isinstance(load_pickle(file, trust=True), Mine)


def test_functions_need_allow(file: Path) -> None:
    torch.save({"norm": partial(nn.LayerNorm, eps=1e-6)}, file)
    with pytest.raises(UnsafeFileError, match=r"functools\.partial"):
        load_pickle(file)


def test_a_graph_module_is_refused_also_where_torchvision_shows_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GraphModule runs the source text it carries, so neither it nor what derives from it may pass."""

    class Traced(nn.Module):
        def forward(self, x):  # no annotations: torch 2.9 cannot pickle a traced module with postponed ones
            return x.relu()

    torch.save(fx.symbolic_trace(Traced()), file)
    with pytest.raises(UnsafeFileError, match=r"torch\.fx"):
        load_pickle(file)
    from snnconv.io.pickled import _harmless_class

    importlib.import_module("torchvision.models.feature_extraction")
    for name in ("fx.GraphModule", "DualGraphModule", "nn.Module", "create_feature_extractor"):
        assert _harmless_class(f"torchvision.models.feature_extraction.{name}") is None
    for name in (
        "snnconv.__main__.X",
        "torch.nn.functional.relu",
        "torch.jit.ScriptModule",
        "os.system",
        "torch.nn.no",
    ):
        assert _harmless_class(name) is None


def test_automatic_imports_stay_inside_installed_packages(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that came with the download must not be imported because it is called like a known package."""
    folder = tmp_path / "pytorchvideo"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    from snnconv.io.pickled import _harmless_class

    if importlib.util.find_spec("pytorchvideo") is None:
        assert _harmless_class("pytorchvideo.layers.X") is None


@pytest.mark.parametrize(
    ("allow", "found"),
    [("nonsense", "full class name"), ("no_such_module.X", "cannot import"), ("torch.nn.Nothing", "has no"),
     ("math.pi", "not a class")],
)  # fmt: skip
def test_a_wrong_allow(allow: str, found: str, file: Path) -> None:
    torch.save({}, file)
    with pytest.raises(InputError, match=found):
        load_pickle(file, allow=[allow])


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("trust", [True, False])
def test_a_file_cut_short(zipped: bool, trust: bool, file: Path) -> None:
    torch.save(nn.Linear(100, 100).state_dict(), file, _use_new_zipfile_serialization=zipped)
    file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"cut short, damaged[\s\S]*model\.pt"):
        load_pickle(file, trust=trust)


def test_a_missing_file_and_a_missing_class(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="cannot read"):
        load_pickle(file)
    torch.save(Mine(), file)
    monkeypatch.delattr(f"{__name__}.Mine", raising=True)
    with pytest.raises(InputError, match=r"class that cannot be found[\s\S]*state_dict"):
        load_pickle(file, trust=True)
