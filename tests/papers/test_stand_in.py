"""Recipes on another network, and the settings of methods on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from snnconv import convert
from snnconv.bench import Robustness, robustness, sweep
from snnconv.bench._diagnose import diagnose
from snnconv.methods import METHODS
from snnconv.models import fashion_cnn
from snnconv.papers import Workspace, recipes, run_recipe

from .made import row_of


@pytest.mark.slow
def test_another_network_runs_the_settings(stand_in: Workspace) -> None:
    run = run_recipe("sdm-table2", stand_in, T=(2, 16))
    assert run.other == "fashion_cnn on fashion:test"
    assert run.columns == ["ANN", "T=2", "T=16"]
    assert run.steps == [None, 2, 16]
    assert not any(row.why for row in run.rows)
    for row, settings in ((row_of(run, "M", "ucf101/slowfast"), (1.0, 1, 0)), (run.rows[-1], (0.5, 2, 1))):
        alpha, beta, down = settings
        snn = convert(
            fashion_cnn(pretrained=True), 16, data=stand_in.calib, method="sdm", alpha=alpha, beta=beta, down_limit=down
        )
        assert stand_in.data is not None
        direct = sweep(snn, stand_in.data, (2, 16))
        assert row.measured == pytest.approx([direct.ann_accuracy, *(found.accuracy for found in direct.rows)])
    assert run.rows[-1].published == [None, None, 92.31]


def test_methods_that_are_missing_stay_missing(stand_in: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(METHODS._entries, "opt")
    run = run_recipe("sdm-fig5", stand_in, T=(1,))
    assert {row.group for row in run.rows} == {"ucf101/slowonly"}
    opt, *others = run.rows
    assert (opt.measured, opt.why) == ([None, None], "method opt is not there yet")
    assert all(row.measured[1] is not None and not row.why for row in others)


def test_bias_is_that_of_the_diagnosis(stand_in: Workspace, tmp_path: Path) -> None:
    work = Workspace(**{**vars(stand_in), "folder": tmp_path})
    row = row_of(run_recipe("sdm-fig1", work), "sdm", "ucf101/resnet3d50")
    snn = convert(fashion_cnn(pretrained=True), 16, data=stand_in.calib, method="sdm")
    assert stand_in.data is not None
    biases = [site.relative_bias or 0 for site in diagnose(snn, stand_in.data).sites]
    assert row.measured == pytest.approx([sum(biases) / len(biases), max(biases), biases[-1]])
    assert (tmp_path / "ucf101-resnet3d50-sdm" / "diagnose.json").exists()


def test_robustness_of_another_network(stand_in: Workspace, tmp_path: Path) -> None:
    """The network as it is, under the noise of every row; rows and the measurement itself are kept."""
    work = Workspace(**{**vars(stand_in), "folder": tmp_path})
    run = run_recipe("svformer-table2", work)
    assert stand_in.data is not None
    direct = robustness(fashion_cnn(pretrained=True), stand_in.data)
    assert [row.measured[0] for row in run.rows] == [row.accuracy for row in direct.rows]
    assert [row.why for row in run.rows] == [""] * 7
    assert Robustness.load(tmp_path / "ucf101").rows == direct.rows


METHOD_RECIPES = ("cos", "dcgs", "gn", "ltb", "mt", "qcfs", "snnc")
LONG = {("snnc", "cifar10/vgg16"), ("ltb", "imagenet/resnet34"), ("ltb", "kinetics400/r3d18")}
EACH_GROUP = [
    pytest.param(name, group, marks=pytest.mark.slow if (name, group) in LONG else ())
    for name in METHOD_RECIPES
    for group in recipes()[name].groups
]


@pytest.mark.parametrize(("name", "group"), EACH_GROUP)
def test_recipes_of_methods_run_their_settings(name: str, group: str, stand_in: Workspace) -> None:
    """On another network: every cell is what a conversion with the row's setting and a sweep of it give."""
    recipe, run = recipes()[name], run_recipe(name, stand_in, group=group)
    assert stand_in.data is not None
    for row in run.rows:
        source = next(known for known in recipe.rows if known.key == (row.group, row.name))
        snn = convert(
            fashion_cnn(pretrained=True), max(recipe.steps), data=stand_in.calib, method=source.method or "",
            **source.settings,
        )  # fmt: skip
        direct = sweep(snn, stand_in.data, recipe.steps)
        assert row.measured == pytest.approx([direct.ann_accuracy, *(found.accuracy for found in direct.rows)])
        assert row.why == ""
        assert row.published == list(source.published)
