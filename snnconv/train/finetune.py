"""`finetune`: weights and λ of a network with learnable clips, trained together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

from torch import fx, nn

from ..bench.distributed import Group, standing
from ..convert.clip import clips_of
from ..data import DataSource
from ..errors import InputError
from ..fingerprint import describe_data, fingerprint
from .checkpoint import load_checkpoint
from .engine import launch
from .feed import USUAL, feed_of
from .logs import LOGS
from .optimizers import optimizer_of
from .result import FineTuning
from .run import Run
from .settings import Settings, settings_of


def finetune(
    clipped: nn.Module,
    data: Iterable[Any],
    val: Iterable[Any],
    *,
    folder: str | PathLike[str] = "snnconv-out/finetune",
    resume: bool = True,
    log: str = "csv",
    device: str = "cpu",
    **settings: Any,
) -> FineTuning:
    """Train a network with learnable clips; λ and weights learn together.

    The network is trained in place and left in eval mode. After every epoch, and every `save_every` steps between, a
    checkpoint is written to `folder`; a training that was killed continues from it when it is called again in the same
    way, and ends with the weights of an undisturbed one (on the CPU to the bit). Under torchrun every process takes a
    share of each batch.

    Args:
        clipped: what `snnconv.clip` made.
        data: training data: a `DataSource` (`open_data`), which is shuffled and augmented, or any loader of (x, y).
        val: validation data in the same forms. Only `early_stop` chooses by it.
        folder: for the checkpoint, the log and the result; made where it is missing.
        resume: continue what is in the folder; False drops it.
        log: "csv" (finetune.csv) or "tensorboard" (that too).
        device: cpu, cuda, cuda:1, …
        settings: `epochs=10`, `lr=0.01` and the other fields of `snnconv.train.Settings`.

    Returns:
        The course of the training, also saved in the folder as finetune.json, .csv, .png and .svg.

    Raises:
        InputError: a setting out of range, data that cannot be used, a network without clips, a folder with a training
            of other settings, a loss that became infinite, or an engine that is not installed.
    """
    chosen = settings_of(settings)
    sites = clips_of(clipped)
    assert isinstance(clipped, fx.GraphModule)
    if log not in LOGS:
        raise InputError("unknown log", expected=", ".join(LOGS), got=repr(log))
    root = made(folder)
    writer = LOGS[log](root)
    fabric = launch(device, chosen.precision)
    group = standing() if fabric.world_size > 1 else Group()
    feed = feed_of(data, chosen.batch_size, chosen.augment, chosen.seed, group)
    configuration = configuration_of(clipped, data, val, chosen, group)
    kept = load_checkpoint(root, configuration) if resume else None

    optimizer = optimizer_of(clipped, chosen)
    network, optimizer = fabric.setup(clipped, optimizer)
    start = {name: float(clip.ceiling.mean()) for name, clip in sites.items()}
    run = Run(fabric, group, clipped, network, optimizer, feed, val, chosen, configuration, root, writer, start)
    run.begin() if kept is None else run.restore(kept)
    run.train()
    return run.finish()


def configuration_of(
    network: fx.GraphModule, data: Iterable[Any], val: Iterable[Any], settings: Settings, group: Group
) -> dict[str, Any]:
    """Everything on which the outcome depends; `save_every` and what only looks on do not belong to it."""
    chosen = asdict(settings)
    del chosen["save_every"]
    if settings.augment is None:
        chosen["augment"] = list(USUAL) if isinstance(data, DataSource) else []
    first = next(iter(clips_of(network).values()))
    described = {name: describe_data(source) for name, source in (("data", data), ("val", val))}
    for source in described.values():
        assert source is not None
        del source["batch_size"]
    return {
        "settings": {**chosen, "augment": list(chosen["augment"])},
        "activation": {"kind": type(first).__name__, **first.settings()},
        "start": fingerprint(network)[:16],
        "processes": group.size,
        **described,
    }


def made(folder: str | PathLike[str]) -> Path:
    root = Path(folder)
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("cannot make the output folder", got=error.strerror, where=str(root)) from error
    return root
