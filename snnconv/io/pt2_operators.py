"""Operators a `.pt2` may call: torch resolves their names with `getattr`, so a name could reach any function."""

from __future__ import annotations

import re

import torch

from .pt2_names import Refused, shorten, words

# Arithmetic on sizes.
_SYMBOLIC = words("""
    _operator.add _operator.sub _operator.mul _operator.truediv _operator.floordiv _operator.mod _operator.pow
    _operator.neg _operator.pos _operator.abs _operator.eq _operator.ne _operator.lt _operator.le _operator.gt
    _operator.ge _operator.and_ _operator.or_ _operator.not_ _operator.lshift _operator.rshift _operator.getitem
    math.trunc math.floor math.ceil math.sqrt
    torch.sym_not torch.sym_int torch.sym_float torch.sym_ite torch.sym_max torch.sym_min torch.sym_sqrt torch.sym_sum
    torch._sym_sqrt
""")

# Control flow and context managers that export writes. Left out: triton kernels, torchbind calls, compiled code.
_HIGHER_ORDER = words("""
    cond while_loop map_impl scan associative_scan wrap_with_set_grad_enabled wrap_with_autocast hints_wrapper
    _export_tracepoint strict_mode invoke_subgraph
""")

# Libraries of pure tensor arithmetic.
_OPERATOR = re.compile(r"torch\.ops\.(aten|prims|torchvision)\.(\w+)\.(\w+)")

# ATen operators that read or write files by name.
_FILE_OPERATORS = frozenset({"from_file", "save", "load"})


def check_operator(target: str) -> None:
    """An operator's name, such as `torch.ops.aten.relu.default`.

    Raises:
        Refused: it is not on the list of tensor and size arithmetic.
    """
    prefix, _, name = target.rpartition(".")
    if target in _SYMBOLIC or (prefix == "torch.ops.higher_order" and name in _HIGHER_ORDER):
        return
    match = _OPERATOR.fullmatch(target)
    if match is None or match[2] in _FILE_OPERATORS or not _is_operator(*match.groups()):
        raise Refused(f"the operator {shorten(target)}, which is not plain tensor arithmetic that this torch knows")


def _is_operator(library: str, name: str, overload: str) -> bool:
    """Whether this is a registered operator, not another attribute of torch's operator objects."""
    if library == "torchvision":
        import torchvision  # noqa: F401  # registers its operators; slow to import, so only when one is named
    packet = getattr(getattr(torch.ops, library), name, None)
    return isinstance(getattr(packet, overload, None), torch._ops.OpOverload)


def check_source_functions(text: str) -> None:
    """`source_fn_stack` metadata, `name,target;name,target`: its targets are looked up in torch too, though not called.

    Raises:
        Refused: a target is not a plain dotted name.
    """
    for entry in text.split(";"):
        target = entry.rpartition(",")[2]
        plain = all(part.isidentifier() and not part.startswith("__") for part in target.split("."))
        if not plain:
            raise Refused(f"the source function {shorten(target)}")
