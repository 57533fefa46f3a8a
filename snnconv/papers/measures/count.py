"""`count` and `parameters`: of networks with random weights, which need no data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from torch import nn

from ...capture.examples import InputShape
from ...cost.dense import count
from ...io.factory import build
from ..lack import Lack
from ..recipe import Column, Recipe, Row
from ..workspace import Workspace
from .measure import MEASURES, Cell, Measure


def missing(recipe: Recipe, row: Row, column: Column, workspace: Workspace) -> list[Lack]:
    reason = workspace.missing_network(row)
    return [reason] if reason else []


def missing_shape(recipe: Recipe, row: Row, column: Column, workspace: Workspace) -> list[Lack]:
    return missing(recipe, row, column, workspace) or (
        [] if row.shape else [Lack("FIGURE", "names no input shape to count at")]
    )


def network(row: Row) -> nn.Module:
    assert row.network is not None
    return build(row.network, num_classes=row.classes, arch_args=row.arch)


def operations(recipe: Recipe, cells: Sequence[Cell], workspace: Workspace) -> list[float]:
    """G operations by the row's convention, of the layers that it names, for all its inputs."""
    first = cells[0][0]
    shape = cast("InputShape", first.shape)  # sizes, or shapes: a schema cannot tell the two apart
    counted = count(network(first), shape, convention=first.convention).by_layer
    return [
        row.inputs * sum(n for layer, n in counted.items() if re.search(row.layers, layer)) / 1e9 for row, _ in cells
    ]


def each_count(row: Row, workspace: Workspace) -> str:
    return repr((row.network, dict(row.arch), row.classes, row.shape, row.convention))


def parameters(recipe: Recipe, cells: Sequence[Cell], workspace: Workspace) -> list[float]:
    """In millions."""
    return [sum(parameter.numel() for parameter in network(row).parameters()) / 1e6 for row, _ in cells]


MEASURES.register("count")(Measure(missing_shape, operations, each_count))
MEASURES.register("parameters")(Measure(missing, parameters))
