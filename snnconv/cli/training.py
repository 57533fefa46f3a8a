"""What `finetune` and `train` share: options of a training, and the table of its course."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from ..console import VisibleConsole
from .options import WHOLE, together
from .output import print_json

# name: (type, of which help says)
SETTINGS: dict[str, tuple[type, str]] = {
    "epochs": (int, "Passes over the training data."),
    "lr": (float, "Learning rate at the start."),
    "optimizer": (str, "sgd or adamw."),
    "momentum": (float, "Momentum of sgd."),
    "schedule": (str, "cosine, step (to a tenth every 20 epochs) or constant."),
    "warmup": (float, "Epochs in which the learning rate rises to --lr."),
    "warmup-lr": (float, "Learning rate at the start of the warm-up  [default: a hundredth of --lr]"),
    "end-lr": (float, "Learning rate at the end of the schedule."),
    "weight-decay": (float, "Weight decay of the weights."),
    "decay-vectors": (bool, "Whether weight decay also applies to norms, biases and time constants."),
    "clip-weight-decay": (float, "Weight decay of λ  [default: the same as --weight-decay]"),
    "label-smoothing": (float, "ε of the cross-entropy."),
    "mixup": (float, "α of mixup, such as 0.8; 0 turns it off."),
    "cutmix": (float, "α of CutMix, such as 1; 0 turns it off. With mixup too, each batch gets one of the two."),
    "augment": (str, "Any of crop, shift, flip, cutout, randaugment, erase; or none."),
    "ema": (float, "Decay of a moving average of the weights, such as 0.999."),
    "batch-size": (int, "Samples per step."),
    "early-stop": (int, "Stop after this many epochs without a better validation accuracy, and keep the best network."),
    "save-every": (int, "Steps between two checkpoints. There is also one after every epoch."),
    "precision": (str, "32-true, bf16-mixed, 16-mixed, bf16-true or 64-true."),
}
OWN = {"warmup-lr", "clip-weight-decay", "ema", "early-stop"}  # without a value unless given


def training_options(defaults: Mapping[str, Any] | None, without: tuple[str, ...] = ()) -> Callable[[Any], Any]:
    """Options for the settings of a training.

    Args:
        defaults: shown in the help; None: each network has its own.
        without: settings that make no sense here.
    """
    made = []
    for name, (kind, text) in SETTINGS.items():
        if name in without:
            continue
        default = None if defaults is None else defaults.get(name.replace("-", "_"))
        own = "" if defaults is not None or name in OWN else "  [default: the network's]"
        made.append(
            click.option(f"--{name}", type=kind, default=default, show_default=default is not None, help=text + own)
        )
    return together(*made)


run_options = together(
    click.option("--limit", type=WHOLE, help="Use only this many training samples, from the start of the data."),
    click.option("--overwrite", is_flag=True, help="Replace the output and discard an earlier training in the folder."),
    click.option("--resume", is_flag=True, help="Continue where the same command stopped. This is the default."),
    click.option("--log", default="csv", show_default=True, help="csv or tensorboard."),
    click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, …"),
)


head_option = click.option(
    "--head", type=click.Choice(["keep", "replace"]),
    help="If the weights are for other classes: keep their classifier, or replace it with a new one even if it fits  "
    "[default: replace it only if it does not fit]",
)  # fmt: skip


def data_options(name: str) -> Callable[[Any], Any]:
    """Data, and where what the training `name` leaves goes."""
    return together(
        click.option("--data", required=True, metavar="DATA",
                     help="Labelled training data: npz:FILE, imagefolder:DIR, clips:DIR, …."),
        click.option("--val", required=True, metavar="DATA", help="Labelled validation data; not the test data."),
        click.option(
            "--folder", type=click.Path(path_type=Path), default=Path(f"snnconv-out/{name}"), show_default=True,
            help="Folder for the checkpoint, the log and the plot of the training.",
        ),
    )  # fmt: skip


def augmentations(text: str) -> tuple[str, ...]:
    """`crop,flip` → both; `none` → nothing."""
    return tuple(name for name in text.split(",") if name and name != "none")


def settings_given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a training among the options of a command, those that have a value."""
    names = [name.replace("-", "_") for name in SETTINGS] + ["seed"]
    chosen = {name: options[name] for name in names if options.get(name) is not None}
    return {**chosen, **({"augment": augmentations(chosen["augment"])} if "augment" in chosen else {})}


def tell_trained(course: Any, path: Path, folder: Path, next_command: str, as_json: bool) -> None:
    """Where the network and the course are, for programs or for people."""
    if as_json:
        files = [str(folder / f"{course.NAME}.{kind}") for kind in ("json", "csv", "png", "svg")]
        print_json({"output": str(path), "accuracy": course.accuracy, **course.to_dict(), "files": files})
        return
    print_course(course)
    click.echo(f"saved {path}, {course.accuracy:.2f} % of the validation data\n")
    click.echo(f"next: {next_command}")


def print_course(course: Any) -> None:
    """Epochs with loss, accuracies, learning rate and what layers learned besides weights."""
    from ..training.learned import LEARNED

    table = Table(box=None, header_style="bold", padding=(0, 2))
    symbol = "" if course.quantity is None else LEARNED[course.quantity].symbol
    sizes = (f"{symbol} least", "mean", "most") if symbol else ()
    for column in ("epoch", "loss", "train %", "val %", "lr", *sizes):
        table.add_column(column, justify="right")
    for epoch in course.epochs:
        trained = ("", "") if epoch.loss is None else (f"{epoch.loss:.4f}", f"{epoch.train_accuracy:.2f}")
        values = (f"{value:.3g}" for value in (epoch.lr, epoch.least, epoch.mean, epoch.most) if value is not None)
        table.add_row(str(epoch.epoch), *trained, f"{epoch.val_accuracy:.2f}", *values)
    VisibleConsole().print(table)
