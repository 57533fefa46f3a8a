"""What each tensor of an operation is to it: the one table of operands, a row a family.

data    it carries the quantum: the result is affine in all data operands at once, as a and b of a + b;
shape   it lends its shape, type or device, and none of its values;
choice  indices or a mask: the result is affine in the data as long as these are constant in time;
factor  affine in one of them as long as the others are constant, as x in x·w;
fixed   anything else that has to be constant: a divisor, statistics, an interpolation weight.

What has no row takes data that it is not affine in: only an activation, an analog operator or a refusal can follow.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import fx
from torch.utils import _pytree as pytree

Role = Literal["data", "shape", "choice", "factor", "fixed"]
Kind = Literal[
    "moves", "joins", "parts", "pads", "blanks", "writes", "chooses", "sums", "terms", "layers", "products", "gates",
    "quotients",
]  # fmt: skip


@dataclass(frozen=True)
class Family:
    """Operations that are alike to every pass.

    Attributes:
        kind: "moves": copies values to other places, one tensor in and one out; "joins": several in, or several out;
            "parts": output i is operand i; "pads"; "blanks": made in the shape of the operand; "writes": into parts of
            a tensor; "chooses": element by element, or as an index says; "sums": weighted sums of one tensor with fixed
            weights; "terms": sums of several; "layers"; "products" of matrices; "gates": products element by element.
        names: in ATen, without overloads.
        data, shape, choice, factor, fixed: names of arguments in the schemas.
        unless: calls of it that are not affine all the same.
    """

    kind: Kind
    names: str
    data: str = ""
    shape: str = ""
    choice: str = ""
    factor: str = ""
    fixed: str = ""
    unless: Callable[[fx.Node], bool] | None = None

    @property
    def roles(self) -> dict[str, Role]:
        """{argument: role}."""
        kinds: tuple[Role, ...] = ("data", "shape", "choice", "factor", "fixed")
        return {argument: role for role in kinds for argument in getattr(self, role).split()}


def argument_of(node: fx.Node, name: str) -> Any:
    """The value of a call's argument by its name in the schema, or None where it is left out."""
    target = node.target
    assert isinstance(target, torch._ops.OpOverload)
    names = [argument.name for argument in target._schema.arguments]
    place = names.index(name) if name in names else len(node.args)
    return node.args[place] if place < len(node.args) else node.kwargs.get(name)


def reduces(node: fx.Node) -> bool:
    """Whether it writes by another rule than replacing, adding or averaging."""
    return argument_of(node, "reduce") not in (None, "add", "sum", "mean")


def rounds(node: fx.Node) -> bool:
    return bool(argument_of(node, "rounding_mode"))


def pads_otherwise(node: fx.Node) -> bool:
    return argument_of(node, "mode") not in (None, "constant", "reflect", "replicate", "circular")


