"""What the commands that measure one spiking network share: their options, and the way from those to saved results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ..bench.results import Result
from ..data import DataSource
from ..network import SpikingNetwork
from .notices import telling
from .options import F, conversion_options, model_options, normalization_options, run_options, shared_options, together
from .output import print_json, require_free_folder

R = TypeVar("R", bound=Result)
N = TypeVar("N")  # a network of the kind that is measured

data_option = click.option(
    "--data", required=True, metavar="DATA", help="Test data: npz:FILE, imagefolder:DIR, fashion, …."
)
limit_option = click.option("--limit", type=int, help="Only the first so many test samples.")
views_option = click.option(
    "--views", metavar="TIMExSPACE",
    help="Views of a test clip, as 5x3: windows in time × crops. Accuracy is of their mean softmax  [default: 1x1]",
)  # fmt: skip
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
    return together(limit_option, views_option, output, overwrite, *conversion)


def measure(
    context: click.Context,
    kind: type[R],
    show: Callable[[R], None],
    run: Callable[[SpikingNetwork, DataSource], R],
    T: int | None = None,
) -> None:
    """Measure a spiking network: the one in the file, or the model converted as the options say.

    Args:
        show: prints the result for people.
        run: measures.
        T: time steps meant, for a model that is converted first.
    """
    from . import work

    def converted(samples: DataSource, options: dict[str, Any], typed: set[str]) -> SpikingNetwork:
        snn = work.spiking(options["model"], T or work.DEFAULT_T, options, typed)
        work.normalize_like(samples, snn, options)
        return snn

    measure_network(context, kind, show, converted, run)


def measure_network(
    context: click.Context,
    kind: type[R],
    show: Callable[[R], None],
    prepare: Callable[[DataSource, dict[str, Any], set[str]], N],
    run: Callable[[N, DataSource], R],
) -> None:
    """Open the data and the network as the options say, measure, save and print.

    Args:
        prepare: data, options and the names of those that were typed → the network; the data get its normalisation.
    """
    from . import work

    options: dict[str, Any] = context.params
    typed = {name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    with telling(options["quiet"]):
        require_free_folder(options["target"], options["overwrite"], kind.NAME)
        samples = work.test_data(options["data"], options)
        result = run(prepare(samples, options, typed), samples)
        files = result.save(options["target"])
    if options["as_json"]:
        print_json({**result.to_dict(), "files": [str(file) for file in files]})
    else:
        show(result)
        click.echo(f"plot: {files[2]}")
