"""The page and the other files of a run."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from snnconv.coverage import Coverage
from snnconv.coverage.page import page

from .made import FAILED, FAR, GATED, PLAIN, made


def rows(text: str) -> dict[str, dict[str, str]]:
    """{network: {heading: cell}} of all tables of a page."""
    found: dict[str, dict[str, str]] = {}
    headings: list[str] = []
    for line in text.splitlines():
        if not line.startswith("| "):
            continue
        cells = [cell.strip() for cell in line.replace("\\|", "/").strip("|").split("|")]
        if cells[0] == "network":
            headings = cells
        elif not cells[0].startswith("---"):
            found[cells[0]] = dict(zip(headings, cells, strict=True))
    return found


def test_every_network_has_a_row_under_its_zoo() -> None:
    text = page(made(PLAIN, GATED, FAR, FAILED))
    assert set(rows(text)) == {"plain", "gated", "far", "failed"}
    torchvision, pytorchvideo = text.split("## pytorchvideo")
    assert set(rows(torchvision)) == {"plain", "far", "failed"}
    assert set(rows(pytorchvideo)) == {"gated"}


def test_cells() -> None:
    found = rows(page(made(PLAIN, GATED, FAR)))
    assert found["plain"] == {
        "network": "plain", "input": "3×64×64", "made smaller": "input", "activations": "7 ReLU", "spiking": "7/7",
        "analog operators (M MAC)": "", "canonical": "2.0e-07", "T = 8": "4 %", "T = 32": "0.4 %", "slope": "−1.02",
        "limit": "2%", "holds": "yes", "CPU s": "12", "GiB": "1.0",
    }  # fmt: skip
    gated = found["gated"]
    assert gated["input"] == "3×4×64×64 and 3×16×64×64"
    assert gated["made smaller"] == "input; 3 of 17 blocks in blocks.2"
    assert gated["analog operators (M MAC)"] == "3 layer_norm (1.5), 2 softmax"
    assert found["far"]["holds"] == "**no**"


def test_the_summary_counts() -> None:
    text = page(made(PLAIN, GATED, FAR, FAILED))
    assert "3 of 4 networks convert and run; 2 pass every check" in text
    assert (
        "ReLU family, nothing analog: 1 of 2 within 2% of the ANN's logits at T = 32; the farthest is far, 3 %" in text
    )
    assert "others: 1 of 1 within 5%" in text
    assert "the error falls with T in 3 of 3" in text


def test_failures_are_told() -> None:
    text = page(made(PLAIN, FAR, FAILED))
    assert "## What does not hold" in text
    assert "- torchvision:failed: out of memory | it said" in text
    assert "- torchvision:far: limit: 3 % at T = 32" in text
    assert rows(text)["failed"]["holds"] == "failed"
    assert "## What does not hold" not in page(made(PLAIN, GATED))


def test_an_error_that_is_no_number_is_the_farthest() -> None:
    text = page(made(PLAIN, replace(FAR, snn_error={8: None, 32: None})))
    assert "the farthest is far, NaN" in text


def test_what_was_measured_is_told() -> None:
    text = page(made(PLAIN))
    for words in (
        "some processor, 2 threads, 2 networks at a time",
        "torch 2.9",
        "seed 0",
        "alpha 0.06667",
        "2026-01-01",
    ):
        assert words in text


def test_held_needs_every_network() -> None:
    assert made(PLAIN, GATED).held
    assert not made(PLAIN, FAR).held
    assert not made(PLAIN, FAILED).held


@pytest.mark.parametrize("networks", [(PLAIN, GATED, FAR, FAILED), (FAILED,)], ids=["several", "only a failure"])
def test_files(networks: tuple, tmp_path: Path) -> None:
    result = made(*networks)
    files = result.save(tmp_path)
    assert [file.name for file in files] == [f"coverage.{kind}" for kind in ("json", "csv", "png", "svg", "md")]
    assert all(file.stat().st_size for file in files)
    assert Coverage.load(tmp_path) == result
    assert json.loads(files[0].read_text())["networks"][0]["model"] == networks[0].model
    with files[1].open() as file:
        lines = list(csv.DictReader(file))
    assert [line["model"] for line in lines] == [network.model for network in networks]
    assert [line["held"] for line in lines] == [str(network.held) for network in networks]
    assert files[-1].read_text() == page(result)
