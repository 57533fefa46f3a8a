"""`snnconv report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ...errors import InputError
from ...files import check_output
from ..measuring import energy_model_option, limit_option, steps_option, views_option
from ..notices import telling
from ..options import WHOLE, grid_options, model_options, normalization_options, run_options, shared_options
from ..output import print_json, require_writable

FOR_FOLDERS = {"target", "overwrite", "figures", "title", "as_json", "quiet", "seed"}


@click.command()
@click.argument("source", metavar="FOLDER|MODEL")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), default=Path("report.html"),
              show_default=True, help="File for the page.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace the page, and for a MODEL discard earlier results.")
@click.option("--title", help="Title of the page  [default: the model's name, otherwise the folder's]")
@click.option("--figures", type=click.Path(path_type=Path), metavar="DIR",
              help="Folder for every figure as .svg and .png.")  # fmt: skip
@click.option("--data", metavar="DATA", help="Labelled test data for a MODEL: npz:FILE, imagefolder:DIR, fashion, ….")
@steps_option
@click.option("--at", type=WHOLE, help="Time steps of energy and diagnosis  [default: 4, or the longest T]")
@click.option("--within", type=float, default=0.5, show_default=True,
              help="Latency: accepted loss of accuracy against the ANN, in percentage points.")  # fmt: skip
@limit_option
@views_option
@energy_model_option
@grid_options
@normalization_options
@model_options
@run_options
@shared_options
@click.pass_context
def report(
    context: click.Context, source: str, target: Path, overwrite: bool, title: str | None, figures: Path | None,
    data: str | None, as_json: bool, quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Make one self-contained HTML page of results.

    For a FOLDER, the page shows whatever is there: train.json, finetune.json, verify.json, tune.json, sweep.json,
    anytime.json, energy.json, latency.json, robustness.json, diagnose.json, attention.json, clip_attention.json.

    For a MODEL, everything is measured first, into the folder of the page: the sweep over all methods, α and β, then
    energy, diagnosis, latency and attention of the last combination. A second run continues the sweep and reuses
    finished results of the same configuration. If the page is in the current folder, the results go to
    snnconv-out/report.

    \b
    snnconv report out/ -o report.html
    snnconv report model.pt --calib npz:train.npz --data npz:test.npz --method if,sdm,auto -o out/report.html
    snnconv report snn.pt2 --data imagefolder:val --T 1..16 --figures figures/
    """
    from ...measure.distributed import together
    from ...reports import report as make_report

    typed = {name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    with together() as group, telling(quiet or not group.first):
        if figures is not None:
            require_writable(figures)
        folder = Path(source)
        is_model = not folder.is_dir()
        if is_model:
            folder = results_folder(target)
            measure_model(source, data, target, folder, overwrite, typed, options)
        else:
            refuse_options_of_models(context, typed, source)
        if not group.first:
            return
        if is_model:
            target.parent.mkdir(parents=True, exist_ok=True)
        make_report(folder, target, title=title, figures=figures, overwrite=overwrite or is_model)
    if as_json:
        print_json({"output": str(target)})
    else:
        click.echo(f"report: {target}")


def measure_model(
    model: str, data: str | None, page: Path, folder: Path, overwrite: bool, typed: set[str], options: dict[str, Any]
) -> None:
    """Fail on bad input first, then measure everything.

    Raises:
        InputError: no data, a page that this command did not write, and all that measuring can raise.
    """
    from ...bench import parse_steps
    from ...bench.journal import journals_in
    from ...cost.energy import energy_model as find_energy_model
    from ...reports import measure
    from .. import work
    from ..grids import networks_of, settings_of

    if data is None:
        raise InputError(
            f"{model} is not a folder of results, and a model needs test data",
            expected="a folder, or --data DATA with a model",
            remedy=f"snnconv report {model} --data DATA",
        )
    require_writable(folder)
    if page.parent.is_dir():
        check_output(page, overwrite or bool(journals_in(folder)))
    times = parse_steps(options["steps"])
    prices = find_energy_model(options["energy_model"])
    samples = work.test_data(data, options)
    networks = networks_of(model, times[-1], settings_of(options, times[-1]), samples, options, typed)
    wanted = {name: options[name] for name in ("at", "within", "seed")}
    measure(networks, samples, times, folder, energy_model=prices, overwrite=overwrite, **wanted)


def results_folder(page: Path) -> Path:
    """Beside the page; the current folder is not littered."""
    return page.parent if page.parent != Path() else Path("snnconv-out/report")


def refuse_options_of_models(context: click.Context, typed: set[str], folder: str) -> None:
    """A folder is shown as it is."""
    idle = [option.opts[0] for option in context.command.params if option.name in typed - FOR_FOLDERS - {"source"}]
    if idle:
        raise InputError(
            f"{folder} is a folder of results: it takes no {idle[0]}",
            remedy="leave the option out, or give the model to be measured",
        )
