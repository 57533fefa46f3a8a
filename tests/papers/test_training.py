"""`--train`: a table from its trainings on, at tiny sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from snnconv.convert.clip import clips_of
from snnconv.data import FASHION_NORMALIZATION
from snnconv.errors import InputError
from snnconv.io import open_model
from snnconv.io.factory import build
from snnconv.io.stored import stored_normalization
from snnconv.papers import Trainer, Workspace, dry_run, find_recipe, run_recipe
from snnconv.papers.data_sets import DATA_SETS, DataSet
from snnconv.papers.library import FOLDER
from snnconv.papers.opening import started
from snnconv.papers.training import RECORD, is_begun, with_training

from .stand_ins import ucf101

QUICK = {"epochs": 1, "batch_size": 4}
pytestmark = pytest.mark.usefixtures("unpainted")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ucf")
    ucf101(folder)
    return folder


def smaller(path: Path, name: str, rows: tuple[str, ...], *changes: tuple[str, str]) -> str:
    """A recipe as it is but for these changes of its text; of the rows of its first group only some."""
    text = (FOLDER / f"{name}.toml").read_text()
    first = text.index("[[groups]]")
    end = text.find("[[groups]]", first + 1)
    group = text[first:end].splitlines()
    kept = [line for line in group if "{ name = " not in line or any(row in line for row in rows)]
    text = text[:first] + "\n".join(kept)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return str(path)


def test_sdm_table1_from_a_checkpoint_of_kinetics_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its recipe with a small network and pictures: fine-tuned with clips and with ReLUs, converted, measured."""
    monkeypatch.setitem(DATA_SETS._entries, "ucf101", DataSet("pictures", "fashion:test", "fashion:train"))
    changes = (("pytorchvideo:slowfast_4x16", "snnconv:fashion_cnn"), ("classes = 101", "classes = 10"),
               ('normalization = "kinetics"\n', ""))  # fmt: skip
    recipe = smaller(tmp_path / "table1.toml", "sdm-table1", ('"burst"', '"opt"'), *changes)
    kinetics = build("snnconv:fashion_cnn", num_classes=400).state_dict()
    first = next(iter(kinetics))
    torch.save({"model_state": kinetics}, tmp_path / "k400.pth")
    work = Workspace(data_root=tmp_path, folder=tmp_path / "out", limit=32)

    def trainer(**settings: object) -> Trainer:
        return Trainer({"fashion_cnn": str(tmp_path / "k400.pth")}, {**QUICK, **settings})

    result = run_recipe(recipe, work, T=(1,), trainer=trainer())
    assert [row.why for row in result.rows] == ["", ""]
    assert all(value is not None for row in result.rows for value in row.measured)
    files = {kind: tmp_path / "out" / f"trained-ucf101-slowfast-{kind}" for kind in ("clip", "relu")}
    clipped, plain = open_model(str(files["clip"] / "network.pt2")), open_model(str(files["relu"] / "network.pt"))
    assert clips_of(clipped.model)  # type: ignore[arg-type]
    for found in (clipped, plain):
        weight = found.model.state_dict()[first]  # type: ignore[operator]  # of the checkpoint, a little changed
        assert 0 < float((weight - kinetics[first]).norm() / kinetics[first].norm()) < 0.1
        assert stored_normalization(found) == FASHION_NORMALIZATION
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("network.pt*")}
    again = with_training(find_recipe(recipe), work, trainer())
    assert {Path(file) for file in again.weights.values()} == written.keys()
    assert {path: path.stat().st_mtime_ns for path in written} == written  # they are used again
    other = with_training(find_recipe(recipe), work, trainer(epochs=2))
    assert other.untrained.keys() == {"ucf101/slowfast/clip", "ucf101/slowfast/relu"}
    for why in other.untrained.values():
        assert why.startswith("was not trained: the network in the folder was trained in another way")


def test_nothing_is_chosen_on_test_data() -> None:
    with pytest.raises(InputError, match="choose the epoch on the test part"):
        Trainer(settings={"early_stop": 3})


@pytest.mark.parametrize("kept", ["[]", "3", "{"])
def test_a_damaged_record_of_a_training(kept: str, tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text(kept)
    with pytest.raises(InputError, match=RECORD):
        is_begun(tmp_path, {"network": "a"}, overwrite=False)


def test_without_what_a_training_starts_from(root: Path, tmp_path: Path) -> None:
    recipe = find_recipe("sdm-table1")
    work = Workspace(data_root=root, folder=tmp_path / "out", limit=8)
    run = run_recipe(recipe, work, group="ucf101/slowfast", trainer=Trainer())
    told = "was not trained: the training starts from weights of kinetics400 remedy: --start slowfast_4x16=FILE"
    assert {row.why.partition(",")[0] for row in run.rows} == {told}
    assert not list((tmp_path / "out").rglob("network*"))
    row = next(row for row in find_recipe("respike-table1").rows if row.name == "respike_r50_s4")
    for start in ({"resnet50": "a"}, {"respike": "a"}, {"ucf101": "a"}, {"ucf101/respike_r50_s4:2": "a"}):
        assert Trainer(start).start_of(row.by_split()[1]) == "a"
    assert Trainer({"resnet18": "a"}).start_of(row) is None


def test_respike_starts_from_imagenet_weights_of_its_ann(tmp_path: Path) -> None:
    row = next(row for row in find_recipe("respike-table1").rows if row.name == "respike_r18_s4")
    resnet = build("torchvision:resnet18")
    torch.save(resnet.state_dict(), tmp_path / "resnet18.pth")
    network = started(row, Trainer({"resnet18": str(tmp_path / "resnet18.pth")}).checkpoint_of(row))
    own, there = network.state_dict(), resnet.state_dict()
    assert torch.equal(own["ann.stages.3.1.conv2.weight"], there["layer4.1.conv2.weight"])
    assert own["head.weight"].shape == (101, 1024)


SMALL = '"snnconv:svformer", arch = { size = "32", T = "2" }'
SPIKING = {
    "respike": ("respike-table1", "respike_r18_s4", ("frames=16&stride=1&size=224", "frames=4&stride=1&size=32"), 3),
    "svformer": ("svformer-table1", '"base"', ('"snnconv:svformer"', SMALL), 1),
}


@pytest.mark.parametrize("name", [pytest.param("respike", marks=pytest.mark.slow), "svformer"])
def test_directly_trained_networks_from_the_start(name: str, root: Path, tmp_path: Path) -> None:
    """Table 1 of ReSpike on each of three splits, and of SVFormer, of one row at the least size that they take."""
    recipe, row, change, splits = SPIKING[name]
    found = smaller(tmp_path / f"{recipe}.toml", recipe, (row,), change)
    work = Workspace(data_root=root, folder=tmp_path / "out", limit=4, views="1x1")
    trainer = Trainer({"": "random"}, QUICK)
    checks = dry_run(found, work, trainer=trainer)
    assert [check.state for check in checks] == ["is trained first"] * splits
    (measured,) = run_recipe(found, work, trainer=trainer).rows
    assert (measured.why, len(measured.by_split)) == ("", splits if splits > 1 else 0)
    assert measured.measured[-1] is not None
    assert len(list((tmp_path / "out").rglob("network.pt"))) == splits
