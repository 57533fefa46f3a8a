"""The command line: parse, call the package, print."""

from __future__ import annotations

import _thread
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..errors import SnnconvError
from ..io import atomic_output
from ..progress import quiet as no_bars
from .options import (
    conversion_options,
    maxpool_option,
    model_options,
    normalization_options,
    run_options,
    shared_options,
)

EPILOG = "Exit codes: 0 done, 1 a check did not hold, 2 bad input or use, 130 interrupted."


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="snnconv")
def cli() -> None:
    """Turn trained PyTorch networks into spiking networks that are accurate in a few time steps.

    \b
    snnconv inspect torchvision:resnet18
    snnconv convert model.pt --alpha 0.5 --beta 2 --calib npz:train.npz -o snn.pt2
    snnconv sweep snn.pt2 --data npz:test.npz --T 1,2,4,8 -o out/
    """


@cli.command()
@click.argument("model")
@model_options
@maxpool_option
@shared_options
def inspect(model: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Say what becomes of every activation, pooling, norm and merge of MODEL. Changes nothing.

    \b
    snnconv inspect torchvision:googlenet
    snnconv inspect weights.pth --arch snnconv:cifar_resnet20 --input-shape 3,32,32 --json
    """
    from ..convert.api import inspect as inspect_model
    from . import output, work

    with telling(quiet):
        found = work.opened(model, options)
        report = inspect_model(found.model, input_shape=options["input_shape"], maxpool=options["maxpool"])
    if as_json:
        output.print_json({"model": found.description, **report.to_dict()})
    else:
        output.print_report(report)


@cli.command()
@click.argument("model")
@click.option("--T", "T", type=int, default=4, show_default=True, help="Time steps the network runs by default.")
@click.option(
    "-o", "--output", "target", type=click.Path(path_type=Path), help="File to write  [default: NAME.snn.pt2]"
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@conversion_options
@normalization_options
@model_options
@run_options
@shared_options
def convert(
    model: str, T: int, target: Path | None, overwrite: bool, as_json: bool, quiet: bool, **options: Any
) -> None:
    """Convert MODEL into a spiking network and save it.

    MODEL is a file (.pt2, .pt, .pth, .safetensors; weights alone need --arch), or torchvision:NAME, snnconv:NAME,
    package.module:factory.

    \b
    snnconv convert model.pt --alpha 0.5 --beta 2
    snnconv convert weights.pth --arch torchvision:resnet18 --calib imagefolder:train/ -o snn.pt2
    snnconv convert snnconv:fashion_cnn --arch-arg pretrained=true --calib fashion:train --method sdm
    """
    from . import output, work

    path = target or Path(f"{work.model_name(model)}.snn.pt2")
    with telling(quiet), atomic_output(path, overwrite=overwrite) as temporary:
        found = work.opened(model, options)
        snn = work.converted(found, T, options)
        snn.save(temporary)
    analog = [name for name, site in snn.plan.sites.items() if site.neuron is None]
    count, total = len(snn.plan.sites) - len(analog), len(snn.plan.sites)
    if as_json:
        summary = {"sites": total, "converted": count, "analog": analog, "T": T, "settings": snn.plan.settings}
        notes = {"notices": snn.plan.notices, "provenance": snn.plan.provenance}
        output.print_json({"output": str(path), "model": found.description, **summary, **notes})
    else:
        shown = ", ".join(f"{key}={value}" for key, value in snn.plan.settings.items() if value is not None)
        click.echo(f"{count} of {total} activations spike ({shown})\nsaved {path}\n")
        click.echo(f"next: snnconv sweep {path} --data DATA --T 1,2,4,8,16")


@cli.command()
@click.argument("model")
@click.option(
    "--data", required=True, metavar="DATA", help="Labelled test data: npz:FILE, imagefolder:DIR, fashion, …."
)
@click.option("--T", "steps", default="1,2,4,8,16", show_default=True, help="Time steps, as 1,2,4 or 1..8.")
@click.option("--limit", type=int, help="Only the first so many test samples.")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), default=Path("snnconv-out/sweep"),
              show_default=True, help="Folder for sweep.json, .csv, .png and .svg.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace an earlier sweep in the folder.")
@conversion_options
@normalization_options
@model_options
@run_options
@shared_options
@click.pass_context
def sweep(
    context: click.Context, model: str, data: str, steps: str, target: Path, overwrite: bool, as_json: bool,
    quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Measure accuracy and spikes against time steps, the ANN beside it.

    MODEL is a converted network, or any model, which is then converted first with the options below.

    \b
    snnconv sweep snn.pt2 --data npz:test.npz --T 1,2,4,8,16 -o out/
    snnconv sweep torchvision:resnet18 --weights w.pth --calib imagefolder:train --data imagefolder:val
    """
    from ..bench import parse_steps
    from ..bench import sweep as run_sweep
    from . import output, work

    typed = {name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    times = parse_steps(steps)
    with telling(quiet):
        output.require_free_folder(target, overwrite)
        samples = work.test_data(data, options)
        snn = work.spiking(model, times[-1], options, typed)
        work.normalize_like(samples, snn, options)
        result = run_sweep(snn, samples, times, seed=options["seed"])
        files = result.save(target)
    if as_json:
        output.print_json({**result.to_dict(), "files": [str(file) for file in files]})
    else:
        output.print_sweep(result)
        click.echo(f"plot: {files[2]}")


@cli.command()
@click.argument("model")
@click.option("--convention", default="mac", show_default=True,
              help="What is added up: mac, mac+bias, fvcore-eval, fvcore-train or mmcv.")  # fmt: skip
@model_options
@shared_options
def count(model: str, convention: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Count the dense operations and parameters of MODEL for one input sample.

    \b
    snnconv count torchvision:resnet50 --input-shape 3,224,224
    snnconv count torchvision:r3d_18 --input-shape 3,16,224,224 --convention fvcore-train --json
    """
    from ..bench.count import count as count_operations
    from . import output, work

    with telling(quiet):
        found = work.opened(model, options)
        result = count_operations(found.model, options["input_shape"], convention=convention)
    if as_json:
        output.print_json({"model": found.description, **result.to_dict()})
    else:
        output.print_count(result)


@contextmanager
def telling(quiet: bool) -> Iterator[None]:
    """Notices on standard error, one line each; none, and no progress bars, when quiet."""
    log = logging.getLogger("snnconv")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("note: %(message)s"))
    handler.setLevel(logging.ERROR if quiet else logging.INFO)
    log.addHandler(handler)
    propagate, log.propagate = log.propagate, False
    try:
        with no_bars(quiet):
            yield
    finally:
        log.removeHandler(handler)
        log.propagate = propagate


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C gets through also where it hits a callback of the garbage collector, of which torch has many.

    Python can only ignore an exception there, and says so to this hook: the interrupt is then sent again.
    """
    before = sys.unraisablehook

    def again(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            timer = threading.Timer(0.05, _thread.interrupt_main)  # later: raised in here it would be lost too
            timer.daemon = True
            timer.start()
        else:
            before(lost)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before


def main() -> None:
    """Run the command line; every expected error is one message and an exit code, never a traceback."""
    try:
        with interruptible():
            sys.exit(cli.main(prog_name="snnconv", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except SnnconvError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
