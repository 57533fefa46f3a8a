"""Which operations may stand between spiking neurons: those that are affine in what varies in time.

They commute with the mean over time, so the spiking network computes the ANN's value from the neurons' mean rates. Of
which operand they are affine `graph.operands` says. What else varies in time is analog: see `graph.analog`.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Collection

import torch
from torch import fx, nn

from .names import argument_of, name_of
from .op import affine_op
from .operands import operands

LINEAR_MODULES: tuple[type[nn.Module], ...] = (
    nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, nn.Linear,
    nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d,
    nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d,
)  # fmt: skip


def is_affine(graph_module: fx.GraphModule, node: fx.Node, varying: Collection[fx.Node]) -> bool:
    """Whether the call is affine in the inputs that vary in time."""
    if node.op == "call_module":
        return isinstance(graph_module.get_submodule(str(node.target)), LINEAR_MODULES)
    if node.target is operator.getitem or isinstance(node.meta.get("val"), (torch.SymInt, int)):
        return True
    if isinstance(value := node.meta.get("val"), torch.Tensor) and not value.is_floating_point():
        return False  # rounded to integers, or a comparison
    op = affine_op(name_of(node))
    if op is None or (op.unless is not None and op.unless(node)):
        return False
    vary = Counter(operand.role for operand in operands(node) if operand.node in varying)
    return not vary["choice"] and not vary["fixed"] and vary["factor"] <= 1  # x·x counts x twice


# Where an operation says that it may draw random numbers: the argument that says so.
UNLESS = {
    "scaled_dot_product_attention": "dropout_p", "rrelu": "training", "dropout": "train", "alpha_dropout": "train",
    "feature_dropout": "train", "feature_alpha_dropout": "train",
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), "train"),
}  # fmt: skip
# Layers with a state that runs along the sequence.
RECURRENT = {
    *("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"),
    *("_thnn_fused_lstm_cell", "_thnn_fused_gru_cell", "_cudnn_rnn", "mkldnn_rnn_layer"),
}


def is_random(node: fx.Node) -> bool:
    """Whether the operation draws random numbers each time it runs."""
    target = node.target
    if not isinstance(target, torch._ops.OpOverload) or torch.Tag.nondeterministic_seeded not in target.tags:
        return False
    if (argument := UNLESS.get(name_of(node))) is None:
        return True
    arguments = [a.name for a in target._schema.arguments]
    position = arguments.index(argument) if argument in arguments else len(node.args)
    return bool(node.args[position] if len(node.args) > position else node.kwargs.get(argument, 0))


def uses_batch_statistics(node: fx.Node) -> bool:
    """BatchNorm or instance statistics computed from the running batch."""
    return name_of(node) == "batch_norm" and bool(argument_of(node, "training"))


def has_no_statistics(node: fx.Node) -> bool:
    """Whether that is because the BatchNorm keeps none."""
    return uses_batch_statistics(node) and node.args[3] is None
