"""What runs leave behind: files, and pictures of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snnconv import InputError
from snnconv.papers import PaperRun, Workspace, run_recipe


def test_results_are_kept_and_resumed(stand_in: Workspace, tmp_path: Path) -> None:
    work = Workspace(**{**vars(stand_in), "folder": tmp_path / "out"})
    run = run_recipe("sdm-table2", work, T=(1, 2))
    kept = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*"))
    assert {f"bench.{kind}" for kind in ("json", "csv", "png", "svg")} <= set(kept)
    assert "ucf101-slowfast/sweep.jsonl" in kept
    loaded = PaperRun.load(tmp_path / "out")
    assert loaded.rows == run.rows
    assert "NaN" not in (tmp_path / "out" / "bench.json").read_text()
    assert len(list(run.table())) == len(json.loads((tmp_path / "out" / "bench.json").read_text())["rows"]) * 3
    again = run_recipe("sdm-table2", work, T=(1, 2))
    assert again.rows == run.rows
    with pytest.raises(InputError, match="results of another recipe"):
        run_recipe("sdm-fig4", Workspace(folder=work.folder))
    run_recipe("sdm-fig4", Workspace(folder=work.folder, overwrite=True))
    assert PaperRun.load(tmp_path / "out").recipe == "sdm-fig4"


@pytest.mark.parametrize("name", ["sdm-fig4", "svformer-energy", "svformer-table3", "respike-table1", "sdm-table4"])
def test_pictures(name: str, tmp_path: Path) -> None:
    """One of each kind; with nothing measured too."""
    run = run_recipe(name)
    for kind in ("png", "svg"):
        run.plot(tmp_path / f"picture.{kind}")
    text = (tmp_path / "picture.svg").read_text()
    assert (run.rows[0].name if name != "respike-table1" else "nothing was both published and measured") in text
