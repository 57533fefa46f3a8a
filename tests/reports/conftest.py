"""A folder of every result: of the bundled network, and of small video networks. And the same with names that a
careless page would run as a script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from snnconv.bench import anytime, clip_attention, grid, robustness
from snnconv.data import open_data
from snnconv.models import fashion_cnn, respike, svformer
from snnconv.reports import measure, report
from snnconv.training import train
from snnconv.tuning import tune
from snnconv.verification import verify

from ..training.toys import train as finetuned

NETWORK = "a network over clips"
HOSTILE = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">$\\frac$"


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three settings, two of which differ in α alone, T = 1, 2, 4, on 60 bundled images."""
    folder = tmp_path_factory.mktemp("measured") / "results"
    networks = grid(
        fashion_cnn(pretrained=True), "if,sdm,sdm:alpha=0.4", T=4, data=open_data("fashion:train", limit=64)
    )
    measure(networks, open_data("fashion:test", batch_size=30, limit=60), (1, 2, 4), folder)
    learn(folder, tmp_path_factory.mktemp("learned"))
    choose(folder)
    watch(folder)
    return folder


def learn(folder: Path, scratch: Path) -> None:
    """The courses of two short trainings."""
    images = (open_data("fashion:train", limit=64), open_data("fashion:test", limit=60))
    train(fashion_cnn(), *images, folder=scratch / "train", epochs=1, batch_size=32).save(folder)
    finetuned(scratch / "finetune")[1].save(folder)


def choose(folder: Path) -> None:
    """Whether the bundled network converts faithfully, and how under a budget."""
    network = fashion_cnn(pretrained=True)
    verify(network, open_data("fashion:test", limit=4), T=4).save(folder)
    samples = open_data("fashion:train", limit=96)
    _, tuned = tune(network, samples, T=(1,), methods="sdm-zero", budget_spikes=0.4, calib_limit=64, choose_limit=32)
    tuned.save(folder)


def watch(folder: Path) -> None:
    """Of networks that are trained directly: over frames, under noise, and where they look."""
    torch.manual_seed(0)
    clips = [(torch.rand(3, 1, 4, 32, 40), torch.tensor([0, 1, 2]))]
    spiking = svformer("3stg", 4, T=4, size=(32, 40), in_channels=1, threshold=0.2)
    anytime(spiking, clips, model=NETWORK).save(folder)
    robustness(spiking, clips, gaussian=[0.5], salt_pepper=[0.1, 0.3], name=NETWORK).save(folder)
    clip_attention(respike(num_classes=4, in_channels=1), clips, model=NETWORK).save(folder)


@pytest.fixture(scope="session")
def hostile(measured: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same results with hostile names: of sites, a setting, the data, models, the command, in a notice."""
    folder = tmp_path_factory.mktemp("hostile")
    for path in measured.glob("*.json"):
        text = path.read_text()
        for name in ("conv1.2", "fashion:test", "FashionCNN", "sdm α=0.4 β=2", NETWORK, "PE2"):
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
