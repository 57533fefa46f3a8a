"""What the commands that measure one spiking network share: their options, and the way from those to saved results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ..bench.results import Result
from ..data import DataSource
from .notices import telling
from .options import F, conversion_options, model_options, normalization_options, run_options, shared_options, together
from .output import print_json, require_free_folder

DEFAULT_T = 4  # of a model that is converted for the measurement
R = TypeVar("R", bound=Result)

data_option = click.option(
    "--data", required=True, metavar="DATA", help="Test data: npz:FILE, imagefolder:DIR, fashion, …."
)
limit_option = click.option("--limit", type=int, help="Only the first so many test samples.")
energy_model_option = click.option(
    "--energy-model", default="45nm", show_default=True, metavar="NAME",
    help="45nm, memory, or a file of constants (.toml, .json).",
)  # fmt: skip


def steps_of(default: str) -> Callable[[F], F]:
    """The option of several time steps."""
    return click.option("--T", "steps", default=default, show_default=True, help="Time steps, as 1,2,4 or 1..8.")


steps_option = steps_of("1,2,4,8,16")
T_option = click.option("--T", "T", type=int, help="Time steps  [default: those of the converted network, else 4]")


def measuring_options(name: str) -> Callable[[F], F]:
    """Test data, the folder of the results, and how a model that is not converted yet is."""
    output = click.option("-o", "--output", "target", type=click.Path(path_type=Path), show_default=True,
                          default=Path("snnconv-out") / name,
                          help=f"Folder for {name}.json, .csv, .png and .svg.")  # fmt: skip
    overwrite = click.option("--overwrite", is_flag=True, help=f"Replace an earlier {name} in the folder.")
    conversion = (conversion_options, normalization_options, model_options, run_options, shared_options)
    return together(limit_option, output, overwrite, *conversion)


def measure(
    context: click.Context,
    kind: type[R],
    show: Callable[[R], None],
    run: Callable[[Any, DataSource], R],
    T: int | None = None,
    *,
    direct: bool = False,
) -> None:
    """Open the data and the network as the options say, measure, save and print.

    Args:
        show: prints the result for people.
        run: measures the `SpikingNetwork`, or the module that spikes by itself.
        T: time steps meant, for a model that is converted first.
        direct: whether a network that spikes by itself is measured as it is.
    """
    from . import work

    options: dict[str, Any] = context.params
    typed = {name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    with telling(options["quiet"]):
        require_free_folder(options["target"], options["overwrite"], kind.NAME)
        samples = work.test_data(options["data"], options)
        network = work.measurable(options["model"], samples, T or DEFAULT_T, options, typed, direct)
        result = run(network, samples)
        files = result.save(options["target"])
    if options["as_json"]:
        print_json({**result.to_dict(), "files": [str(file) for file in files]})
    else:
        show(result)
        click.echo(f"plot: {files[2]}")
