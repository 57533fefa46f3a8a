"""The recipe files: all there, sound, with the published figures; and what is not a recipe."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from snnconv import InputError
from snnconv.bench._robustness import NOISES
from snnconv.io.factory import PREFIXES, build
from snnconv.papers import Recipe, find_recipe, recipes
from snnconv.papers.data_sets import DATA_SETS, NORMALIZATIONS
from snnconv.papers.measures import MEASURES
from snnconv.papers.measures.arithmetic import ARITHMETIC
from snnconv.papers.recipe import read_recipe

NAMES = {
    *(f"sdm-table{number}" for number in (1, 2, 3, 4)),
    *(f"sdm-fig{number}" for number in (1, 4, 5, 6)),
    *(f"respike-table{number}" for number in (1, 2, 3, 4)),
    "respike-fig5",
    *(f"svformer-table{number}" for number in (1, 2, 3)),
    "svformer-energy",
    *("cos", "dcgs", "gn", "ltb", "mt", "qcfs", "snnc"),
}


def test_all_tables_and_figures_are_there() -> None:
    assert set(recipes()) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_recipe_is_sound(name: str) -> None:
    """What its cells name exists or can be missing only as a network or method that is not built yet."""
    recipe = find_recipe(name)
    assert recipe.name == name
    assert recipe.paper
    assert recipe.title
    assert recipe.what
    assert recipe.needs
    columns = [column.name for column in recipe.columns]
    assert len(set(columns)) == len(columns)
    for column in recipe.columns:
        assert column.measure is None or column.measure in MEASURES
        assert {*column.macs, *column.acs} <= set(columns)
    for row in recipe.rows:
        assert len(row.published) == len(columns)
        assert row.data is None or row.data in DATA_SETS
        assert row.data is None or {row.split, *row.splits} <= {"", *DATA_SETS[row.data].splits}
        assert not row.normalization or row.normalization in NORMALIZATIONS
        assert row.network is None or row.network.partition(":")[0] in PREFIXES
        assert len(row.noise) <= 1
        assert set(row.noise) <= set(NOISES)
        assert row.arithmetic is None or row.arithmetic in ARITHMETIC


def figures(recipe: Recipe, group: str, name: str) -> tuple[float | None, ...]:
    return next(row.published for row in recipe.rows if row.key == (group, name))


# recipe, group, row, figures from the first column on
PUBLISHED = [
    ("sdm-table1", "ucf101/slowfast", "sdm α=0.2 β=5", (94.76, 92.94, 93.50, 93.95, 94.48, 94.55, 94.69, 94.76)),
    ("sdm-table1", "hmdb51/slowonly", "rts", (65.16, 1.96, 1.96, 2.42, 3.59, 21.37, 52.16, 61.50)),
    ("sdm-table2", "ucf101/slowfast", "MDBS", (None, 92.31, 93.68, 94.37)),
    ("sdm-table4", "cifar100/resnet20", "sdm α=0.5 β=2", (69.83, 22.08, 48.28, 66.49, 69.32, 69.65, 69.79, 69.81)),
    ("sdm-table4", "cifar10/vgg16", "rnl", (92.90, None, None, None, 57.90, 85.40, 91.15, 92.51)),
    ("respike-table1", "kinetics400", "respike_r50_s2", (70.1,)),
    ("respike-table3", "", "respike_r50_s4_ucf", (16.35, 7.22, 2.01, 110.21, 1.0)),
    ("respike-table1", "ucf101", "adascan", (78.6,)),
    ("respike-table1", "hmdb51", "adascan", (41.1,)),
    ("respike-table1", "ucf101", "residual_two_stream", (82.3,)),
    ("respike-table1", "hmdb51", "residual_two_stream", (43.4,)),
    ("svformer-table1", "ucf101", "base", (13.80, 16.0, 84.03)),
    ("svformer-table1", "ntu60, cross-view", "base", (13.76, 16.0, 94.68)),
    ("svformer-table1", "ntu60, cross-subject", "base", (13.76, 16.0, 88.12)),
    ("svformer-table2", "ucf101", "salt and pepper, P = 0.2", (66.32,)),
    ("svformer-table3", "ucf101", "T24", (14.84, 40.0, 81.81)),
    ("sdm-table4", "cifar100/vgg16", "srp", (76.28, 74.31, 75.42, 76.25, 76.42, 76.45, 76.37, None)),
    ("cos", "cifar100/vgg16", "cos ρ=4", (76.28, 76.03, 76.26, None)),
    ("cos", "imagenet/resnet34", "cos ρ=8", (74.22, 72.66, None, 74.17)),
    ("dcgs", "imagenet/resnet34", "dcgs n=8", (76.42, 73.35, 76.04)),
    ("gn", "imagenet/resnet34", "gn m=4", (None, 73.61)),
    ("ltb", "imagenet/resnet34", "ltb", (73.31, 64.88)),
    ("ltb", "kinetics400/r3d18", "ltb", (62.56, 53.46)),
    ("mt", "imagenet/resnet34", "mt n=8", (76.42, 76.276)),
    ("qcfs", "cifar10/vgg16", "qcfs", (None, 90.94, 94.01, 95.01)),
    ("snnc", "cifar10/vgg16", "light", (95.76, 93.30)),
    ("snnc", "cifar10/vgg16", "advanced", (95.76, 93.65)),
    ("svformer-energy", "", "as-published", (229.163, 0.700, 20.760, 1054.148, 21.904)),
]


@pytest.mark.parametrize(("name", "group", "row", "wanted"), PUBLISHED)
def test_published_figures(name: str, group: str, row: str, wanted: tuple[float | None, ...]) -> None:
    assert figures(find_recipe(name), group, row) == wanted


PARAMETERS = {
    ("svformer-table3", "ucf101", "clip 3d 20 4"): 12_886_924,  # 4 steps of 5 frames
    ("svformer-table3", "ucf101", "clip 3d 16 4"): 12_686_220,
    ("svformer-table3", "ucf101", "T8"): 12_759_180,
    ("svformer-table3", "ucf101", "T24"): 14_844_044,
    ("svformer-table1", "ntu60, cross-view", "base"): 13_759_587,
    ("respike-table1", "hmdb51", "respike_r50_s4"): 44_580_339,
}


@pytest.mark.parametrize(("name", "group", "row"), PARAMETERS)
def test_rows_name_the_networks_of_the_papers(name: str, group: str, row: str) -> None:
    found = next(each for each in find_recipe(name).rows if each.key == (group, row))
    with torch.device("meta"):
        network = build(found.network or "", num_classes=found.classes, arch_args=found.arch)
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMETERS[name, group, row]


def test_which_data_rows_are_measured_on() -> None:
    """The splits, protocols and views of the papers."""
    rows = {(name, row.group): row for name in recipes() for row in recipes()[name].rows}
    splits = {key: row.splits for key, row in rows.items() if row.splits}
    assert splits == dict.fromkeys([("respike-table1", "ucf101"), ("respike-table2", "ucf101")], ("1", "2", "3"))
    protocols = {group: row.split for (_, group), row in rows.items() if row.data == "ntu60"}
    assert protocols == {"ntu60, cross-subject": "xsub", "ntu60, cross-view": "xview"}
    views = {key for key, row in rows.items() if row.views == "5x3"}
    assert views == {(f"svformer-table{number}", "ucf101") for number in (1, 2, 3)}


def test_settings_of_the_ablation() -> None:
    """M mapping, D dual threshold, B bursts, S scaling: each letter is one setting."""
    for row in find_recipe("sdm-table2").rows:
        assert row.settings["down_limit"] == ("D" in row.name)
        assert row.settings["beta"] == (2 if "B" in row.name else 1)
        assert row.settings["alpha"] == (0.5 if "S" in row.name else 1.0)
    swept = [row.settings["alpha"] for row in find_recipe("sdm-fig6").rows if row.settings["beta"] == 2]
    assert swept == [0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


def test_an_unknown_recipe_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'sdm-table4'"):
        find_recipe("sdm-tabel4")


HEAD = 'paper = "p"\ntitle = "t"\nwhat = "w"\n'
COLUMN = 'columns = [{ name = "c" }]\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("paper = ", "not valid TOML"),
        (HEAD, "not a recipe"),
        (HEAD + COLUMN + 'rows = [{ name = "r", published = [1, 2] }]', "row 'r' has 2 figures"),
        (HEAD + COLUMN + 'rows = [{ name = "r", publishd = [1] }]', "unknown key 'publishd' in a row 'r'"),
        (HEAD + COLUMN + 'colour = "red"\nrows = []', "unknown key 'colour' in a recipe"),
        (HEAD + 'columns = [{ nam = "c" }]\nrows = []', "unknown key 'nam' in a column"),
        (HEAD + COLUMN + 'rows = [{ name = "r" }, { name = "r" }]', "two rows have the same name"),
        (HEAD + COLUMN + 'rows = [{ name = "r", network = "os:system" }]', "names stock networks only"),
        (HEAD + COLUMN + "rows = 3", r"damaged, or is something else\n  expected: list\n  got: 3"),
    ],
)
def test_what_is_no_recipe(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=problem) as told:
        read_recipe(path)
    assert str(path) in str(told.value)


def test_a_recipe_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + 'T = [1, 2]\nrows = [{ name = "r", ann = 90, published = [nan, 80] }]')
    recipe = find_recipe(str(path))
    assert recipe.name == "mine"
    assert [column.name for column in recipe.columns] == ["ANN", "T=1", "T=2"]
    assert recipe.steps == [1, 2]
    assert recipe.rows[0].published == (90.0, None, 80.0)
    assert not any(figure is not None and math.isnan(figure) for figure in recipe.rows[0].published)
    with pytest.raises(InputError, match="cannot read"):
        read_recipe(tmp_path / "none.toml")
