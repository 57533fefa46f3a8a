"""What is known of a value while a network runs: whether it is spikes, and what comes before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch._ops import OpOverload
from torch.utils.weak import WeakIdKeyDictionary

from ....graph.op import names
from ....neurons.kernels.layout import version_of as version_of

# As they are called where operations are dispatched: they move, copy or join values.
MOVES = names("moves", "joins", "pads") | {
    "_reshape_alias", "copy", "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d",
}  # fmt: skip
ONE_OF = {"max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices"}  # of spikes: an OR
SOURCELESS: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Trace:
    """What is known of a tensor.

    Attributes:
        sources: the spiking layers whose spikes it consists of, whole numbers ≥ 0; none: it is not spikes.
        fired: a neuron comes before it.
        raw: the network's input, moved at most.
        layer: the call of a layer that made it, moved at most since.
    """

    sources: frozenset[str] = SOURCELESS
    fired: bool = False
    raw: bool = False
    layer: str | None = None


class Traces:
    """The traces of the tensors that are alive.

    A tensor that is written to afterwards, or whose memory is, loses what its trace says of its values.
    """

    def __init__(self) -> None:
        self.known: Any = WeakIdKeyDictionary()

    def put(self, tensor: Tensor, trace: Trace, version: int) -> None:
        self.known[tensor] = trace, version

    def of(self, tensor: Tensor) -> Trace | None:
        """None: made of constants alone."""
        trace, version = self.known.get(tensor, (None, 0))
        return trace if trace is None or version == version_of(tensor) else Trace(fired=trace.fired)


def version_after(operation: OpOverload, first: Any) -> int:
    """The version that what an operation returns will have: torch counts it up only after the dispatch.

    Args:
        first: its first argument; of a view the version is shared.
    """
    aliases = [made.alias_info for made in operation._schema.returns if made.alias_info is not None]
    if not aliases or not isinstance(first, Tensor):
        return 0
    return version_of(first) + any(alias.is_write for alias in aliases)


def passed_on(
    name: str, arguments: Sequence[Any], options: Mapping[str, Any], traces: Sequence[Trace | None]
) -> Trace | None:
    """The trace of what an operation that is not a layer makes.

    Args:
        arguments, options: its own. traces: of the float tensors among them.
    """
    traced = [trace for trace in traces if trace is not None]
    if not traced:
        return None
    whole = len(traced) == len(traces) and keeps_spikes(name, arguments, options, len(traced))
    moved = whole and name in MOVES
    layers = {trace.layer for trace in traced}
    return Trace(
        sources=SOURCELESS.union(*(trace.sources for trace in traced))
        if whole and all(trace.sources for trace in traced)
        else SOURCELESS,
        fired=any(trace.fired for trace in traced),
        raw=moved and all(trace.raw for trace in traced),
        layer=layers.pop() if moved and len(layers) == 1 else None,
    )


def keeps_spikes(name: str, arguments: Sequence[Any], options: Mapping[str, Any], terms: int) -> bool:
    """Whether spikes stay spikes: moved, the largest of a window, a plain sum, a product element by element."""
    if name == "constant_pad_nd":
        return len(arguments) < 3 or arguments[2] == 0
    if name in ("add", "mul"):
        return terms == 2 and options.get("alpha", 1) == 1
    return name in MOVES or name in ONE_OF
