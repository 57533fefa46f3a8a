"""What the tests of recipes share: a row of a run by its name, and a recipe of the bundled network."""

from __future__ import annotations

from snnconv.papers import PaperRow, PaperRun

RECIPE = """
paper = "Nobody et al., 2020"
title = "Table 0"
what = "the bundled network"
columns = [{ name = "top-1 %", measure = "accuracy" }, { name = "M", measure = "parameters" }]
[[groups]]
name = "bundled"
network = "snnconv:fashion_cnn"
data = "ucf101"
rows = [
    { name = "ann", published = [91.7, 0.17] },
    { name = "if", method = "if", T = 4, published = [nan, nan] },
]
"""


def row_of(run: PaperRun, name: str, group: str = "") -> PaperRow:
    return next(row for row in run.rows if (row.group, row.name) == (group, name))
