"""`snnconv train`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from ...errors import InputError
from ..notices import telling
from ..options import WHOLE, normalization_options, shared_options, together
from ..output import require_writable
from ..training import data_options, head_option, run_options, settings_given, tell_trained, training_options

logger = logging.getLogger("snnconv")
SHORT = ("respike", "svformer")  # may be named without `snnconv:`
NETWORK = ("backbone", "stride", "branches", "variant", "neuron", "norm")

network_options = together(
    click.option("--backbone", help="ReSpike: resnet18, resnet50, resnet101 or resnet152 for its key frames."),
    click.option(
        "--ann-weights",
        metavar="FILE",
        help="ReSpike: torchvision's weights of the backbone for its key frames, for example those of ImageNet.",
    ),
    click.option("--stride", help="ReSpike: frames in a segment; the first is the key frame."),
    click.option("--branches", help="ReSpike: both, key or residual."),
    click.option("--variant", help="SVFormer: base, ss, st, dp, wd or 3stg."),
    click.option("--neuron", help="Both networks: lif, plif, or relu for the network without spikes."),
    click.option("--norm", help="SVFormer: tdbn or bn."),
    click.option("--num-classes", type=WHOLE, help="Number of classes  [default: what the data say]"),
    click.option("--arch-arg", "arch_args", multiple=True, metavar="K=V", help="Further argument for the network."),
    click.option("--weights", type=click.Path(), metavar="FILE", help="Weights to start from."),
    head_option,
)


@click.command()
@click.argument("model")
@data_options("train")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), help="File to write  [default: NAME.pt]")
@run_options
@network_options
@training_options(None, without=("clip-weight-decay",))
@normalization_options
@shared_options
def train(
    model: str, data: str, val: str, limit: int | None, target: Path | None, folder: Path, overwrite: bool,
    resume: bool, log: str, device: str, as_json: bool, quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Train MODEL from the start, or from --weights, and save it as a file that needs no --arch.

    MODEL is respike, svformer, another network by name (torchvision:NAME, pytorchvideo:NAME, timm:NAME, snnconv:NAME,
    module:factory), or a file that this command wrote. Such a file is trained further with its normalisation. Channels,
    frame size and number of frames are fitted to the data if the network accepts them. Spiking networks learn by
    surrogate gradients through time. Each network has its own training settings, the published ones if there are any.

    A training that was killed continues when you give the same command again, and ends with the same weights. Under
    torchrun, each process takes a share of every batch.

    \b
    snnconv train svformer --variant 3stg --data dvs128gesture:DIR:train --val dvs128gesture:DIR:test
    snnconv train respike --backbone resnet50 --stride 4 --data hmdb51:DIR:train1 --val hmdb51:DIR:test1
    snnconv train snnconv:c3d --weights sports1m.pth --data ucf101:DIR:train1 --val ucf101:DIR:test1
    snnconv train snnconv:small_cnn3d --data "npz:a.npz?layout=NTHW" --val "npz:b.npz?layout=NTHW" --num-classes 4
    """
    from ...convert.fitting import fit
    from ...files import check_output
    from ...io.trained_file import save_trained
    from ...measure.distributed import process_number
    from ...models.spiking_layer import is_direct
    from ...opening.building import build_network
    from ...training import train as run
    from ...training.defaults import chosen_for, normalization_for, told
    from ...training.engine import require_fabric
    from ...training.settings import settings_of
    from .. import work

    if resume and overwrite:
        raise InputError("--resume continues a training, --overwrite drops it", remedy="leave one of them out")
    path = target or Path(f"{work.model_name(model)}.pt")
    chosen = settings_given(options)
    settings_of(chosen)  # before the data, whose opening can take a while
    with telling(quiet or process_number() > 0):
        require_writable(folder, "train")
        check_output(path, overwrite)
        require_fabric()
        place = work.device_of(device)
        normalization = work.normalization_of(options)
        size = options["batch_size"] or 64
        training = work.data_of(data, normalization, size, limit, options)
        validation = work.data_of(val, normalization, size, None, options)
        assert training is not None
        assert validation is not None
        typed = {name: options[name] for name in NETWORK if options[name] is not None}
        if options["ann_weights"] is not None:
            typed["weights"] = options["ann_weights"]
        spec = f"snnconv:{model}" if model in SHORT else model
        start = {name: options[name] for name in ("arch_args", "num_classes", "seed", "weights", "head")}
        found = build_network(spec, typed, training, **start)
        for note in found.notes:
            logger.warning(note)
        usual = found.normalization or normalization_for(found.network)
        if normalization is None and usual is not None:
            training.normalization = validation.normalization = usual
        fit(training, found.network)
        fit(validation, found.network)
        if not quiet and not process_number():
            click.echo(f"settings: {told(chosen_for(found.network, chosen))}", err=True)
        result = run(
            found.network, training, validation, folder=folder, resume=not overwrite, log=log, device=str(place),
            **chosen,
        )  # fmt: skip
        if process_number():
            return
        about = {**result.configuration["settings"], "val_accuracy": result.accuracy}
        stored = result.configuration["data"]["normalization"]
        save_trained(found.network, path, found.origin, normalization=stored, training=about, overwrite=overwrite)
    following = "anytime" if is_direct(found.network) else "sweep"
    tell_trained(result, path, folder, f"snnconv {following} {path} --data DATA", as_json)
