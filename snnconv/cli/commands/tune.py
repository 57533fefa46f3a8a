"""`snnconv tune`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ...console import VisibleConsole
from ...errors import InputError
from ...files import check_output
from ..measuring import energy_model_option
from ..notices import telling
from ..options import WHOLE, listed, maxpool_option, model_options, normalization_options, shared_options
from ..output import print_json, results_in

if TYPE_CHECKING:
    from ...tuning import Tuned

WIDE = 160
FILE = "tuned.snn.pt2"
PASSED_ON = ("calib_limit", "choose_limit", "refine", "seed", "maxpool", "keep", "only", "budget_spikes",
             "budget_energy", "energy_model", "input_shape")  # fmt: skip


@click.command()
@click.argument("model")
@click.option(
    "--data",
    required=True,
    metavar="DATA",
    help="Calibration data (training images), with or without labels: npz:FILE, imagefolder:DIR, ….",
)
@click.option("--budget-spikes", type=float, metavar="N", help="Maximum spikes per neuron and sample, over all steps.")
@click.option("--budget-energy", type=float, metavar="MJ", help="Maximum energy per sample in mJ, over all steps.")
@click.option(
    "--T", "steps", default="1,2,4", show_default=True, help="Time steps to choose among, such as 1,2,4 or 1..8."
)
@click.option(
    "--methods",
    metavar="M[,M…]",
    multiple=True,
    callback=listed,
    help="Methods to choose among, each with its own options; beta and bits are the most a site may get."
    "  [default: auto at three costs, mt, sdm-zero]",
)
@click.option(
    "--correct",
    "correction",
    default="bias",
    show_default=True,
    metavar="NAME",
    help="Correction to try with the best candidates, or none.",
)
@click.option("--refine/--no-refine", default=True, show_default=True, help="Refine thresholds site by site.")
@click.option("--calib-limit", type=WHOLE, default=512, show_default=True, help="Samples that set the thresholds.")
@click.option("--choose-limit", type=WHOLE, default=1000, show_default=True, help="Further samples used to choose.")
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path),
    default=Path("snnconv-out/tune"),
    show_default=True,
    help=f"Folder for {FILE}, tune.json, .csv, .png and .svg.",
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier result in the folder.")
@maxpool_option
@click.option("--keep", metavar="REGEX", help="Activation sites that stay analog.")
@click.option("--only", metavar="REGEX", help="The only activation sites that spike.")
@energy_model_option
@click.option("--batch-size", type=WHOLE, default=100, show_default=True, help="Samples read at once.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, …")
@normalization_options
@model_options
@shared_options
def tune(
    model: str, data: str, steps: str, methods: str | None, correction: str, target: Path, overwrite: bool,
    as_json: bool, quiet: bool, device: str, batch_size: int, **options: Any,
) -> None:  # fmt: skip
    """Choose method, thresholds and time steps for the smallest error under a budget of spikes or energy.

    Every candidate is adjusted until it costs as much as the budget allows. The candidate closest to the ANN is taken,
    judged on samples of DATA that did not set its thresholds. DATA is calibration data: measure the result on test data
    with 'snnconv sweep'.

    \b
    snnconv tune model.pt --data npz:train.npz --budget-spikes 1.0
    snnconv tune model.pt --data npz:train.npz --budget-energy 0.02 --T 1..4 -o tuned/
    snnconv tune model.pt --data imagefolder:train/ --budget-spikes 2 --methods sdm-zero:beta=8
    """
    from torch import nn

    from ...bench import parse_steps
    from ...io.stored import stored_normalization
    from ...tuning import tune as run_tune
    from ...tuning.api import CANDIDATES
    from .. import work

    times = parse_steps(steps)
    with telling(quiet), results_in(target, overwrite, "tune"):
        check_output(target / FILE, overwrite=True)
        found = work.open_named(model, options)
        normalization = work.normalization_of(options) or stored_normalization(found)
        limit = options["calib_limit"] + options["choose_limit"]
        samples = work.data_of(data, normalization, batch_size, limit, options, found.model)
        if samples is None:
            raise InputError("--data is empty", expected="npz:FILE, imagefolder:DIR, …")
        network = found.model.to(work.device_of(device)) if isinstance(found.model, nn.Module) else found.model
        passed = {name: options[name] for name in PASSED_ON}
        snn, result = run_tune(
            network, samples, T=times, methods=methods or CANDIDATES,
            correction=None if correction == "none" else correction, **passed,
        )  # fmt: skip
        if normalization is not None:
            snn.plan.normalization = normalization.to_dict()
        files = result.save(target, {FILE: snn.save})
    if as_json:
        print_json({**result.to_dict(), "files": [str(file) for file in (files[-1], *files[:-1])]})
        return
    show(result)
    click.echo(f"saved {target / FILE}\nplot: {files[2]}\n\nnext: snnconv sweep {target / FILE} --data TEST")


def show(result: Tuned) -> None:
    """The candidates, the nearest first, the sites of the chosen one, and what it comes to."""
    console = VisibleConsole(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    console.print(candidates(result), "", sites(result), "")
    chosen = result.chosen
    score = chosen.score
    accuracy = "" if score.accuracy is None else f", accuracy {score.accuracy:.2f} %"
    click.echo(
        f"chosen: {chosen.name} at T={chosen.T}, {score.spikes_per_neuron:.3g} spikes per neuron, {score.energy:.3g} mJ"
        f"\nit names the ANN's class on {score.agreement:.2f} % of {score.samples:,} calibration samples{accuracy}"
    )


def candidates(result: Tuned) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 1))
    table.add_column("candidate")
    for column in ("T", "agreement %", "divergence", "accuracy %", "spikes/neuron", "mJ", "θ ×"):
        table.add_column(column, justify="right")
    for trial in result.ranked:
        score = trial.score
        accuracy = "" if score.accuracy is None else f"{score.accuracy:.2f}"
        table.add_row(
            trial.name, str(trial.T), f"{score.agreement:.2f}", f"{score.divergence:.4f}", accuracy,
            f"{score.spikes_per_neuron:.3f}", f"{score.energy:.4g}", f"{trial.factor:.3g}",
            style="bold" if trial.chosen else None,
        )  # fmt: skip
    return table


def sites(result: Tuned) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 1))
    table.add_column("site of the chosen network")
    table.add_column("neuron")
    for column in ("θ least", "median", "largest", "most in a step"):
        table.add_column(column, justify="right")
    for site in result.sites:
        table.add_row(site.site, site.neuron, *(f"{value:.3g}" for value in site.theta), str(site.most))
    return table
