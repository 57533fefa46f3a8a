"""What a row runs on: its own network, each of its splits, its own normalisation; and what a bad row costs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from snnconv import InputError, convert
from snnconv.bench import sweep
from snnconv.cli.recipes import weights_by_group
from snnconv.data import open_data
from snnconv.io.factory import build
from snnconv.io.trained_file import Origin, save_trained
from snnconv.measure.scoring import accuracy
from snnconv.models import fashion_cnn
from snnconv.papers import Workspace, dry_run, find_recipe, run_recipe
from snnconv.papers.data_sets import DATA_SETS, NORMALIZATIONS, DataSet
from snnconv.papers.opening import open_network

from .made import row_of
from .stand_ins import ucf101

HEAD = 'paper = "Nobody et al., 2020"\ntitle = "Table 0"\nwhat = "small networks on clips"\n'
OPTIONS = "frames=4&stride=1&size=16"
GROUP = f"""
[[groups]]
name = "ucf"
data = "ucf101"
classes = 101
network = "snnconv:small_cnn3d"
sampling = "{OPTIONS}"
normalization = "imagenet"
"""
SPLITS = HEAD + 'columns = [{ name = "top-1 %", measure = "accuracy" }]\n' + GROUP + 'splits = ["1", "2", "3"]\n'
SPLITS += 'rows = [{ name = "net", published = [50] }]\n'
SETTINGS = (
    HEAD
    + """T = [1]
[[groups]]
name = "pictures"
data = "cifar10"
network = "snnconv:fashion_cnn"
rows = [
    { name = "good", method = "if", ann = 50, published = [40] },
    { name = "bad", method = "sdm", settings = { alpha = 7 }, ann = 50, published = [40] },
    { name = "other weights", method = "if", ann = 50, published = [45] },
]
"""
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ucf")
    ucf101(folder)
    return folder


def recipe_at(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def weights_at(path: Path, seed: int) -> str:
    torch.manual_seed(seed)
    save_file(build("snnconv:small_cnn3d", num_classes=101).state_dict(), path)
    return str(path)


def test_several_splits_are_measured_each_with_a_network_of_its_own(root: Path, tmp_path: Path) -> None:
    recipe = recipe_at(tmp_path / "splits.toml", SPLITS)
    weights = {f"ucf:{split}": weights_at(tmp_path / f"{split}.safetensors", split) for split in (1, 2, 3)}
    (row,) = run_recipe(recipe, Workspace(data_root=root, weights=weights)).rows
    direct = {}
    for split in (1, 2, 3):
        network = open_network(find_recipe(recipe).rows[0], weights[f"ucf:{split}"]).model
        form = f"ucf101:{root}:test{split}?{OPTIONS}"
        direct[str(split)] = [accuracy(network, open_data(form, normalization=NORMALIZATIONS["imagenet"]))]
    assert row.by_split == direct
    assert row.measured == [pytest.approx(sum(value for (value,) in direct.values()) / 3)]
    assert row.why == ""


def test_a_mean_lacks_what_a_split_lacks(root: Path, tmp_path: Path) -> None:
    recipe = recipe_at(tmp_path / "splits.toml", SPLITS)
    file = weights_at(tmp_path / "w.safetensors", 0)
    (row,) = run_recipe(recipe, Workspace(data_root=root, weights={"ucf:1": file, "ucf:3": file})).rows
    assert (row.measured, row.why) == ([None], "needs trained weights (--weights ucf:2=FILE)")
    (row,) = run_recipe(recipe, Workspace(data_root=root, weights={"ucf": file})).rows  # trained on what others test
    assert row.why == "; ".join(f"needs trained weights (--weights ucf:{split}=FILE)" for split in (1, 2, 3))
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"nothing")
    weights = {"ucf:1": file, "ucf:2": str(damaged), "ucf:3": file}
    (row,) = run_recipe(recipe, Workspace(data_root=root, weights=weights)).rows
    assert row.measured == [None]
    assert row.why.startswith("failed on split 2: ")
    assert set(row.by_split) == {"1", "3"}
    given = [f"ucf/net:2={file}", f"ucf:3={file}"]
    assert weights_by_group(find_recipe(recipe), None, given) == {"ucf/net:2": file, "ucf:3": file}


def test_one_bad_row_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("snnconv.papers.run.log.warning", told.append)
    monkeypatch.setitem(DATA_SETS._entries, "cifar10", DataSet("pictures", "fashion:test", "fashion:train"))
    recipe = recipe_at(tmp_path / "settings.toml", SETTINGS)
    weights = {"pictures": str(tmp_path / "good"), "pictures/other weights": str(tmp_path / "random")}
    for file, pretrained in zip(weights.values(), (True, False)):
        save_file(fashion_cnn(pretrained=pretrained).state_dict(), file)
    run = run_recipe(recipe, Workspace(data_root=tmp_path, weights=weights, folder=tmp_path / "out", limit=40))
    why = {row.name: row.why.partition(" ")[0] for row in run.rows}
    assert why == {"good": "", "bad": "failed:", "other weights": ""}
    assert "alpha" in row_of(run, "bad", "pictures").why
    assert told == ["1 of 3 rows failed: pictures/bad"]
    test, calib = open_data("fashion:test", limit=40), open_data("fashion:train", batch_size=100, limit=512)
    for name, file in zip(("good", "other weights"), weights.values()):
        network = open_network(find_recipe(recipe).rows[0], file).model
        direct = sweep(convert(network, 1, data=calib, method="if"), test, (1,))
        assert row_of(run, name, "pictures").measured == [direct.ann_accuracy, direct.rows[0].accuracy]


def test_rows_of_one_group_run_their_own_networks() -> None:
    """The rows of SDM's Table III that convert name two networks in one group."""
    recipe = find_recipe("sdm-table3")
    shares = {row.name: row.shares for row in recipe.rows if row.method}
    assert shares == {name: name for name in ("slowonly, sdm α=0.2 β=5", "slowfast, sdm α=0.2 β=5")}
    clip, relu = "ucf101/slowfast/clip", "ucf101/slowfast/relu"
    table = [row.shares for row in find_recipe("sdm-table1").rows if row.group == "ucf101/slowfast"]
    assert table == [clip, relu, relu, clip, clip, clip]
    assert {row.shares for row in find_recipe("sdm-table2").rows} == {"ucf101/slowfast"}


