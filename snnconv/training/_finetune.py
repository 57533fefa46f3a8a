"""`finetune`: weights and λ of a network with learnable clips, trained together."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any

from torch import fx, nn

from ..convert.clip import clips_of
from ..convert.data_argument import takes_data
from ..data import DataSource
from .recipes import RECIPES
from .result import FineTuning
from .settings import settings_of
from .start import trained


@takes_data("data", "val")
def finetune(
    clipped: nn.Module,
    data: Iterable[Any],
    val: Iterable[Any],
    *,
    folder: str | PathLike[str] = "snnconv-out/finetune",
    resume: bool = True,
    log: str = "csv",
    device: str = "cpu",
    recipe: str | None = None,
    **settings: Any,
) -> FineTuning:
    """Train a network with learnable clips; λ and weights learn together.

    The network is trained in place and left in eval mode. After every epoch, and every `save_every` steps between, a
    checkpoint is written to `folder`; a training that was killed continues from it when it is called again in the same
    way, and ends with the weights of an undisturbed one (on the CPU to the bit). Under torchrun every process takes a
    share of each batch.

    Args:
        clipped: what `snnconv.clip` made.
        data: training data: a `DataSource` (`open_data`), which is shuffled and augmented, or any loader of (x, y),
            which is read once beforehand: a training is continued on the same data alone.
        val: validation data in the same forms. Only `early_stop` chooses by it.
        folder: for the checkpoint, the log and the result; made where it is missing.
        resume: continue what is in the folder; False drops it.
        log: "csv" (a row an epoch) or "tensorboard" (that too).
        device: cpu, cuda, cuda:1, …
        recipe: "sdm": settings as the paper has them (`RECIPES`), where none are given.
        settings: `epochs=10`, `lr=0.01` and the other fields of `snnconv.training.Settings`.

    Returns:
        The course of the training, also saved in the folder as finetune.json, .csv, .png and .svg.

    Raises:
        InputError: a setting out of range, data that cannot be used, a network without clips, a folder with a training
            of other settings, a loss that became infinite, or an engine that is not installed.
    """
    published = {} if recipe is None else RECIPES[recipe].values
    if not isinstance(data, DataSource):
        published.pop("augment", None)  # loaders do it themselves
    chosen = settings_of({**published, **settings})
    first = next(iter(clips_of(clipped).values()))
    assert isinstance(clipped, fx.GraphModule)
    more = {"activation": {"kind": type(first).__name__, **first.settings()}}
    result = trained(FineTuning, clipped, data, val, chosen, more, folder=folder, resume=resume, log=log, device=device)
    clipped.meta["training"] = {**result.configuration["settings"], "val_accuracy": result.accuracy}
    if result.configuration["data"]["normalization"] is not None:
        clipped.meta["normalization"] = result.configuration["data"]["normalization"]
    return result
