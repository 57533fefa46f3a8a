"""What every training starts from, settings, folder, engine, data, what an interrupted one left; then it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from ..data import DataSource
from ..errors import InputError
from ..files import alone_in
from ..fingerprint import describe_data, fingerprint
from ..measure.configurations import require_same_work
from ..measure.distributed import Group, standing
from .checkpoint import load_checkpoint
from .engine import launch
from .feed import USUAL, feed_of
from .learned import learned_by, means
from .logs import LOGS
from .optimizers import optimizer_of
from .result import History
from .run import Run
from .settings import Settings

C = TypeVar("C", bound=History)


def trained(
    kind: type[C],
    network: nn.Module,
    data: Iterable[Any],
    val: Iterable[Any],
    settings: Settings,
    more: Mapping[str, Any],
    *,
    folder: str | PathLike[str],
    resume: bool,
    log: str,
    device: str,
) -> C:
    """Train a network to the end, from the start or from a checkpoint.

    Args:
        more: what else the outcome depends on, besides the network as it is, the data and the settings.

    Raises:
        InputError: as `finetune` and `train` say.
    """
    if log not in LOGS:
        raise InputError("unknown log", expected=", ".join(LOGS), got=repr(log))
    check_classes(data, val)
    root = Path(folder)  # made with the first line of the log: what cannot begin leaves nothing behind
    quantity = learned_by(network)
    writer = LOGS[log](root, kind.NAME, None if quantity is None else quantity.name)
    fabric = launch(device, settings.precision)
    group = standing() if fabric.world_size > 1 else Group()
    with ExitStack() as held:
        if group.first:
            held.enter_context(alone_in(root, kind.NAME))
        feed = feed_of(data, settings.batch_size, settings.augment, settings.seed, group)
        configuration = {**configuration_of(network, data, val, settings, group), **more}
        require_same_work(configuration, group)
        kept = load_checkpoint(root, configuration) if resume else None
        require_same_work({"checkpoint": kept and kept["step"]}, group)  # of one folder, or of folders that are alike

        start = means(quantity, network)
        optimizer = optimizer_of(network, settings)
        wrapped, optimizer = fabric.setup(network, optimizer)
        about = (settings, configuration, root, writer, start)
        run = Run(kind, quantity, fabric, group, network, wrapped, optimizer, feed, val, *about)
        run.begin() if kept is None else run.restore(kept)
        run.train()
        result = run.finish()
    assert isinstance(result, kind)
    return result


def configuration_of(
    network: nn.Module, data: Iterable[Any], val: Iterable[Any], settings: Settings, group: Group
) -> dict[str, Any]:
    """Everything on which the outcome depends; `save_every` and what only looks on do not belong to it."""
    chosen = asdict(settings)
    del chosen["save_every"]
    if settings.augment is None:
        chosen["augment"] = list(USUAL) if isinstance(data, DataSource) else []
    described = {name: describe_data(source, seed=settings.seed) for name, source in (("data", data), ("val", val))}
    for source in described.values():
        assert source is not None
        del source["batch_size"]
    return {
        "settings": {**chosen, "augment": list(chosen["augment"])},
        "start": fingerprint(network)[:16],
        "processes": group.size,
        **described,
    }


def check_classes(data: Iterable[Any], val: Iterable[Any]) -> None:
    """Folders are numbered by name: where one data set lacks a class, a label means another class in each.

    Raises:
        InputError: both tell how many classes there are, and not the same number.
    """
    if not (isinstance(data, DataSource) and isinstance(val, DataSource)):
        return
    if None not in (data.classes, val.classes) and data.classes != val.classes:
        raise InputError(
            "the training and the validation data have not the same classes",
            expected=f"{data.classes}, as {data.name}", got=str(val.classes), where=val.name,
        )  # fmt: skip
