"""`snnconv bench list` and `snnconv bench run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...files import alone_in
from ..measuring import limit_option, views_option
from ..notices import telling
from ..options import WHOLE, bare_model_options, normalization_options, shared_options
from ..output import print_json, require_writable
from ..recipe_tables import print_checks, print_recipes, print_rows, print_run

data_root = click.option(
    "--data-root", type=click.Path(path_type=Path), metavar="DIR", help="Folder that holds the published data sets."
)


@click.group()
def bench() -> None:
    """Run the tables and figures of papers as recipes, and show published values next to measured ones.

    \b
    snnconv bench list
    snnconv bench run sdm-fig4
    snnconv bench run svformer-energy --json
    """


@bench.command("list")
@click.argument("names", metavar="[RECIPE]…", nargs=-1)
@data_root
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def list_recipes(names: tuple[str, ...], data_root: Path | None, as_json: bool) -> None:
    """List the recipes: what each shows, what it needs, and whether it can run here.

    If you name a RECIPE, every row is listed: whether it runs here, or needs DATA or WEIGHTS, and which.

    \b
    snnconv bench list
    snnconv bench list --data-root data/
    snnconv bench list sdm-table1 respike-table1 --data-root data/
    """
    from ...papers import Workspace, listing

    entries = listing(Workspace(data_root=data_root), names)
    if as_json:
        print_json({"recipes": [entry.to_dict() for entry in entries]})
    elif names:
        print_rows(entries)
    else:
        print_recipes(entries)


@bench.command("run")
@click.argument("recipe")
@data_root
@click.option("--group", metavar="GROUP", help="Run only this group of rows, for example cifar10/vgg16.")
@click.option("--T", "steps", metavar="T[,T…]", help="Time steps instead of the published ones, such as 1,2,4 or 1..8.")
@limit_option
@views_option
@click.option(
    "-o", "--output", "target", type=click.Path(path_type=Path),
    help="Folder for bench.json, .csv, .png, .svg and journals  [default: snnconv-out/bench/RECIPE]",
)  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace the results of another recipe, and start sweeps again.")
@click.option("--dry-run", is_flag=True,
              help="Only open every row's network and data, run one sample, and say what is missing.")  # fmt: skip
@click.option("--weights", "weights", multiple=True, metavar="[GROUP[/ROW][:SPLIT]=]FILE",
              help="Trained weights for the network of a group or row (or for it with clips), "
                   "or for --model.")  # fmt: skip
@click.option("--train", is_flag=True,
              help="First train the networks for which no weights are given, as their papers do.")  # fmt: skip
@click.option("--start", "train_start", multiple=True, metavar="[NETWORK|GROUP[/ROW]=]FILE",
              help="Checkpoint that --train starts from (its classifier is replaced), or random.")  # fmt: skip
@click.option("--set", "train_set", multiple=True, metavar="NAME=VALUE",
              help="Setting for --train instead of the paper's, such as epochs=2 or lr=0.001.")  # fmt: skip
@click.option("--model", metavar="MODEL", help="Another network instead of the published one; needs --data.")
@click.option("--data", metavar="DATA", help="Other labelled test data: npz:FILE, imagefolder:DIR, ….")
@click.option("--calib", metavar="DATA", help="Calibration data (training images) for --model or --data.")
@click.option("--calib-limit", type=WHOLE, default=512, show_default=True, help="Number of calibration samples.")
@bare_model_options
@normalization_options
@click.option("--batch-size", type=WHOLE, help="Samples per batch of an evaluation  [default: 100, or 8 for clips]")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, …")
@shared_options
def run(
    recipe: str, group: str | None, steps: str | None, target: Path | None, as_json: bool, quiet: bool, dry_run: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Measure what RECIPE asks for, as far as possible here, next to the published values.

    RECIPE is a name from `snnconv bench list`, or a TOML file of your own. Rows that cannot run say why; --dry-run says
    so at once. If a row fails, the others still run. A sweep that was killed continues when you give the same command
    again, and so does a training of --train. With --train, --limit applies to training samples too. With --model, the
    settings run on another network.

    \b
    snnconv bench run sdm-table1 --data-root data/ --dry-run
    snnconv bench run sdm-table4 --data-root data/ --weights cifar10/vgg16=vgg16.pth --limit 1000
    snnconv bench run sdm-table1 --data-root data/ --train --start slowfast_4x16=slowfast.pyth -o table1/ --device cuda
    snnconv bench run sdm-fig6 --model snnconv:cifar_resnet20 --weights resnet20.th --data npz:test.npz --T 1,2,4,8
    snnconv bench run respike-table3
    """
    from ...bench import parse_steps
    from ...papers import dry_run as tried
    from ...papers import find_recipe, run_recipe
    from ..recipes import trainer_of, workspace_of

    found = find_recipe(recipe)
    if dry_run:
        with telling(quiet):
            work, trainer = workspace_of(found, None, group, options), trainer_of(found, group, options)
            checks = tried(found, work, group=group, trainer=trainer)
        if as_json:
            print_json({"rows": [check.to_dict() for check in checks]})
        else:
            print_checks(checks)
        return
    folder = target or Path("snnconv-out/bench") / found.name
    require_writable(folder, "bench")
    with telling(quiet), alone_in(folder, "bench"):
        workspace = workspace_of(found, folder, group, options)
        trainer = trainer_of(found, group, options)
        chosen = {"T": parse_steps(steps) if steps else None, "group": group, "trainer": trainer}
        result = run_recipe(found, workspace, **chosen)
    files = [folder / f"{result.NAME}.{kind}" for kind in ("json", "csv", "png", "svg")]
    if as_json:
        print_json({**result.to_dict(), "files": [str(file) for file in files]})
    else:
        print_run(result)
        click.echo(f"plot: {files[2]}")
