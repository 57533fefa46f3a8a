"""`snnconv finetune`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ...errors import InputError
from ..notices import telling
from ..options import WHOLE, model_options, normalization_options, shared_options, together
from ..output import require_writable
from ..training import SETTINGS, data_options, head_option, run_options, settings_given, tell_trained, training_options

recipe_option = click.option(
    "--recipe", metavar="NAME",
    help="Fine-tuning settings of a paper, instead of the defaults below: sdm. Options that you give override them.",
)  # fmt: skip

clip_options = together(
    click.option("--activation", default="clip", show_default=True, metavar="NAME",
                 help="clip, qcfs, rnl, or sd (the SD neuron's own levels at --alpha, --beta, --T)."),
    click.option("--levels", type=WHOLE, help="Number of levels L of qcfs  [default: 4]"),
    click.option("--alpha", type=float, help="Threshold scale α that sd simulates  [default: 0.2]"),
    click.option("--beta", type=WHOLE, help="Maximum number of spikes per step β that sd simulates  [default: 5]"),
    click.option("--T", "T", type=WHOLE, help="Time steps that sd simulates  [default: 4]"),
    click.option("--init", metavar="RULE|λ",
                 help="Initial λ: percentile:99.9, max, mse, or a number (8 in QCFS)  "
                 "[default: what was learned before, otherwise percentile:99.9]"),
    click.option("--per-channel/--per-layer", "per_channel", default=False, help="One λ per channel or one per layer."),
    click.option("--maxpool", type=click.Choice(["avg", "exact"]), default="avg", show_default=True,
                 help="avg: average pooling instead of max pooling, as published; exact: max pooling."),
    click.option("--calib", metavar="DATA", help="Data that set the initial λ  [default: --data]"),
    click.option("--calib-limit", type=WHOLE, default=512, show_default=True, help="Number of calibration samples."),
)  # fmt: skip

# as `snnconv.training.Settings` has them; the package is slow to import
USUAL = {
    "epochs": 10, "lr": 0.01, "optimizer": "sgd", "momentum": 0.9, "schedule": "cosine", "warmup": 0.0,
    "weight_decay": 1e-5, "label_smoothing": 0.0, "batch_size": 128, "save_every": 200, "precision": "32-true",
    "end_lr": 0.0, "decay_vectors": True, "mixup": 0.0, "cutmix": 0.0,
}  # fmt: skip
SETTINGS_OF = (*(name.replace("-", "_") for name in SETTINGS), "activation", "maxpool")
CLIPPING = ("activation", "levels", "alpha", "beta", "T", "init", "per_channel", "maxpool", "calib")


@click.command()
@click.argument("model")
@data_options("finetune")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path),
              help="File to write  [default: NAME.clipped.pt2]")  # fmt: skip
@run_options
@recipe_option
@clip_options
@training_options({"augment": "crop,flip", **USUAL})
@normalization_options
@head_option
@model_options
@shared_options
@click.pass_context
def finetune(
    context: click.Context, model: str, data: str, val: str, limit: int | None, target: Path | None, folder: Path,
    overwrite: bool, resume: bool, log: str, device: str, as_json: bool, quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Train MODEL with learnable clips instead of its ReLUs, and save it.

    Thresholds λ and weights are learned together, starting from a trained network. The output is a network like any
    other: convert and sweep accept it and use the learned λ. You can train a network saved by this command further.

    Weights for other classes, with --arch, get a new classifier for the classes of the data or for --num-classes.
    Everything else must fit.

    A training that was killed continues when you give the same command again, and ends with the same weights. Under
    torchrun, each process takes a share of every batch.

    \b
    snnconv finetune model.pt --data npz:train.npz --val npz:val.npz --epochs 10 -o clipped.pt2
    snnconv finetune model.pt --data npz:train.npz --val npz:val.npz --activation qcfs --levels 8 --lr 0.02
    snnconv finetune model.pt --data npz:train.npz --val npz:val.npz --activation sd --alpha 0.5 --beta 2 --T 4
    snnconv finetune k400.pth --arch pytorchvideo:slowfast_4x16 --data ucf101:DIR:train1 --val ucf101:DIR:test1 \\
        --recipe sdm --device cuda
    """
    from ...convert.fitting import fit
    from ...files import check_output
    from ...io.files import save
    from ...io.snn_file import is_converted
    from ...io.stored import stored_normalization
    from ...measure.distributed import process_number
    from ...opening.building import classes_for
    from ...training import RECIPES
    from ...training import finetune as train
    from ...training.defaults import told
    from ...training.engine import require_fabric
    from .. import work

    if resume and overwrite:
        raise InputError("--resume continues a training, --overwrite drops it", remedy="leave one of them out")
    path = target or Path(f"{work.model_name(model)}.clipped.pt2")
    typed = {name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    recipe = None if options["recipe"] is None else RECIPES[options["recipe"]]
    if recipe is not None:
        options.update({name: as_typed(use.value) for name, use in recipe.chosen({}).items() if name not in typed})
    with telling(quiet or process_number() > 0):
        require_writable(folder, "finetune")
        check_output(path, overwrite)
        require_fabric()
        place = work.device_of(device)
        normalization = work.normalization_of(options)
        training = work.data_of(data, normalization, options["batch_size"], limit, options)
        assert training is not None
        about = {name: options[name] for name in ("arch", "num_classes", "arch_args", "head")}
        found = work.open_named(model, {**options, "num_classes": classes_for(model, training, **about)})
        if is_converted(found.extra):
            remedy = "finetune the network it was made from"
            raise InputError(f"{Path(model).name} is converted already: whole spikes have no gradient", remedy=remedy)
        normalization = normalization or stored_normalization(found)
        training.normalization = normalization or training.normalization
        fit(training, found.model)
        validation = work.data_of(val, normalization, options["batch_size"], None, options, found.model)
        assert validation is not None
        if recipe is not None and not quiet and not process_number():
            given = {name: options[name] for name in SETTINGS_OF if name in typed}
            click.echo(f"settings: {told(recipe.chosen(given))}; {recipe.source}", err=True)
            click.echo(f"data: {training.cut}", err=True)
        network = clipped_network(found, data, normalization, options, typed)
        result = train(
            network, training, validation, folder=folder, resume=not overwrite, log=log, device=str(place),
            **settings_given(options),
        )  # fmt: skip
        if process_number():
            return
        save(network, path, overwrite=overwrite)
    following = f"snnconv sweep {path} --data DATA --method sdm --alpha 0.2 --beta 5 --T 1,2,4,8"
    tell_trained(result, path, folder, following, as_json)


def clipped_network(found: Any, data: str, normalization: Any, options: dict[str, Any], typed: set[str]) -> Any:
    """The network to train: the one opened where it has clips and nobody asks for others, else a clipped one."""
    from torch import nn

    from ...convert.clip import START, clip
    from ...learnable import clips_in
    from ...training.settings import settings_of
    from .. import work

    settings_of(settings_given(options))  # before the calibration, which takes a while
    if not typed & set(CLIPPING) and isinstance(found.model, nn.Module) and clips_in(found.model):
        return found.model
    size, limit = options["batch_size"], options["calib_limit"]
    samples = work.data_of(options["calib"] or data, normalization, size, limit, options, found.model)
    names = ("activation", "maxpool", "per_channel", "levels", "alpha", "beta", "T", "seed")
    chosen = {name: options[name] for name in names}
    return clip(
        found.model, data=samples, input_shape=options["input_shape"], init=start_of(options["init"] or START), **chosen
    )


def as_typed(value: Any) -> Any:
    """A setting as its option takes it."""
    return ",".join(value) if isinstance(value, tuple) else value


def start_of(text: str) -> str | float:
    """A number where it is one, else the name of a rule."""
    try:
        return float(text)
    except ValueError:
        return text
