"""A recipe without its measurements: whether networks and data are there and fit each other, row by row."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from ..data import DataSource
from ..errors import InputError
from ..measure.evaluate import LabelledBatch
from ..measure.scoring import Network, scoring
from ..progress import progress
from ._listing import state_of
from .cells import FAILURES, TRAINED
from .chosen import one_group
from .library import find_recipe
from .measures.measure import each_network
from .opening import Opened, started
from .recipe import Recipe, Row
from .row import alone
from .training import Trainer
from .workspace import Workspace

FAILS, TRAINED_FIRST = "fails", "is trained first"
UNREAD = "evaluates no data"


@dataclass(frozen=True)
class RowCheck:
    """What a row would run on.

    Attributes:
        split: of the data, where the row has several. state: as in `RowEntry`, "is trained first", or
            "fails".
        why: what is missing or wrong. shapes: of the network's inputs for one sample. normalization: of the first.
        test, train: the parts of the data, and how many samples they hold.
    """

    group: str
    row: str
    split: str
    state: str
    why: str = ""
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    normalization: dict[str, list[float]] | None = None
    test: tuple[str, int] | None = None
    train: tuple[str, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def dry_run(
    recipe: str | Recipe,
    workspace: Workspace | None = None,
    *,
    group: str | None = None,
    trainer: Trainer | None = None,
) -> list[RowCheck]:
    """Open every row's network and data, and run the network on one sample; nothing is measured or written.

    Rows that share a network and data are looked at once. A row without weights is tried with random ones, or with
    those that its training is to start from.

    Args:
        recipe: its name, or a TOML file.
        workspace: data and weights. group: only this group of rows. trainer: as for `run_recipe`.

    Raises:
        InputError: an unknown recipe or group.
    """
    work = replace(workspace or Workspace(), known={})
    chosen = one_group(recipe if isinstance(recipe, Recipe) else find_recipe(recipe), group, work)
    evaluates = any(column.measure in TRAINED for column in chosen.columns)
    parts = [part for row in chosen.rows for part in row.by_split()]
    seen: dict[str, RowCheck] = {}
    found = []
    with progress("trying", len(parts)) as bar:
        for part in parts:
            key = repr((each_network(part, work), part.split, part.sampling, part.views))
            check = None if part.network is None else seen.get(key)  # figures of other work share nothing
            if check is None:
                check = checked(part, work, trainer) if evaluates else check_of(part, UNREAD)
            if part.network is not None:
                seen[key] = check
            found.append(replace(check, row=part.name, group=part.group))
            bar.advance()
    return found


def checked(row: Row, work: Workspace, trainer: Trainer | None) -> RowCheck:
    lacks = work.missing_training(alone(row))
    state, why = state_of([lacks]), "; ".join(lack.text for lack in lacks)
    if any(lack.kind != "WEIGHTS" for lack in lacks):
        return check_of(row, state, why)
    try:
        opened = None
        if lacks and trainer is not None and row.training is not None:
            opened, state, why = Opened(started(row, trainer.checkpoint_of(row))), TRAINED_FIRST, ""
        return tried(row, work, opened or work.open(row), state, why)
    except FAILURES as error:
        return check_of(row, FAILS, "; ".join(filter(None, (" ".join(str(error).split())[:500], why))))


def tried(row: Row, work: Workspace, opened: Opened, state: str, why: str) -> RowCheck:
    """The network on the first sample of the test part.

    Raises:
        InputError: the data do not fit the network, or it has another number of classes.
    """
    test, train = work.test_data(row, opened), work.calibration(row, opened)
    if not isinstance(test, DataSource):
        return check_of(row, state, why)
    classes = classes_of(opened.model, test)
    if row.classes not in (None, classes):
        raise InputError("the network has another number of classes", expected=str(row.classes), got=str(classes))
    return replace(
        check_of(row, state, why),
        shapes=[tuple(leaf.shape) for leaf in leaves_of(test)],
        normalization=None if test.normalization is None else test.normalization.to_dict(),
        test=(test.name, len(test)),
        train=(train.name, len(train)) if isinstance(train, DataSource) else None,
    )


def check_of(row: Row, state: str, why: str = "") -> RowCheck:
    return RowCheck(row.group, row.name, row.split if row.splits else "", state, why)


def classes_of(network: Network, data: DataSource) -> int:
    """How many scores the network gives for the first sample.

    Raises:
        InputError: it does not take the sample, or gives no scores.
    """
    leaves = leaves_of(data)
    batch = LabelledBatch(0, tuple(leaf[None] for leaf in leaves), torch.zeros(1, dtype=torch.int64), data.name)
    with scoring(network) as scores:
        return scores(batch).shape[-1]


def leaves_of(data: DataSource) -> tuple[Tensor, ...]:
    return (data.first,) if isinstance(data.first, Tensor) else data.first
