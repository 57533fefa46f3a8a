"""`snnconv convert`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from ...files import atomic_output
from ..notices import telling
from ..options import WHOLE, conversion_options, model_options, normalization_options, run_options, shared_options
from ..output import print_json

log = logging.getLogger("snnconv")


@click.command()
@click.argument("model")
@click.option("--T", "T", type=WHOLE, default=4, show_default=True, help="Time steps that the network runs by default.")
@click.option(
    "-o", "--output", "target", type=click.Path(path_type=Path), help="File to write  [default: NAME.snn.pt2]"
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@click.option("--calib-checkpoint", type=click.Path(path_type=Path), metavar="FILE",
              help="File that keeps what calibration has seen; the same command continues from there. For large "
                   "data sets.")  # fmt: skip
@conversion_options
@normalization_options
@model_options
@run_options
@shared_options
def convert(
    model: str, T: int, target: Path | None, overwrite: bool, as_json: bool, quiet: bool, **options: Any
) -> None:
    """Convert MODEL into a spiking network and save it.

    MODEL is a file (.pt2, .pt, .pth, .onnx, .safetensors; a file that holds only weights needs --arch), or a name:
    torchvision:NAME, pytorchvideo:NAME, timm:NAME, snnconv:NAME or package.module:factory.

    \b
    snnconv convert model.pt --alpha 0.5 --beta 2
    snnconv convert weights.pth --arch torchvision:resnet18 --calib imagefolder:train/ -o snn.pt2
    snnconv convert model.pt --calib npz:train.npz --method if --correct bias-per-step
    snnconv convert snnconv:fashion_cnn --arch-arg pretrained=true --calib fashion:train --method sdm
    """
    from .. import work

    path = target or Path(f"{work.model_name(model)}.snn.pt2")
    with telling(quiet), atomic_output(path, overwrite=overwrite) as temporary:
        found = work.open_named(model, options)
        try:
            snn = work.conversion_of(options, T=T).of(found)
        except KeyboardInterrupt:
            if (seen := options["calib_checkpoint"]) and seen.exists():
                log.warning(f"what calibration has seen is in {seen}; the same command again continues")
            raise
        snn.save(temporary)
    analog = [name for name, site in snn.plan.sites.items() if site.neuron is None]
    count, total = len(snn.plan.sites) - len(analog), len(snn.plan.sites)
    if as_json:
        summary = {"sites": total, "converted": count, "analog": analog, "T": T, "settings": snn.plan.settings}
        notes = {"notices": snn.plan.notices, "provenance": snn.plan.provenance}
        print_json({"output": str(path), "model": found.description, **summary, **notes})
    else:
        told = {key: value for key, value in snn.plan.settings.items() if value is not None and key != "input_reach"}
        shown = ", ".join(f"{key}={value}" for key, value in told.items())
        click.echo(f"{count} of {total} activations spike ({shown})\nsaved {path}\n")
        click.echo(f"next: snnconv sweep {path} --data DATA --T 1,2,4,8,16")
