"""What the commands that sweep share: their options, and the way from those to the results in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..errors import InputError
from .measuring import data_option, energy_model_option, limit_option, views_option
from .notices import telling
from .options import F, together
from .output import require_writable

if TYPE_CHECKING:
    from ..bench import Sweep
    from ..bench.setting import Setting


def sweeping_options(name: str, files: str, steps: Callable[[F], F]) -> Callable[[F], F]:
    """Test data, time steps and the folder of the results.

    Args:
        name: of the command. files: what it writes there.
        steps: the option of the time steps.
    """
    return together(
        data_option,
        steps,
        limit_option,
        views_option,
        click.option("-o", "--output", "target", type=click.Path(path_type=Path), default=Path("snnconv-out") / name,
                     show_default=True, help=f"Folder for {files} and the journal."),
        click.option("--overwrite", is_flag=True, help="Discard an earlier sweep in the folder and start again."),
        click.option("--resume", is_flag=True, help="Continue where the same command stopped. This is the default."),
        click.option("--metric", help="What networks are judged by: top1, top5, mean-per-class; without labels "
                     "agreement (same class as the ANN) or error (relative to its output)  [default: top1 or "
                     "agreement]"),
        energy_model_option,
        click.option("--baselines", type=click.Choice(["all", "none"]), default="all", show_default=True,
                     help="Networks to evaluate beside the ANN: the ANN quantised to 8 and to 4 bits, or none, which "
                          "is faster."),
    )  # fmt: skip


def swept(
    context: click.Context, settings_of: Callable[[dict[str, Any], int], list[Setting]], *, anew: bool = False
) -> Sweep | None:
    """Sweep the model as the options say, into the folder; None in all processes but the first.

    Args:
        settings_of: the options and the longest T → what the model is converted to.
        anew: convert a network that was converted before once more, rather than measure it as it is.

    Raises:
        InputError: whatever is wrong with the options, the model or the data.
    """
    from ..bench import Sweep, parse_steps
    from ..bench import sweep as run_sweep
    from ..cost.energy import energy_model
    from ..measure.distributed import together as joined
    from . import work
    from .grids import networks_of

    options: dict[str, Any] = context.params
    typed = {name for name in options if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    target, overwrite = options["target"], options["overwrite"]
    if options["resume"] and overwrite:
        raise InputError("--resume continues a sweep, --overwrite drops it", remedy="leave one of them out")
    times = parse_steps(options["steps"])
    with joined() as group, telling(options["quiet"] or not group.first):
        require_writable(target, Sweep.NAME)
        prices = energy_model(options["energy_model"])
        samples = work.test_data(options["data"], options)
        settings = settings_of(options, times[-1])
        networks = networks_of(options["model"], times[-1], settings, samples, options, typed, anew=anew)
        chosen = {name: options[name] for name in ("baselines", "metric", "seed")}
        wanted: dict[str, Any] = {"energy_model": prices, **chosen}
        result = run_sweep(networks, samples, times, folder=target, overwrite=overwrite, **wanted)
    return result if group.first else None
