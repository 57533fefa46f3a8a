"""`--train`: the networks of a recipe's rows, each trained once as its paper trains it, before anything is measured."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from ..capture.examples import check_shapes
from ..convert.clip import START, clip
from ..documents import parse_json, typed
from ..errors import InputError
from ..files import write_text
from ..io.files import save
from ..io.trained_file import Origin, save_trained
from ..training import RECIPES, finetune, train
from .cells import FAILURES, TRAINED
from .lack import Lack
from .opening import Opened, started
from .recipe import Recipe, Row
from .row import alone
from .workspace import CALIBRATION_SAMPLES, Workspace

RANDOM = "random"  # in the place of a checkpoint
RECORD = "recipe.json"
log = logging.getLogger("snnconv")


@dataclass(frozen=True)
class Trainer:
    """How to train.

    Attributes:
        start: {group, row, network or its backbone: checkpoint that the training starts from, or "random"}.
        settings: fields of `snnconv.training.Settings` in the place of the papers'.
    """

    start: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.settings.get("early_stop") is not None:
            raise InputError(
                "early_stop would choose the epoch on the test part, which recipes look at while they train",
                got=f"early_stop {self.settings['early_stop']}",
                remedy="leave it out; or train with snnconv finetune and validation data of your own, and give the "
                "result with --weights",
            )

    def start_of(self, row: Row) -> str | None:
        """The checkpoint for a row; one serves all splits of its data."""
        places = [name + part for name in (row.place, row.shares, row.group) for part in (row.part, "")]
        names = (*places, *networks_of(row), "")
        return next((self.start[name] for name in names if name in self.start), None)

    def checkpoint_of(self, row: Row) -> str | None:
        """The file that the row's training starts from; None: random weights.

        Raises:
            InputError: it starts from one, and nothing was said of it.
        """
        start = self.start_of(row)
        if start is None and row.training is not None and row.training.start:
            name = networks_of(row)[0]
            raise InputError(
                f"the training starts from weights of {row.training.start}",
                remedy=f"--start {name}=FILE, or {name}={RANDOM} to do without",
            )
        return None if start == RANDOM else start


def networks_of(row: Row) -> tuple[str, ...]:
    """What its network is called, shortly: its backbone, where it has one, and itself."""
    short = (row.network or "").partition(":")[2]
    return (row.arch["backbone"], short) if "backbone" in row.arch else (short,)


def with_training(recipe: Recipe, work: Workspace, trainer: Trainer) -> Workspace:
    """The workspace with a network for every row that is evaluated and that no weights were given for.

    What was trained before in the folder is used again; a training that was killed goes on. One that fails costs its
    own rows alone.

    Raises:
        InputError: there is no folder for the networks, or other data are in the place of the published ones.
    """
    if work.folder is None or work.data is not None:
        raise InputError("recipes are trained on their own data, in a folder", remedy="leave other data out")
    weights, untrained = dict(work.weights), dict[str, str]()
    evaluates = any(column.measure in TRAINED for column in recipe.columns)
    for part in [part for row in recipe.rows if evaluates for part in row.by_split()]:
        name, now = part.shares + part.part, replace(work, weights=weights)
        if name in untrained or part.training is None or not only_weights(now.missing_training(alone(part))):
            continue
        try:
            weights[name] = str(trained(part, work, trainer))
        except FAILURES as error:
            untrained[name] = f"was not trained: {' '.join(str(error).split())[:500]}"
            log.warning(f"{name} {untrained[name]}")
    return replace(work, weights=weights, untrained=untrained)


def only_weights(lacks: Sequence[Lack]) -> bool:
    return [lack.kind for lack in lacks] == ["WEIGHTS"]


def trained(row: Row, work: Workspace, trainer: Trainer) -> Path:
    """The file of the row's network after its training.

    Raises:
        InputError: no checkpoint to start from, one that does not fit, settings or data that cannot be used, or a
            network there that was trained in another way.
    """
    about, start, folder = row.training, trainer.checkpoint_of(row), work.folder_of(f"trained-{row.shares}{row.part}")
    assert about is not None
    assert folder is not None
    path = folder / ("network.pt2" if about.activation else "network.pt")
    if is_begun(folder, told(row, work, trainer, start), work.overwrite) and path.exists():
        return path
    train_into(path, row, work, trainer, start)
    return path


def train_into(path: Path, row: Row, work: Workspace, trainer: Trainer, start: str | None) -> None:
    """Fit the data to the network, train it in the folder of the file, and write the file."""
    about = row.training
    assert about is not None
    log.warning(f"training {row.shares}{row.part}")
    torch.manual_seed(work.seed)
    network = started(row, start)
    data = work.part(row, Opened(network), True, limit=work.limit)
    val = work.part(row, Opened(network), False, limit=work.limit)  # to look at: nothing is chosen by it
    published = RECIPES[about.recipe].values if about.recipe else {}
    settings = {**published, **about.settings, **trainer.settings, "seed": work.seed}
    chosen = {"folder": path.parent, "resume": not work.overwrite, "device": work.device, **settings}
    if about.activation:
        calibration = work.part(row, Opened(network), True, limit=min(CALIBRATION_SAMPLES, len(data)))
        init = START if about.init is None else about.init
        clipped = clip(network, data=calibration, activation=about.activation, init=init, seed=work.seed)
        finetune(clipped, data, val, **chosen)
        save(clipped, path)
        return
    result = train(network, data, val, **chosen)
    arguments = {name: value for name, value in row.arch.items() if name != "weights"}
    save_trained(
        network, path, Origin(row.network or "", row.classes, arguments, tuple(check_shapes(data.shape))),
        normalization=result.configuration["data"]["normalization"],
        training={**result.configuration["settings"], "val_accuracy": result.accuracy},
    )  # fmt: skip


def told(row: Row, work: Workspace, trainer: Trainer, start: str | None) -> dict[str, Any]:
    """All that the trained network depends on, as far as it is told."""
    known = {name: getattr(row, name) for name in ("network", "classes", "data", "split", "sampling", "normalization")}
    assert row.training is not None
    return {
        **known, "arch": dict(row.arch), "training": asdict(row.training), "settings": dict(trainer.settings),
        "start": start, "limit": work.limit, "seed": work.seed,
    }  # fmt: skip


def is_begun(folder: Path, document: Mapping[str, Any], overwrite: bool) -> bool:
    """Whether this training was begun in the folder before; else it is put on record there.

    Raises:
        InputError: another one was.
    """
    path, text = folder / RECORD, json.dumps(document, indent=2, default=str) + "\n"
    wanted = json.loads(text)
    if path.exists() and not overwrite:
        kept = typed(parse_json(path.read_bytes(), str(path)), dict[str, Any], str(path), "the record of a training")
        other = [name for name in wanted if kept.get(name) != wanted[name]]
        if other:
            raise InputError(
                "the network in the folder was trained in another way", where=str(folder),
                expected=", ".join(f"{name} {wanted[name]}" for name in other),
                got=", ".join(f"{name} {kept.get(name)}" for name in other),
                remedy="choose another folder with -o, or pass --overwrite",
            )  # fmt: skip
        return True
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
    return False