FAMILIES = (
    Family(
        "moves",
        "view _unsafe_view reshape flatten unflatten ravel permute transpose t numpy_T mT adjoint movedim swapaxes "
        "swapdims squeeze unsqueeze slice select expand broadcast_to flip fliplr flipud roll rot90 repeat tile "
        "clone contiguous detach alias lift_fresh_copy _to_copy positive pixel_shuffle pixel_unshuffle channel_shuffle "
        "native_channel_shuffle diagonal diag_embed tril triu unfold im2col",
        data="self",
    ),
    Family("moves", "expand_as view_as reshape_as type_as to", data="self", shape="other"),
    Family("moves", "index _unsafe_index take_along_dim", data="self", choice="indices"),
    Family("moves", "index_select gather", data="self", choice="index"),
    Family("moves", "repeat_interleave", data="self", choice="repeats"),
    Family("moves", "narrow", data="self", choice="start"),
    Family("joins", "cat concat stack hstack vstack dstack column_stack row_stack", data="tensors"),
    Family(
        "joins",
        "split split_with_sizes chunk unbind unsafe_split unsafe_split_with_sizes unsafe_chunk hsplit vsplit dsplit",
        data="self",
    ),
    Family("joins", "tensor_split", data="self", choice="tensor_indices_or_sections"),
    Family("parts", "broadcast_tensors meshgrid", data="tensors"),
    Family("parts", "atleast_1d atleast_2d atleast_3d", data="self tensors"),
    Family(
        "pads",
        "pad constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d "
        "replication_pad3d",
        data="self",
        unless=pads_otherwise,
    ),
    Family(
        "blanks", "zeros_like ones_like full_like empty_like new_zeros new_ones new_full new_empty zero", shape="self"
    ),
    Family("writes", "fill", data="value", shape="self"),
    Family("writes", "copy", data="src", shape="self"),
    Family("writes", "slice_scatter select_scatter diagonal_scatter", data="self src"),
    Family("chooses", "where", data="self other", choice="condition"),
    Family("chooses", "masked_fill", data="self value", choice="mask"),
    Family("chooses", "index_put _unsafe_index_put", data="self values", choice="indices"),
    Family("chooses", "index_fill", data="self value", choice="index"),
    Family("chooses", "index_add index_copy index_reduce", data="self source", choice="index", unless=reduces),
    Family("chooses", "scatter scatter_add scatter_reduce", data="self src", choice="index", unless=reduces),
    Family("chooses", "grid_sampler", data="input", choice="grid"),
    Family("chooses", "embedding", data="weight", choice="indices"),
    Family(
        "sums",
        "mean sum sum_to_size cumsum col2im affine_grid_generator avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d "
        "adaptive_avg_pool2d adaptive_avg_pool3d upsample_nearest1d upsample_nearest2d upsample_nearest3d "
        "_upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d upsample_linear1d "
        "upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa",
        data="self input theta",
    ),
    Family("sums", "diff", data="self prepend append"),
    Family("terms", "add sub rsub neg", data="self other"),
    Family("terms", "lerp", data="self end", fixed="weight"),
    Family(
        "layers",
        "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution linear",
        data="bias",
        factor="input weight",
    ),
    Family("layers", "bilinear", data="bias", factor="input1 input2 weight"),
    Family(
        "layers",
        "batch_norm _native_batch_norm_legit_no_training",
        data="bias",
        factor="input weight",
        fixed="running_mean running_var",
    ),
    Family("products", "matmul mm bmm tensordot inner", factor="self other mat2"),
    Family("products", "outer mv linalg_vecdot", factor="self vec vec2 x y"),
    Family("products", "einsum", factor="tensors"),
    Family("products", "addmm baddbmm addbmm", data="self", factor="mat1 mat2 batch1 batch2"),
    Family("products", "addmv addr", data="self", factor="mat vec vec1 vec2"),
    Family("gates", "mul cross linalg_cross", factor="self other"),
    Family("gates", "addcmul", data="self", factor="tensor1 tensor2"),
    Family("quotients", "div", factor="self", fixed="other", unless=rounds),
    Family("quotients", "addcdiv", data="self", factor="tensor1", fixed="tensor2"),
)  # fmt: skip
OPERATIONS: dict[str, Family] = {name: family for family in FAMILIES for name in family.names.split()}


class Operand(NamedTuple):
    """One tensor, or size, among the arguments of a call."""

    node: fx.Node
    role: Role


def short_name(target: torch._ops.OpOverload) -> str:
    """`relu` for `aten::relu_`."""
    return target._schema.name.split("::")[1].removesuffix("_")


def name_of(node: fx.Node) -> str:
    """`conv2d` for `aten.conv2d.default`, the function's name for others; never an operation's name for what is not a
    function, such as the call of a module that the user named `split`."""
    target = node.target
    if isinstance(target, str):
        return f"{node.op} {target}"
    if isinstance(target, torch._ops.OpOverload):
        return short_name(target)
    return getattr(target, "__name__", str(target))


def names(*kinds: Kind) -> set[str]:
    """The operations of some kinds."""
    return {name for name, family in OPERATIONS.items() if family.kind in kinds}


def operands(node: fx.Node) -> Iterator[Operand]:
    """All that a call reads, as often as it reads it; what has no row in the table is data."""
    if not isinstance(node.target, torch._ops.OpOverload):
        yield from (Operand(leaf, "data") for leaf in leaves(node.args, node.kwargs))
        return
    for value, role in with_roles(node.target, node.args, node.kwargs):
        yield from (Operand(leaf, role) for leaf in leaves(value))


def with_roles(
    target: torch._ops.OpOverload, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Iterator[tuple[Any, Role]]:
    """Each argument of an operation with its role; sizes and settings have that of a shape."""
    family = OPERATIONS.get(short_name(target))
    named = {**dict(zip((argument.name for argument in target._schema.arguments), args)), **kwargs}
    for argument, value in named.items():
        yield value, "data" if family is None else family.roles.get(argument, "shape")


def leaves(*values: Any) -> list[fx.Node]:
    return [leaf for leaf in pytree.tree_leaves(values) if isinstance(leaf, fx.Node)]


def carriers(node: fx.Node) -> list[fx.Node]:
    """The operands whose values the result depends on: all but those that lend a shape.

    Where output i is operand i, what takes it out depends on no other.
    """
    if node.target is operator.getitem and isinstance(source := node.args[0], fx.Node):
        parts = source.args[0] if source.args else None
        if name_of(source) in names("parts") and isinstance(parts, (list, tuple)):
            return leaves(parts[node.args[1]])  # type: ignore[index]
    return [operand.node for operand in operands(node) if operand.role != "shape"]