def test_trained_files_have_to_be_of_the_rows_network(tmp_path: Path) -> None:
    row = find_recipe("sdm-table4").rows[0]
    save_trained(
        build("snnconv:cifar_resnet20", num_classes=10), tmp_path / "a.pt", Origin("snnconv:cifar_resnet20", 10)
    )
    with pytest.raises(InputError, match="another network than snnconv:vgg16_cifar"):
        open_network(row, str(tmp_path / "a.pt"))


def test_a_dry_run_tells_what_rows_run_on(root: Path, tmp_path: Path) -> None:
    recipe = recipe_at(tmp_path / "splits.toml", SPLITS)
    first, second, third = dry_run(recipe, Workspace(data_root=root, weights={"ucf:1": weights_at(tmp_path / "w", 0)}))
    assert (first.split, first.state, first.why) == ("1", "runs here", "")
    assert first.shapes == [(3, 4, 16, 16)]
    assert first.test == (f"ucf101:{root}:test1?{OPTIONS}", 10)
    assert first.train == (f"ucf101:{root}:train1?{OPTIONS}", 20)
    assert first.normalization == NORMALIZATIONS["imagenet"].to_dict()
    assert (second.state, second.why) == ("needs WEIGHTS", "needs trained weights (--weights ucf:2=FILE)")
    assert third.shapes == [(3, 4, 16, 16)]  # with random ones
    (nothing, *_) = dry_run(recipe)
    assert (nothing.state, nothing.shapes) == ("needs DATA and WEIGHTS", [])
    wrong = SPLITS.replace("classes = 101", "classes = 7").replace('"1", ', "")
    check, _ = dry_run(recipe_at(tmp_path / "wrong.toml", wrong), Workspace(data_root=root))
    assert check.state == "fails"
    assert check.why.startswith("the data have another number of classes than the network expected: 7 got: 101")
    assert {row.state for row in dry_run("sdm-fig4")} == {"evaluates no data"}
    network = 'network = "snnconv:small_cnn3d"'
    beside = (
        SPLITS.replace(f"{network}\n", "")
        .replace('splits = ["1", "2", "3"]\n', "")
        .replace('{ name = "net"', f'{{ name = "of other work", published = [9] }}, {{ name = "net", {network}')
    )
    other, same, *_ = dry_run(recipe_at(tmp_path / "beside.toml", beside), Workspace(data_root=root))
    assert (other.state, other.shapes) == ("a figure of other work", [])
    assert same.shapes == third.shapes  # not taken for the figure before it
