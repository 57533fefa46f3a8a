"""What stands in the page, read as HTML without a browser."""

from __future__ import annotations

import base64
import csv
import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from snnconv import InputError
from snnconv.bench import Anytime, Robustness, Sweep
from snnconv.reports import report
from snnconv.training import Training
from snnconv.tuning import Tuned
from snnconv.verification import Verification

from .conftest import HOSTILE, NETWORK

RESULTS = (
    "train", "finetune", "verify", "tune", "sweep", "anytime", "energy", "latency", "robustness", "diagnose",
    "attention", "clip_attention",
)  # fmt: skip


class Page(HTMLParser):
    """Elements, addresses and text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.links: dict[str, str] = {}
        self.text = ""
        self.handlers: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.addresses += [value for name in ("src", "href") if (value := values.get(name))]
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.handlers += [name for name in values if name.startswith("on")]
        if values.get("download") and values.get("href"):
            self.links[str(values["download"])] = str(values["href"])

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def parsed(page: Path) -> Page:
    return Page(page)


def test_every_result_has_its_section_and_pictures(parsed: Page) -> None:
    assert [name for name in parsed.ids if name in (*RESULTS, "summary", "record")] == ["summary", *RESULTS, "record"]
    figures = [name.removeprefix("figure-") for name in parsed.ids if name.startswith("figure-")]
    assert figures == [
        "train", "finetune", "verify", "tune", "sweep", "pareto-spikes", "pareto-energy", "firing-rates", "alpha",
        "transfer", "anytime", "energy", "latency", "robustness", "activation-bias", "error-split", "firing",
        "attention", "clip_attention",
    ]  # fmt: skip
    assert parsed.tags.count("img") == parsed.tags.count("figcaption") == len(figures)


def test_the_page_is_complete_in_itself(parsed: Page, page: Path) -> None:
    assert all(address.startswith(("data:", "#")) for address in parsed.addresses)
    assert {"link", "script", "style"} <= set(parsed.tags)
    assert parsed.tags.count("script") == parsed.tags.count("style") == 1
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest", page.read_text())
    assert len(set(parsed.ids)) == len(parsed.ids)
    assert {address[1:] for address in parsed.addresses if address.startswith("#")} <= set(parsed.ids)


def test_the_verdict_comes_first(parsed: Page, measured: Path) -> None:
    sweep = Sweep.load(measured)
    energy, latency, diagnose = (
        json.loads((measured / f"{name}.json").read_text())["verdict"] for name in ("energy", "latency", "diagnose")
    )
    text = parsed.text.replace("\u00a0", " ")
    summary = text[text.index("Summary", text.index("How it was made")) : text.index("Measured on")]
    for verdict in (energy, latency, diagnose):
        assert verdict in summary
    assert f"classifies {sweep.ann_accuracy:.2f} % of 60 samples of fashion:test" in summary
    for row in sweep.rows:
        assert f"{row.accuracy:.2f}" in summary
    assert f"trained for 1 epoch of 64 samples: {Training.load(measured).accuracy:.2f} % of the validation" in summary
    assert f"{NETWORK}: {Anytime.load(measured).verdict}." in summary
    assert f"{NETWORK}: {Robustness.load(measured).accuracy(NETWORK):.2f} % without noise" in summary
    assert f"checks hold; the error of the output is {100 * Verification.load(measured).snn_error[4]:.3g} %" in summary
    assert f"At most 0.4 spikes per neuron: {Tuned.load(measured).chosen.name} at T = 1 names" in summary
    assert f"Highest accuracy: {max(row.accuracy for row in sweep.rows):.2f} %" in summary


def test_how_it_was_made_is_told(parsed: Page, measured: Path) -> None:
    record = parsed.text[parsed.text.rindex("How it was made") :]
    made = json.loads((measured / "sweep.json").read_text())["provenance"]
    for value in (*made["versions"].values(), made["hardware"]["processor"], "seed", "calibration · name"):
        assert value in record
    assert "a program of somebody's own" in record  # no command line made these


def test_papers_are_named_under_their_figures(parsed: Page) -> None:
    for number in (1, 4, 6, 7):
        assert f"Corresponds to Fig. {number} of You et al., IEEE TCDS 2024" in parsed.text


def test_the_data_come_with_the_page(parsed: Page, measured: Path) -> None:
    assert set(parsed.links) == {f"{name}.{kind}" for name in RESULTS for kind in ("csv", "json")}
    rows = base64.b64decode(parsed.links["sweep.csv"].partition("base64,")[2]).decode()
    accuracies = [float(row["accuracy"]) for row in csv.DictReader(rows.splitlines())]
    assert accuracies == [row.accuracy for row in Sweep.load(measured).rows]
    document = base64.b64decode(parsed.links["energy.json"].partition("base64,")[2])
    assert document == (measured / "energy.json").read_bytes()


def test_names_from_anywhere_stay_text(hostile_page: Path) -> None:
    parsed = Page(hostile_page)
    assert parsed.tags.count("script") == 1
    assert parsed.handlers == []
    assert all(address.startswith(("data:", "#")) for address in parsed.addresses)
    assert parsed.text.count(HOSTILE) > 10
    headings = re.findall(r"<h1>(.*)</h1>", hostile_page.read_text())
    assert headings == [
        html.escape(f"FashionCNN{HOSTILE}".rpartition("/")[2], quote=True)
        .replace("&#x27;", "&#39;")
        .replace("&quot;", "&#34;")
    ]


@pytest.mark.parametrize("name", RESULTS)
def test_each_result_is_enough_for_a_page(name: str, measured: Path, tmp_path: Path) -> None:
    shutil.copy(measured / f"{name}.json", tmp_path)
    parsed = Page(report(tmp_path, tmp_path / "report.html"))
    assert [section for section in RESULTS if section in parsed.ids] == [name]


@pytest.mark.slow
def test_figures_as_files(measured: Path, page: Path, tmp_path: Path) -> None:
    report(measured, tmp_path / "again.html", figures=tmp_path / "figures")
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    figures = [name.removeprefix("figure-") for name in Page(page).ids if name.startswith("figure-")]
    assert names == {f"{name}.{kind}" for name in figures for kind in ("svg", "png")}


def test_equal_results_give_equal_pages(measured: Path, page: Path, tmp_path: Path) -> None:
    report(measured, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_title(measured: Path, tmp_path: Path) -> None:
    report(measured, tmp_path / "page.html", title="Mine & <yours>")
    assert "<h1>Mine &amp; &lt;yours&gt;</h1>" in (tmp_path / "page.html").read_text()


def test_an_interrupted_sweep_says_so(measured: Path, tmp_path: Path) -> None:
    document = json.loads((measured / "sweep.json").read_text())
    (tmp_path / "sweep.json").write_text(json.dumps({**document, "complete": False}))
    assert "partial results" in Page(report(tmp_path, tmp_path / "report.html")).text


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "no results in the folder"),
        ({"notes.json": "{}"}, "no results in the folder"),
        ({"sweep.json": "{"}, "the sweep result is damaged"),
        ({"sweep.json": "{}"}, "the sweep result is damaged"),
        ({"energy.json": "[]"}, "the energy result is damaged"),
        ({"latency.json": '{"rows": 3, "exits": []}'}, "the latency result is damaged"),
        ({"anytime.json": '{"rows": [], "exits": [], "layers": []}'}, "the anytime result is damaged"),
        ({"train.json": '{"epochs": []}'}, "the train result is damaged"),
    ],
)
def test_what_is_no_result_is_one_error(files: dict[str, str], problem: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=problem):
        report(tmp_path, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_numbers_that_are_none_are_one_error(measured: Path, tmp_path: Path) -> None:
    document = json.loads((measured / "sweep.json").read_text())
    document["rows"][0]["accuracy"] = "<script>"
    (tmp_path / "sweep.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="the sweep result is damaged"):
        report(tmp_path, tmp_path / "report.html")


def test_what_only_the_drawing_stumbles_over_is_one_error(measured: Path, tmp_path: Path) -> None:
    document = json.loads((measured / "verify.json").read_text())
    (tmp_path / "verify.json").write_text(json.dumps({**document, "provenance": {"versions": 5}}))
    with pytest.raises(InputError, match=r"what is in verify\.json cannot be shown"):
        report(tmp_path, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_results_that_lack_a_part_are_one_error(tmp_path: Path) -> None:
    """Every row has its type; the one that all are compared with is not there."""
    row = {"network": "SNN", "noise": "gaussian", "level": 0.1, "accuracy": 50.0}
    settings = {"settings": {}, "normalization": None, "T": 4, "clipped": False, "samples": 10, "data": "d"}
    (tmp_path / "robustness.json").write_text(json.dumps({"rows": [row], **settings}))
    with pytest.raises(InputError, match="these are not robustness results"):
        report(tmp_path, tmp_path / "report.html")


def test_a_missing_folder_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)no results in the folder.*no such folder"):
        report(tmp_path / "nowhere", tmp_path / "report.html")
