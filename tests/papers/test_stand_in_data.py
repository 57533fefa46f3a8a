"""Every row of every recipe on data sets in their official layouts: what is opened fits the row's own network."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch

from snnconv.capture.examples import as_arguments
from snnconv.io.factory import build
from snnconv.models.geometry import ShapesOnly
from snnconv.papers import Workspace, dry_run, recipes
from snnconv.papers.cells import TRAINED
from snnconv.papers.opening import open_part
from snnconv.papers.recipe import Row

from .stand_ins import EVERY


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for make in EVERY:
        make(folder)
    return folder


@pytest.fixture(autouse=True)
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """CIFAR's files are not those whose checksums torchvision knows."""
    monkeypatch.setattr("torchvision.datasets.cifar.CIFAR10._check_integrity", lambda _: True)
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *_: True)


def evaluated() -> dict[str, Row]:
    """One row for every network and data set that the recipes evaluate, on each split, by the first that has them."""
    found: dict[str, Row] = {}
    for recipe in map(recipes().__getitem__, recipes()):
        if any(column.measure in TRAINED for column in recipe.columns):
            there = [row for row in recipe.rows if row.data and Workspace().missing_network(row) is None]
            for row in itertools.chain.from_iterable(row.by_split() for row in there):
                key = (row.network, dict(row.arch), row.classes, row.data, row.split, row.sampling, row.views)
                found.setdefault(repr(key), row)
    return {f"{row.data}{row.split} {row.place} {number}": row for number, row in enumerate(found.values())}


ROWS = evaluated()
# One for each data set, and those whose data were others than their networks take.
SAMPLE = {
    "cifar10/vgg16/qcfs", "cifar100/vgg16/cos ρ=4", "imagenet/resnet34/cos ρ=8", "kinetics400/r3d18/ltb",
    "ucf101/slowfast/opt", "hmdb51/slowonly/opt", "ucf101/c3d", "hmdb51/respike_r18_s4", "dvs128gesture/svformer_3stg",
    "i3d", "ntu60, cross-view/base", "ucf101/T8", "ucf101/clip 3d 20 4",
}  # fmt: skip
EACH = [pytest.param(name, marks=() if row.place in SAMPLE else pytest.mark.slow) for name, row in ROWS.items()]


def test_the_sample_is_of_the_rows() -> None:
    assert {row.place for row in ROWS.values()} >= SAMPLE
    assert {row.data for row in ROWS.values()} == {row.data for row in ROWS.values() if row.place in SAMPLE}


@pytest.mark.parametrize("name", EACH)
def test_data_fit_the_network_of_the_row(name: str, root: Path) -> None:
    """Of both parts, real samples; of the network, which computes nothing, the shapes."""
    row = ROWS[name]
    with torch.device("meta"):
        network = build(row.network or "", num_classes=row.classes, arch_args=row.arch).eval()
    for training in (True, False):
        data = open_part(row, network, training, root, limit=1, views=None if training else row.views)
        leaves = (data.first,) if isinstance(data.first, torch.Tensor) else data.first
        with torch.no_grad(), ShapesOnly():
            scores = network(*as_arguments(network, tuple(leaf[None].to("meta") for leaf in leaves)))
        assert scores.shape == (1, row.classes)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in recipes() if any(row.data for row in recipes()[name].rows)])
def test_every_recipe_runs_dry(name: str, root: Path) -> None:
    """With arithmetic: every network of its rows, with random weights, on a sample of its own data."""
    checks = dry_run(name, Workspace(data_root=root))
    known = {row.key for row in recipes()[name].rows if row.data and Workspace().missing_network(row) is None}
    for check in checks:
        if (check.group, check.row) in known:
            assert (check.state, bool(check.shapes), check.test is None) == ("needs WEIGHTS", True, False), check
    assert known <= {(check.group, check.row) for check in checks}
