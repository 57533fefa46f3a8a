"""How events pass operations that are not layers: the policy table of what stands between a neuron and a layer.

Each entry runs the operation so that one event in gives one event at every place it reaches. Most operations that move,
copy or add up values do that as they are; averages become sums: what divides them is a weight, not an event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, fx
from torch.nn import functional as F

from ...convert.passes.scale_rules import pads_with_zero
from ...graph.graphs import value_of
from ...graph.op import ByKind, names
from ...graph.operands import operands
from .calls import Call

Pattern = Callable[[Call, Callable[[Any], Any]], Any]  # of the call and of what gives an argument's value


def as_it_is(call: Call, value: Callable[[Any], Any]) -> Any:
    assert isinstance(call.node.target, Callable)
    arguments = [value(argument) for argument in call.node.args]
    return call.node.target(*arguments, **{name: value(argument) for name, argument in call.node.kwargs.items()})


def unchanged(call: Call, value: Callable[[Any], Any]) -> Tensor:
    """A change of sign or of float type: whole numbers stay exact here."""
    return value(call.input)


def term_by_term(call: Call, value: Callable[[Any], Any]) -> Tensor:
    """a ± b: the events of both."""
    return value(call.values["self"]) + value(call.values["other"])


def summed(call: Call, value: Callable[[Any], Any]) -> Tensor:
    return value(call.input).sum(call.values["dim"], keepdim=bool(call.values["keepdim"]))


def pooled(call: Call, value: Callable[[Any], Any]) -> Tensor:
    """Sums over the windows; only the two- and three-dimensional pooling can be told not to divide."""
    x, dims = value(call.input), int(call.name[-2])
    kernel, stride, padding = (spread(value(call.values[name]), dims) for name in ("kernel_size", "stride", "padding"))
    ceil = call.values["ceil_mode"]
    if dims == 1:
        flat = F.avg_pool2d(
            x.unsqueeze(-2), (1, *kernel), (1, *(stride or kernel)), (0, *padding), ceil, divisor_override=1
        )
        return flat.squeeze(-2)
    pool = F.avg_pool2d if dims == 2 else F.avg_pool3d
    return pool(x, kernel, stride or kernel, padding, ceil, divisor_override=1)


def spread(setting: Any, dims: int) -> tuple[int, ...]:
    """One number may stand for all dimensions, and no stride for the kernel's."""
    values = tuple(setting) if isinstance(setting, (list, tuple)) else () if setting is None else (setting,)
    return values * dims if len(values) == 1 else values


def adaptively_pooled(call: Call, value: Callable[[Any], Any]) -> Tensor:
    """Sums over windows ⌊i·n/o⌋ … ⌈(i+1)·n/o⌉, which overlap where n is not a multiple of o."""
    x, dims = value(call.input), int(call.name[-2])
    for dim, wanted in zip(range(-dims, 0), spread(value(call.values["output_size"]), dims)):
        size = x.shape[dim]
        windows = x.new_zeros(wanted or size, size)
        for i, row in enumerate(windows):
            row[i * size // len(windows) : -(-(i + 1) * size // len(windows))] = 1
        x = (x.movedim(dim, -1) @ windows.T).movedim(-1, dim)
    return x


PATTERNS: ByKind[Pattern] = ByKind({
    **dict.fromkeys([f"upsample_nearest{d}d" for d in (1, 2, 3)], as_it_is),
    **dict.fromkeys(("neg", "to", "_to_copy"), unchanged),
    **dict.fromkeys(("add", "sub", "rsub"), term_by_term),
    "mean": summed,
    **dict.fromkeys([f"avg_pool{d}d" for d in (1, 2, 3)], pooled),
    **dict.fromkeys([f"adaptive_avg_pool{d}d" for d in (1, 2, 3)], adaptively_pooled),
}, (names("moves", "joins", "parts", "pads") | {"getitem", "sum", "cumsum"}, as_it_is))  # fmt: skip
AVERAGES = {name for name in PATTERNS if "avg" in name} | {"mean"}  # what comes out is not a whole number
TERMS = {"add", "sub", "rsub"}


def keeps_spikes(call: Call, is_spikes: Callable[[fx.Node], bool]) -> bool:
    """Whether what comes out is spikes, given that some of what goes in is: nothing else may be mixed in."""
    if not pads_with_zero(call.node):
        return False
    if call.name in TERMS and not all(isinstance(call.values[name], fx.Node) for name in ("self", "other")):
        return False
    if any(operand.role == "choice" and reads_input(operand.node) for operand in operands(call.node)):
        return False  # where a spike goes depends on the sample
    return all(is_spikes(operand) for operand in call.operands)


def reads_input(node: fx.Node) -> bool:
    """Whether a tensor depends on the values of an input, not on sizes alone."""
    if not isinstance(value_of(node), Tensor):
        return False
    return node.op == "placeholder" or any(map(reads_input, node.all_input_nodes))
