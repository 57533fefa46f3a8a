"""`snnconv compare`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table as Lines

from ...console import VisibleConsole, styled
from ...errors import InputError
from ...files import check_output
from ..measuring import steps_of
from ..options import listed, model_options, normalization_options, run_options, setting_options, shared_options
from ..output import print_json
from ..sweeping import sweeping_options, swept

if TYPE_CHECKING:
    from ...reports.parts import Table

WIDE = 200
SAVED = "compare.csv, compare.md, pareto-*.png and .svg, the files of sweep,"


def named_folders(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    """`clip=out/` → {"clip": "out/"}."""
    pairs = [text.partition("=") for text in value]
    bad = next((text for text, (name, _, folder) in zip(value, pairs) if not name or not folder), None)
    names = [name for name, _, _ in pairs]
    if bad is not None or len({*names}) < len(names):
        raise InputError(
            "--beside is not NAME=FOLDER", expected="as clip=results/, every NAME once", got=" ".join(value)
        )
    return {name: folder for name, _, folder in pairs}


@click.command()
@click.argument("model")
@sweeping_options("compare", SAVED, steps_of("1,2,4,8,16,32"))
@click.option("--methods", metavar="M[,M…]", multiple=True, callback=listed,
              help="Method names, each with its own options if needed, for example mt,sdm:alpha=0.2,beta=5. 'all' is "
                   "every method that needs no training and can be combined: all,qcfs.  [default: all; none with "
                   "--preset]")  # fmt: skip
@click.option("--preset", metavar="NAME", help="Settings of a published table: sdm-table2 (M, MD, MB, … MDBS).")
@click.option("--beside", multiple=True, metavar="NAME=FOLDER", callback=named_folders,
              help="Results of another network on the same test data, to show in the same table and plots. It can be a "
                   "network that was fine-tuned for its methods. May be repeated.")  # fmt: skip
@setting_options
@normalization_options
@model_options
@run_options
@shared_options
@click.pass_context
def compare(context: click.Context, model: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Compare conversion methods on one network.

    The result is a sweep, one table, and the cheapest ways to come close to the ANN. MODEL is converted with every
    method. If the literature trains networks for a method and MODEL is not such a network, thresholds are calibrated,
    and this is noted. Warm-up steps count as latency, and their operations count as work.

    A run that was killed continues when you give the same command again. 'snnconv report' shows the folder as a page.

    \b
    snnconv compare model.pt --data npz:test.npz --calib npz:train.npz -o out/
    snnconv compare model.pt --data npz:test.npz --calib npz:train.npz --methods sdm,opt,qcfs,snm,burst,mt,ltb
    snnconv compare model.pt --data npz:test.npz --methods all,sdm:alpha=0.2,beta=5 --T 1,2,4,8 -o out/
    snnconv compare clipped.pt2 --data npz:test.npz --preset sdm-table2 -o ablation/
    snnconv compare model.pt --data npz:test.npz --calib npz:train.npz --beside clip=clipped/ --beside qcfs=qcfs/
    """
    from ...bench import Sweep
    from ...bench.beside import beside
    from ...reports.compare import FILES, require_higher
    from ..grids import compared

    require_higher(options["metric"])
    others = {name: Sweep.load(folder) for name, folder in options["beside"].items()}  # fails early
    for name in FILES if options["target"].is_dir() else ():
        check_output(options["target"] / name, overwrite=True)
    own = swept(context, compared, anew=True)
    if own is None:
        return
    result = beside(own, others)
    from ...reports.compare import cheapest, save_comparison
    from ...reports.comparison_page import cheapest_table
    from ...reports.sections.sweep import by_steps

    target = options["target"]
    files = [target / f"{result.NAME}.{kind}" for kind in ("json", "csv", "png", "svg")]
    files += save_comparison(result, target)
    if as_json:
        near = [each.to_dict() for each in cheapest(result)]
        print_json({**result.to_dict(), "cheapest": near, "files": [str(file) for file in files]})
        return
    console = VisibleConsole(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    for table in (by_steps(result), cheapest_table(result)):
        console.print(styled(table.caption, "bold"), lines_of(table))
    click.echo(f"table: {target / 'compare.md'}\nplots: {target / 'pareto-spikes.png'}, {target / 'pareto-energy.png'}")


def lines_of(table: Table) -> Lines:
    """The table for a terminal."""
    shown = Lines(box=None, header_style="bold", padding=(0, 1))
    for column in table.columns:
        shown.add_column(column.heading, justify="right" if column.number else "left")
    for row in table.rows:
        shown.add_row(*(cell.text for cell in row))
    return shown
