"""Which operations may stand between spiking neurons: the policy table of the pre-flight.

An operation that is affine in its time-varying inputs commutes with the mean over time, so the spiking network computes
the ANN's value from the neurons' mean rates. What else varies in time is analog: see `convert.analog`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import torch
from torch import fx, nn
from torch.utils import _pytree as pytree

aten = torch.ops.aten

LINEAR_MODULES: tuple[type[nn.Module], ...] = (
    nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.Linear,
    nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d,
    nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d,
)  # fmt: skip

# Names of ATen operations without their overloads. Affine in their first (or every) tensor argument:
LINEAR = {
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "convolution", "linear",
    "batch_norm", "_native_batch_norm_legit_no_training",
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
    "mean", "sum", "add", "sub", "rsub", "neg", "cumsum", "diff", "col2im",
    "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d", "upsample_linear1d", "upsample_bilinear2d",
    "upsample_trilinear3d", "upsample_bicubic2d",
}  # fmt: skip

# Move or copy values, whole neurons' spikes stay what they are: a common scale factor passes through.
RESHAPING = {
    "view", "_unsafe_view", "reshape", "flatten", "unflatten", "permute", "transpose", "t", "numpy_T", "movedim",
    "squeeze", "unsqueeze", "slice", "select", "narrow", "expand", "expand_as", "view_as", "flip", "roll", "repeat",
    "clone", "contiguous", "detach", "alias", "lift_fresh_copy", "to", "_to_copy", "pixel_shuffle", "pixel_unshuffle",
    "channel_shuffle", "index_select", "index", "repeat_interleave", "swapaxes", "swapdims", "native_channel_shuffle",
    "diagonal", "tril", "triu", "unfold", "im2col", "positive", "mT", "adjoint", "broadcast_to", "tile", "rot90",
    "fliplr",
}  # fmt: skip
JOINING = {"cat", "concat", "stack", "split", "split_with_sizes", "chunk", "unbind", "tensor_split", "unsafe_split",
           "unsafe_chunk", "hstack", "dstack", "column_stack", "hsplit", "dsplit"}  # fmt: skip
WRITING = {"fill", "copy", "slice_scatter", "select_scatter", "diagonal_scatter"}  # what x[:, 0] = y became
PADDING = {"pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d",
           "replication_pad1d", "replication_pad2d", "replication_pad3d", "zeros_like"}  # fmt: skip

# Affine in one argument as long as the other does not vary in time.
PRODUCTS = {"mul", "matmul", "mm", "bmm", "einsum", "addmm"}
QUOTIENTS = {"div"}

# Affine in what they choose from, as long as what chooses (the argument of this number) does not vary in time.
CHOICES = {
    "where": 0, "masked_fill": 1, "index": 1, "take_along_dim": 1, "index_put": 1, "grid_sampler": 1, "gather": 2,
    "scatter": 2, "scatter_add": 2, "index_add": 2, "index_copy": 2, "index_fill": 2,
}  # fmt: skip

ALWAYS = LINEAR | RESHAPING | JOINING | PADDING | WRITING


def name_of(node: fx.Node) -> str:
    """`conv2d` for `aten.conv2d.default`; the class or function name for everything else."""
    target = node.target
    if isinstance(target, torch._ops.OpOverload):
        return target._schema.name.split("::")[1].removesuffix("_")
    return getattr(target, "__name__", str(target))


def is_affine(graph_module: fx.GraphModule, node: fx.Node, varying: set[fx.Node]) -> bool:
    """Whether the call is affine in the inputs that vary in time."""
    if node.op == "call_module":
        return isinstance(graph_module.get_submodule(str(node.target)), LINEAR_MODULES)
    if node.target is operator.getitem or isinstance(node.meta.get("val"), (torch.SymInt, int)):
        return True
    if isinstance(value := node.meta.get("val"), torch.Tensor) and not value.is_floating_point():
        return False  # rounded to integers, or a comparison
    name = name_of(node)
    if name == "pad" and len(node.args) > 2 and node.args[2] not in ("constant", "reflect", "replicate", "circular"):
        return False
    rule = PRODUCT_RULES.get(name)
    return rule(node, varying) if rule else name in ALWAYS


def one_varies(node: fx.Node, varying: set[fx.Node]) -> bool:
    factors = [leaf for leaf in pytree.tree_leaves(node.args) if isinstance(leaf, fx.Node) and leaf in varying]
    return len(factors) <= 1  # x·x counts x twice


def numerator_varies(node: fx.Node, varying: set[fx.Node]) -> bool:
    is_rounded = bool(node.kwargs.get("rounding_mode"))
    return node.args[1] not in varying and not is_rounded


def choice_is_constant(node: fx.Node, varying: set[fx.Node]) -> bool:
    chooses = pytree.tree_leaves(node.args[CHOICES[name_of(node)]])
    return not any(leaf in varying for leaf in chooses if isinstance(leaf, fx.Node))


PRODUCT_RULES: dict[str, Callable[[fx.Node, set[fx.Node]], bool]] = {
    **dict.fromkeys(PRODUCTS, one_varies),
    **dict.fromkeys(QUOTIENTS, numerator_varies),
    **dict.fromkeys(CHOICES, choice_is_constant),
}


# Where an operation says that it may draw random numbers: the argument that says that it does not, and its default.
UNLESS: dict[str, tuple[str, int]] = {"scaled_dot_product_attention": ("dropout_p", 4), "rrelu": ("training", 3)}


def is_random(node: fx.Node) -> bool:
    """Whether the operation draws random numbers each time it runs."""
    target = node.target
    if not isinstance(target, torch._ops.OpOverload) or torch.Tag.nondeterministic_seeded not in target.tags:
        return False
    if (name := name_of(node)) not in UNLESS:
        return True
    argument, position = UNLESS[name]
    return bool(node.args[position] if len(node.args) > position else node.kwargs.get(argument, 0))


def uses_batch_statistics(node: fx.Node) -> bool:
    """BatchNorm or instance statistics computed from the running batch."""
    name, args = name_of(node), node.args
    return name == "batch_norm" and len(args) > 5 and bool(args[5])
