"""What the commands that measure one spiking network share: their options, and the way from those to saved results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from .notices import telling
from .options import (
    WHOLE,
    F,
    bare_model_options,
    conversion_options,
    model_options,
    normalization_options,
    run_options,
    shared_options,
    together,
    weights_option,
)
from .output import print_json, results_in

if TYPE_CHECKING:
    from torch import nn

    from ..data import DataSource
    from ..measure.result import Result
    from ..network import SpikingNetwork

R = TypeVar("R", bound="Result")
N = TypeVar("N")  # a network of the kind that is measured

data_option = click.option(
    "--data", required=True, metavar="DATA", help="Test data: npz:FILE, imagefolder:DIR, clips:DIR, fashion, …."
)
limit_option = click.option("--limit", type=WHOLE, help="Use only this many test samples, from the start of the data.")
views_option = click.option(
    "--views", metavar="TIMExSPACE",
    help="Views of a test clip, such as 5x3: windows in time × crops. The mean softmax over the views decides  "
    "[default: 1x1]",
)  # fmt: skip
energy_model_option = click.option(
    "--energy-model",
    default="45nm",
    show_default=True,
    metavar="NAME",
    help="45nm, memory, or a file of constants (.toml, .json).",
)


def steps_of(default: str) -> Callable[[F], F]:
    """The option of several time steps."""
    return click.option("--T", "steps", default=default, show_default=True, help="Time steps, such as 1,2,4 or 1..8.")


steps_option = steps_of("1,2,4,8,16")
T_option = click.option("--T", "T", type=WHOLE, help="Time steps  [default: those of a converted network, or 4]")


def measuring_options(name: str) -> Callable[[F], F]:
    """Test data, the folder of the results, and how a model that is not converted yet is."""
    conversion = (conversion_options, normalization_options, model_options, run_options, shared_options)
    return together(folder_options(name), *conversion)


def direct_options(name: str) -> Callable[[F], F]:
    """The same for a network that is measured as it is."""
    network = (normalization_options, bare_model_options, weights_option, run_options, shared_options)
    return together(folder_options(name), *network)


def folder_options(name: str) -> Callable[[F], F]:
    """How many samples, and where the results go."""
    output = click.option("-o", "--output", "target", type=click.Path(path_type=Path), show_default=True,
                          default=Path("snnconv-out") / name,
                          help=f"Folder for {name}.json, .csv, .png and .svg.")  # fmt: skip
    overwrite = click.option("--overwrite", is_flag=True, help=f"Replace an earlier result of {name} in the folder.")
    return together(limit_option, views_option, output, overwrite)


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
    from ..opening import load_or_convert
    from . import work

    def converted(samples: DataSource, options: dict[str, Any], typed: set[str]) -> SpikingNetwork:
        found = work.open_named(options["model"], options)
        return load_or_convert(found, options["model"], work.conversion_of(options, typed, T), samples)

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

    def measured() -> R:
        samples = work.test_data(options["data"], options)
        return run(prepare(samples, options, typed), samples)

    present(options, [kind], show, lambda: (measured(), []))


def measure_direct(
    context: click.Context,
    kind: type[R],
    show: Callable[[R], None],
    run: Callable[[nn.Module, DataSource, str], R],
    beside: Sequence[tuple[type[Result], Callable[[nn.Module, DataSource, str], Result]]] = (),
) -> None:
    """The same for a network that is measured as it is.

    Args:
        run: measures; its last argument is what was opened, in words.
        beside: further results for the same folder, and what measures them, before the first one.
    """
    from ..opening import load_direct
    from . import work

    options: dict[str, Any] = context.params

    def measured() -> tuple[R, list[Result]]:
        samples = work.test_data(options["data"], options)
        found = work.open_named(options["model"], options)
        network = load_direct(found, work.place_of(options), samples)
        others = [measure_other(network, samples, found.description) for _, measure_other in beside]
        return run(network, samples, found.description), others

    present(options, [kind, *(other for other, _ in beside)], show, measured)


def present(
    options: dict[str, Any],
    kinds: Sequence[type[Result]],
    show: Callable[[R], None],
    measured: Callable[[], tuple[R, list[Result]]],
) -> None:
    """Measure, save and print; a folder with an earlier result is refused first."""
    names = [kind.NAME for kind in kinds]
    with telling(options["quiet"]), results_in(options["target"], options["overwrite"], *names):
        result, others = measured()
        saved = [each.save(options["target"]) for each in (result, *others)]
    if options["as_json"]:
        print_json({**result.to_dict(), "files": [str(file) for files in saved for file in files]})
    else:
        show(result)
        for files in saved:
            click.echo(f"plot: {files[2]}")
