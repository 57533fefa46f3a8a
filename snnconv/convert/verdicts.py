"""What becomes of one site, and of every kind of activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import fx, nn

from .activations import Activation, shown
from .composed import Composed
from .elementwise import Elementwise

Verdict = Literal["exact", "approximate", "analog", "unsupported"]
JUMPS = "error falls as 1/T but for values at a jump"


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
    node: fx.Node, module: nn.Module, spikes: bool, max_rate: float, place: str, is_sent: bool = False
) -> Entry:
    assert isinstance(module, Activation)
    name, ceiling = str(node.target), module.ceiling
    if module.levels is not None:
        return levels_entry(name, module, spikes, place, is_sent)
    if isinstance(module, (Elementwise, Composed)):
        detail = "spiking: follows f(mean input) up and down" if spikes else "stays analog, on running means"
        if isinstance(module, Composed) and module.jumps:
            return Entry(name, "activation", module.name, "approximate", f"{detail}; {JUMPS}", place)
        return Entry(name, "activation", module.name, "exact", detail + "; error falls as 1/T" * spikes, place)
    operation = "ReLU" if ceiling is None else f"clip to {shown(ceiling)}"  # type: ignore[arg-type]
    if not spikes:
        return Entry(name, "activation", operation, "exact", "stays analog, on running means", place)
    if ceiling is not None and max_rate > 1 + 1e-6:
        detail = "spiking; rates above the ceiling are possible"
        return Entry(name, "activation", operation, "approximate", detail, place, "alpha · beta ≤ 1, or method='auto'")
    return Entry(name, "activation", operation, "exact", "spiking; error falls as 1/T below the threshold", place)


def levels_entry(name: str, module: Activation, spikes: bool, place: str, is_sent: bool) -> Entry:
    """A quantised activation: its own levels, a function to follow, or a neuron whose levels are others."""
    operation = str(module.levels)
    if not spikes:
        return Entry(name, "activation", operation, "exact", "stays analog, on running means", place)
    if is_sent:
        return Entry(name, "activation", operation, "exact", "spiking: spikes are the ANN's own levels", place)
    if module.tracked:
        detail = f"spiking: follows f(mean input) up and down; {JUMPS}"
        return Entry(name, "activation", operation, "approximate", detail, place)
    detail = "spiking; in T steps its levels become finer than the ANN's"
    remedy = "L levels are the ANN's at T = 1 with α = 1/L, β = L, or at T = L with one spike a step; or method='auto'"
    return Entry(name, "activation", operation, "approximate", detail, place, remedy)
