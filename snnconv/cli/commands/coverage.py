"""`snnconv coverage`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from ...console import VisibleConsole
from ...errors import InputError
from ..notices import telling
from ..options import WHOLE, shared_options
from ..output import print_json, require_writable

if TYPE_CHECKING:
    from ...coverage import Coverage, Network

WIDE = 160
ZOOS = "torchvision,pytorchvideo"


@click.command()
@click.option("--zoo", "zoos", default=ZOOS, show_default=True, metavar="ZOO[,ZOO]", help="Model zoos to verify.")
@click.option("--models", metavar="REGEX", help="Only networks whose names contain a match, such as 'resnet|vit_'.")
@click.option("--sample", type=WHOLE, metavar="N", help="Only N of the networks, small and varied ones first.")
@click.option("--jobs", type=WHOLE, default=1, show_default=True, help="Networks at a time, each in its own process.")
@click.option("--cpu-limit", type=float, default=300.0, show_default=True, help="Processor seconds per network.")
@click.option("--memory-limit", type=float, default=24.0, show_default=True, help="GiB of memory per network.")
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path),
    default=Path("snnconv-out/coverage"),
    show_default=True,
    help="Folder for coverage.md, .json, .csv, .png and .svg, and the journal of the run.",
)
@click.option("--overwrite", is_flag=True, help="Start again instead of continuing the run in the folder.")
@shared_options
def coverage(
    zoos: str, models: str | None, sample: int | None, jobs: int, cpu_limit: float, memory_limit: float, target: Path,
    overwrite: bool, seed: int, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Verify every network of the model zoos, and write a table of how well each one converts.

    Each network is built with random weights, scaled so that activations neither vanish nor explode, at a size that
    takes a few minutes of one processor. See 'snnconv verify' for what is checked. A run that was killed continues when
    you give the command again; networks that failed are tried again. The exit code is 1 if a network fails.

    \b
    snnconv coverage --sample 12
    snnconv coverage --zoo torchvision --models 'resnet|vgg' -o out/
    """
    from ...coverage import coverage as run_coverage

    with telling(quiet):
        require_writable(target, "coverage")
        names = [name.strip() for name in zoos.split(",") if name.strip()]
        if not names:
            raise InputError("--zoo is empty", expected=ZOOS, got=repr(zoos))
        result = run_coverage(
            names, models=models, sample=sample, jobs=jobs, folder=target, fresh=overwrite, seconds=cpu_limit,
            memory=memory_limit, seed=seed,
        )  # fmt: skip
        files = result.save(target)
    if as_json:
        print_json({**result.to_dict(), "held": result.held, "files": [str(file) for file in files]})
    else:
        show(result)
        click.echo(f"table: {files[-1]}\nplot: {files[2]}")
    if not result.held:
        sys.exit(1)


def show(result: Coverage) -> None:
    """One line for every network, and what it comes to."""
    from ...coverage.page import summary

    table = Table(box=None, header_style="bold", padding=(0, 1))
    table.add_column("network")
    for column in ("spiking", "analog", "canonical", f"error at T={result.T}", "limit"):
        table.add_column(column, justify="right")
    table.add_column("")
    for network in result.networks:
        table.add_row(network.model, *cells(network, result.T), style=None if network.held else "bold")
    VisibleConsole(width=None if sys.stdout.isatty() else WIDE, highlight=False).print(table, "")
    click.echo(summary(result))


def cells(network: Network, T: int) -> list[str]:
    from ...coverage.page import percent

    if network.failed is not None:
        return ["", "", "", "", "", f"failed: {network.failed}"]
    analog = str(sum(kind.count for kind in network.analog))
    canonical = "" if network.canonical_error is None else f"{network.canonical_error:.1e}"
    return [
        f"{network.converted}/{network.total}",
        analog,
        canonical,
        percent(network.snn_error.get(T)),
        "" if network.limit is None else f"{network.limit:.0%}",
        "holds" if network.held else "; ".join(network.missed),
    ]
