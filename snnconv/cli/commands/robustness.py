"""`snnconv robustness`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ...console import VisibleConsole
from ..measuring import T_option, data_option, measure_network, measuring_options

if TYPE_CHECKING:
    from ...bench._robustness import Robustness


def levels(_: click.Context, parameter: click.Parameter, value: str) -> tuple[float, ...]:
    """`0.1,0.5` → (0.1, 0.5); `none` → ()."""
    try:
        return () if value.strip() == "none" else tuple(float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"expected numbers as 0.1,0.5,1, or none; got {value!r}", param=parameter) from None


@click.command()
@click.argument("model")
@data_option
@click.option("--gaussian", default="0.1,0.5,1", show_default=True, metavar="A[,A…]", callback=levels,
              help="Gaussian noise of σ = A · the standard deviation of the frame; 'none' turns it off.")  # fmt: skip
@click.option("--salt-pepper", default="0.1,0.2,0.3", show_default=True, metavar="P[,P…]", callback=levels,
              help="Pixels that become black or white, with probability P; 'none' turns it off.")  # fmt: skip
@click.option("--clip/--no-clip", default=True, show_default=True,
              help="Clip noisy values to the range of the frame without noise.")  # fmt: skip
@T_option
@measuring_options("robustness")
@click.pass_context
def robustness(
    context: click.Context, model: str, gaussian: tuple[float, ...], salt_pepper: tuple[float, ...], clip: bool,
    T: int | None, seed: int, **_: Any,
) -> None:  # fmt: skip
    """Measure how accuracy falls as noise is added to the inputs.

    Noise is added before the inputs are normalised. It follows from --seed and the position of a sample in the data, so
    that all networks see the same noise.

    MODEL is any network. It runs as it is, whether it was trained directly or does not spike at all. A converted
    network is measured together with its ANN. If you give --T or an option of the conversion, MODEL is converted first
    and also measured together with its ANN.

    \b
    snnconv robustness snn.pt2 --data npz:test.npz --T 8
    snnconv robustness snnconv:svformer --weights svformer.pth --data ucf101:DIR:test1 --salt-pepper 0.1,0.3
    snnconv robustness model.pt --calib npz:train.npz --data npz:test.npz --method sdm --gaussian 0.25,0.5,1,2
    """
    from ...bench import Robustness, check_steps
    from ...bench._robustness import robustness as measure_robustness
    from ...bench._robustness.noise import check_levels
    from ...opening import load_any
    from .. import work

    if T is not None:
        check_steps([T])
    for kind, given in (("gaussian", gaussian), ("salt-pepper", salt_pepper)):
        check_levels(kind, given)
    choices: dict[str, Any] = {"gaussian": gaussian, "salt_pepper": salt_pepper, "clip": clip, "seed": seed}
    measure_network(
        context,
        Robustness,
        print_robustness,
        lambda data, options, typed: load_any(
            work.open_named(model, options), model, work.conversion_of(options, typed, T), data
        ),
        lambda network, data: measure_robustness(network, data, T=T, name=work.model_name(model), **choices),
    )


def print_robustness(robustness: Robustness) -> None:
    """A line for every noise: accuracy of each network, and what it is below that without noise."""
    table = Table(box=None, header_style="bold", padding=(0, 2))
    table.add_column("noise")
    for network in robustness.networks:
        table.add_column(f"{network} %", justify="right")
        table.add_column("change", justify="right")
    for noise, level in dict.fromkeys((row.noise, row.level) for row in robustness.rows):
        cells = []
        for network in robustness.networks:
            value = robustness.accuracy(network, noise, level)
            cells += [f"{value:.2f}", f"{value - robustness.accuracy(network):+.2f}" if level else ""]
        table.add_row(f"{noise} {level:g}" if level else noise, *cells)
    VisibleConsole().print(table)
    clipped = "clipped to the range of the frame" if robustness.clipped else "not clipped"
    click.echo(f"{robustness.samples:,} samples; noisy values {clipped}")
