"""`snnconv anytime`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ...console import VisibleConsole
from ..measuring import data_option, direct_options, measure_direct
from ..options import WHOLE

if TYPE_CHECKING:
    from torch import nn

    from ...bench._anytime import Anytime
    from ...bench._attention import ClipAttention
    from ...data import DataSource


@click.command()
@click.argument("model")
@data_option
@click.option("--within", type=float, default=0.5, show_default=True,
              help="Accepted loss against the accuracy of the whole clip, in percentage points.")  # fmt: skip
@click.option("--attention", type=WHOLE, metavar="N",
              help="Also draw heat maps of the first N clips, frame by frame: clip_attention.*.")  # fmt: skip
@direct_options("anytime")
@click.pass_context
def anytime(context: click.Context, within: float, attention: int | None, seed: int, **_: Any) -> None:
    """Measure a directly trained video network after every further frame of the clips.

    The result is the accuracy against the frames seen so far; early exit, which leaves a clip as soon as one class has
    the given probability; and the firing rate and time constant of every spiking layer. The confidences are a fixed
    grid: choose one on other clips than those on which you judge it.

    With --attention, the command also draws what the network looks at. For ReSpike this is the ANN at key frames, the
    spiking branch at the other frames, and what a residual attends to in its key frame. For SVFormer it is the spikes
    that the head reads.

    MODEL is a trained file or a name. It is measured as it is, not converted.

    \b
    snnconv anytime trained.pt --data "npz:clips.npz?layout=NTHW&where=!train" -o out/
    snnconv anytime trained.pt --data ucf101:DIR:test1 --views 5x3 --attention 2 -o out/
    snnconv anytime snnconv:respike --arch-arg backbone=resnet18 --weights w.pth --data hmdb51:DIR:test1
    """
    from ...bench import Anytime, ClipAttention
    from ...bench._anytime import anytime as run_anytime
    from ...bench._attention import clip_attention
    from ...bench._latency import check_within

    check_within(within)

    def look(network: nn.Module, data: DataSource, model: str) -> ClipAttention:
        return clip_attention(network, data, clips=attention or 0, model=model, seed=seed)

    measure_direct(
        context,
        Anytime,
        print_anytime,
        lambda network, data, model: run_anytime(network, data, within=within, model=model, seed=seed),
        [] if attention is None else [(ClipAttention, look)],
    )


def print_anytime(anytime: Anytime) -> None:
    """Accuracy against frames, early exits, layers, and what it comes to."""
    frames = table("frames", "accuracy %", "firing %", "spikes of a clip")
    for row in anytime.rows:
        fired = ("–", "–") if row.firing is None else (f"{row.firing:.2f}", f"{row.spikes:,.0f}")
        frames.add_row(str(row.frames), f"{row.accuracy:.2f}", *fired)
    early = table("confidence", "mean frames", "accuracy %", "stopped early %")
    for exit in anytime.exits:
        early.add_row(f"{exit.confidence:g}", f"{exit.latency:.2f}", f"{exit.accuracy:.2f}", f"{exit.early:.1f}")
    layers = table("layer", "neuron", "firing %", "τ")
    for layer in anytime.layers:
        layers.add_row(layer.title, layer.neuron, f"{layer.rate:.3f}", f"{layer.tau:.3f}")
    for shown in (frames, early, *([layers] if anytime.layers else [])):
        VisibleConsole().print(shown)
        click.echo()
    click.echo(anytime.verdict)


def table(*columns: str) -> Table:
    """The first column to the left where it holds words."""
    made = Table(box=None, header_style="bold", padding=(0, 2))
    for column in columns:
        made.add_column(column, justify="left" if column in ("layer", "neuron") else "right")
    return made
