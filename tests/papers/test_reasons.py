"""What cannot run says why, and nothing is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from snnconv import InputError
from snnconv.cli.recipes import weights_by_group
from snnconv.data import DATA_SOURCES
from snnconv.methods import METHODS
from snnconv.papers import Workspace, find_recipe, listing, recipes, run_recipe

from .made import row_of

DATA_FREE = ("count", "parameters", "energy", "arithmetic", "transfer")
UNCOUNTED = sorted(set(recipes()) - {"sdm-table3", "respike-table2", "respike-table3"})  # these are quick


@pytest.mark.parametrize("name", UNCOUNTED)
def test_nothing_is_made_up(name: str) -> None:
    """With no data here, only cells that need none have values; every other row says why."""
    recipe = recipes()[name]
    run = run_recipe(name)
    for row in run.rows:
        for column, value in zip(recipe.columns, row.measured):
            assert value is None or column.measure in DATA_FREE
        assert row.why or None not in row.measured
    assert run.other == ""


def test_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(METHODS._entries, "opt")
    run = run_recipe("sdm-table1", group="ucf101/slowfast")
    assert row_of(run, "opt", "ucf101/slowfast").why.startswith("method opt is not there yet; needs UCF-101")
    assert row_of(run, "sdm α=0.2 β=5", "ucf101/slowfast").why.startswith("needs UCF-101")
    svformer = row_of(run_recipe("svformer-table2"), "no noise", "ucf101")
    assert svformer.why.startswith("needs UCF-101 (--data-root DIR); needs trained weights")
    cifar = row_of(run_recipe("sdm-table4", group="cifar10/vgg16"), "sdm α=0.5 β=2", "cifar10/vgg16")
    assert cifar.why == "needs CIFAR-10 (--data-root DIR); needs trained weights (--weights cifar10/vgg16/clip=FILE)"


def test_rows_with_networks_of_their_own_take_their_own_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    why = row_of(run_recipe("svformer-table3"), "plif to lif", "ucf101").why
    assert why.endswith("needs trained weights (--weights ucf101/plif to lif=FILE)")
    base, lif = (row for row in find_recipe("svformer-table3").rows if row.name in ("base", "plif to lif"))
    work = Workspace(weights={"ucf101/plif to lif": "lif.pth", "ucf101": "all.pth"})
    assert (work.weights_of(base), work.weights_of(lif)) == ("all.pth", "lif.pth")
    given = ["frames/all 16 frames=a=b.pth", "network=c.pth"]
    found = weights_by_group(find_recipe("respike-table4"), None, given)
    assert found == {"frames/all 16 frames": "a=b.pth", "network": "c.pth"}
    assert weights_by_group(find_recipe("respike-fig5"), None, ["ucf101/s=2=w"]) == {"ucf101/s=2": "w"}
    with pytest.raises(InputError, match="GROUP/ROW=FILE"):
        weights_by_group(find_recipe("respike-fig5"), None, ["w.pth"])


def test_what_nothing_given_would_help_is_the_only_reason() -> None:
    run = run_recipe("svformer-table1", group="dvs128gesture")
    assert row_of(run, "convnet_plif", "dvs128gesture").why == "a figure of other work, with no network here"


def test_reasons_are_found_by_looking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A method, a reader or a folder that comes later takes its reason away."""
    work = Workspace(data_root=tmp_path, weights={"": "w.pth"})

    def why(name: str) -> str:
        return row_of(run_recipe("sdm-table1", work, group="ucf101/slowfast"), name, "ucf101/slowfast").why

    with monkeypatch.context() as before:
        before.delitem(DATA_SOURCES._entries, "ucf101")
        before.delitem(METHODS._entries, "opt")
        assert why("opt") == "method opt is not there yet; needs UCF-101, and there is no reader for it yet"
    with monkeypatch.context() as before:
        before.delitem(DATA_SOURCES._entries, "ucf101")
        assert why("opt") == "needs UCF-101, and there is no reader for it yet"
    opened = f"cannot be opened as ucf101:{tmp_path}:test1 (the folder does not hold ucf101)"
    assert why("opt") == f"needs UCF-101, which {opened}"


def test_listing() -> None:
    found = {entry.name: entry for entry in listing()}
    assert set(found) == set(recipes())
    assert found["sdm-fig4"].here == found["svformer-energy"].here == "yes"
    assert found["sdm-table1"].here.startswith("no: needs UCF-101")
    assert found["respike-table3"].here == "yes"
    assert found["respike-table4"].here.startswith("no: needs UCF-101")
    assert found["svformer-table1"].here.startswith("in part (8 of 52 figures): needs UCF-101")
    assert found["sdm-table2"].place == "You et al., Table II"
