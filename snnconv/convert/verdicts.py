"""What becomes of one site, and of every kind of activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import fx, nn

from ..graph.activations import Activation, shown
from ..graph.composed import Composed
from ..graph.elementwise import Elementwise

Verdict = Literal["exact", "approximate", "analog", "unsupported"]
Standing = Literal["levels", "tracking", "beyond"]
FOLLOWS = "spiking: follows f(mean input) up and down"
KEPT = "stays analog, on running means"
JUMPS = "error falls as 1/T but for values at a jump"
SENT = "method='auto' sends the ANN's own levels"


@dataclass(frozen=True)
class Entry:
    """One site: what it is, what becomes of it, where it stands in the user's source, and the remedy.

    Attributes:
        verdict: "exact": the error falls as 1/T; "approximate"; "analog": exact in the mean over time, but in real
            numbers, by nature; "unsupported".
        macs: multiply-accumulates of an analog operator in a step, of one sample, where they can be counted.
    """

    site: str
    kind: Literal["activation", "pooling", "norm", "merge", "operation"]
    operation: str
    verdict: Verdict
    detail: str
    source: str = ""
    remedy: str = ""
    macs: int | None = None


def activation_entry(
    node: fx.Node, module: nn.Module, spikes: bool, stands: Standing | None, place: str, method: str
) -> Entry:
    assert isinstance(module, Activation)
    name, ceiling = str(node.target), module.ceiling
    if module.levels is not None:
        return levels_entry(name, module, spikes, stands, place, method)
    if isinstance(module, (Elementwise, Composed)):
        detail = FOLLOWS if spikes else KEPT
        if isinstance(module, Composed) and module.jumps:
            return Entry(name, "activation", module.name, "approximate", f"{detail}; {JUMPS}", place)
        return Entry(name, "activation", module.name, "exact", detail + "; error falls as 1/T" * spikes, place)
    operation = "ReLU" if ceiling is None else f"clip to {shown(ceiling)}"  # type: ignore[arg-type]
    if not spikes:
        return Entry(name, "activation", operation, "exact", KEPT, place)
    if stands == "beyond":
        detail = "spiking; rates above the ceiling are possible"
        return Entry(name, "activation", operation, "approximate", detail, place, "convert the model again")
    if stands == "tracking":
        return Entry(name, "activation", operation, "exact", f"{FOLLOWS}; error falls as 1/T", place)
    return Entry(name, "activation", operation, "exact", "spiking; error falls as 1/T below the threshold", place)


def levels_entry(
    name: str, module: Activation, spikes: bool, stands: Standing | None, place: str, method: str
) -> Entry:
    """A quantised activation: its own levels, a function to follow, or a neuron whose levels are others."""
    assert module.levels is not None
    operation, most = str(module.levels), module.levels.largest
    if not spikes:
        return Entry(name, "activation", operation, "exact", KEPT, place)
    if stands == "levels":
        return Entry(name, "activation", operation, "exact", "spiking: spikes are the ANN's own levels", place)
    if module.tracked or stands == "tracking":
        return Entry(name, "activation", operation, "approximate", f"{FOLLOWS}; {JUMPS}", place, SENT)
    detail = (
        f"spiking; levels of {method or 'its neuron'} are not the ANN's, and become finer as T grows: an error stays"
    )
    bursts = "" if most is None else f"; so does method='sdm' with alpha=1/{most}, beta={most} at T = 1"
    once = "" if most is None else f"; one spike a step is meant for T = {most}"
    return Entry(name, "activation", operation, "approximate", detail, place, SENT + bursts + once)
