"""`snnconv count`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ...console import VisibleConsole
from ..notices import telling
from ..options import model_options, shared_options
from ..output import print_json

if TYPE_CHECKING:
    from ...cost.dense import Count


@click.command()
@click.argument("model")
@click.option("--convention", default="mac", show_default=True,
              help="What is counted: mac, conv, mac+bias, fvcore-eval, fvcore-train or mmcv.")  # fmt: skip
@model_options
@shared_options
def count(model: str, convention: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Count the dense operations and parameters of MODEL for one input sample.

    \b
    snnconv count torchvision:resnet50 --input-shape 3,224,224
    snnconv count torchvision:r3d_18 --input-shape 3,16,224,224 --convention fvcore-train --json
    snnconv count pytorchvideo:slowfast_r50 --input-shape "3,8,256,256;3,32,256,256"
    """
    from ...cost.dense import count as count_operations
    from .. import work

    with telling(quiet):
        found = work.open_named(model, options)
        result = count_operations(found.model, options["input_shape"], convention=convention)
    if as_json:
        print_json({"model": found.description, **result.to_dict()})
    else:
        print_count(result)


def print_count(count: Count) -> None:
    """Operations by layer, the totals, and what no rule knows."""
    table = Table(box=None, header_style="bold", padding=(0, 2))
    table.add_column("layer")
    table.add_column("operations", justify="right")
    for name, amount in count.by_layer.items():
        table.add_row(name, f"{amount:,}")
    VisibleConsole().print(table)
    shapes = " and ".join(str(list(shape)) for shape in count.input_shape)
    click.echo(f"{count.ops / 1e9:,.4f} G operations ({count.convention}) for one input {shapes}")
    click.echo(f"{count.parameters:,} parameters")
    if count.unsupported:
        missing = ", ".join(f"{name} ×{count.unsupported[name]}" for name in count.unsupported_ops())
        click.echo(f"not counted: {missing}")
