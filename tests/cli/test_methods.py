"""`snnconv methods`: every entry of the registry, as a table and as data; one of them with all there is to say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snnconv import METHODS
from snnconv.cli.main import cli
from snnconv.papers import recipes

from .conftest import Command

EACH = pytest.mark.parametrize("name", list(METHODS))


def test_table_names_every_method(command: Command) -> None:
    ended = command("methods")
    assert ended.code == 0
    *table, remark = ended.out.splitlines()
    assert {line.split()[0] for line in table if line[1:2].strip()} == {"method", *METHODS}
    assert remark.startswith("snnconv methods NAME: ")


def test_json(command: Command) -> None:
    rows = json.loads(command("methods", "--json").out)["methods"]
    assert [row["method"] for row in rows] == list(METHODS)
    sdm = next(row for row in rows if row["method"] == "sdm")
    assert (sdm["needs"], sdm["granularity"], sdm["warm_up"]) == ("clip", "layer", 0)
    free = json.loads(command("methods", "--training-free", "--json").out)["methods"]
    assert {row["needs"] for row in free} == {"nothing"}
    assert 0 < len(free) < len(rows)
    assert all(set(row["recipes"]) <= set(recipes()) for row in rows)


@EACH
def test_page(name: str, command: Command) -> None:
    """Every option with its default, of which those shown as options are options of `convert`; every recipe."""
    ended = command("methods", name)
    assert (ended.code, ended.err) == (0, "")
    method, document = METHODS[name], json.loads(command("methods", name, "--json").out)
    lines = ended.out.splitlines()
    assert lines[0] == f"{name}: {method.summary}"
    assert method.source in ended.out
    assert method.neuron in ended.out
    assert set(document["options"]) == {*method.options, *method.fixed}
    taken = {option for parameter in cli.commands["convert"].params for option in parameter.opts}
    offered = next((line for line in lines if line.startswith("  options ")), "").split()
    flags = {word for word in offered if word.startswith("--")}
    assert flags == {f"--{option.replace('_', '-')}" for option in document["settable"]}
    assert flags <= taken
    users = [known for known in recipes() if any(row.method == name for row in recipes()[known].rows)]
    assert document["recipes"] == users
    assert all(f"\n  {known}: " in ended.out for known in users)
    assert ("published figures: none" in lines) is not bool(users)


def test_page_of_sdm_shows_both_gates_as_measured(command: Command) -> None:
    """The figures are those of the kept results."""
    page = command("methods", "sdm").out
    measured = (Path(__file__).parents[2] / "benchmarks/results/resnet20-cifar10/README.md").read_text()
    assert "5000 test images" in measured
    for gate in ("memory", "input"):
        (row,) = (line for line in measured.splitlines() if line.startswith(f"| SDM (0.5, 2), {gate} gate"))
        figures = [cell.split()[0] for cell in row.split("|")[2:-1]]
        (told,) = (line for line in page.splitlines() if line.startswith(f"  --gate {gate}"))
        assert told.split()[2:] == figures
    assert "O > 0" in page
    assert "Σ I > 0" in page


def test_page_of_cos(command: Command) -> None:
    out = command("methods", "cos").out
    assert "  latency     4 + T steps\n" in out
    assert "  options     --alpha 1, --rho 4\n" in out
    assert "v(0) = ½ − max(1, m⁻ − 0.999)" in out
    assert "    imagenet/resnet34 cos ρ=8: ANN 74.22, T=2 72.66, T=8 74.17\n" in out
    published = json.loads(command("methods", "cos", "--json").out)["published"]
    assert published[0]["figures"] == {"ANN": 76.28, "T=2": 76.03, "T=4": 76.26}
    assert published[0]["settings"] == {"rho": 4}


def test_equations_of_the_plain_neurons(command: Command) -> None:
    assert "s = 1 if m ≥ θ else 0;  v ← m − sθ" in command("methods", "if").out
    assert "clamp(⌊m/θ⌋, 0, β)" in command("methods", "sdm").out
    assert "    1 row without figures: the paper draws them" in command("methods", "if").out
    assert "set up      for one T" in command("methods", "rts").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("methods", "cso"), ("unknown method 'cso'", "did you mean 'cos'")),
        (("methods", "cos", "--training-free"), ("--training-free goes with the list",)),
    ],
)
def test_errors(arguments: tuple[str, ...], told: tuple[str, ...], command: Command) -> None:
    ended = command(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert all(part in ended.err for part in told)
