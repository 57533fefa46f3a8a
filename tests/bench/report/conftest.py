"""A folder of every result, measured on the bundled network, with a name that a careless page would run as a script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snnconv.bench import grid, report
from snnconv.bench.report import measure
from snnconv.data import open_data
from snnconv.models import fashion_cnn

HOSTILE = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">$\\frac$"


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three settings, two of which differ in α alone, T = 1, 2, 4, on 60 bundled images."""
    folder = tmp_path_factory.mktemp("measured") / "results"
    networks = grid(
        fashion_cnn(pretrained=True), "if,sdm,sdm:alpha=0.4", T=4, data=open_data("fashion:train", limit=64)
    )
    measure(networks, open_data("fashion:test", batch_size=30, limit=60), (1, 2, 4), folder)
    return folder


@pytest.fixture(scope="session")
def hostile(measured: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same results with hostile names: of a site, a setting, the data, the model, the command, in a notice."""
    folder = tmp_path_factory.mktemp("hostile")
    for path in measured.glob("*.json"):
        text = path.read_text()
        for name in ("conv1.2", "fashion:test", "FashionCNN", "sdm α=0.4 β=2"):
            text = text.replace(json.dumps(name), json.dumps(name + HOSTILE))
        document = json.loads(text)
        document["provenance"]["command"] = HOSTILE
        for part in (document, *document.get("curves", [])):
            if "notices" in part:
                part["notices"] = [HOSTILE]
        (folder / path.name).write_text(json.dumps(document))
    return folder


@pytest.fixture(scope="session")
def page(measured: Path) -> Path:
    return report(measured, measured / "report.html")


@pytest.fixture(scope="session")
def hostile_page(hostile: Path) -> Path:
    return report(hostile, hostile.parent / "report.html")
