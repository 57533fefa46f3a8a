"""Why an operation cannot be converted, and what to do about it."""

from __future__ import annotations

from torch import Tensor, fx

from ..graph.graphs import value_of
from ..graph.names import name_of
from ..graph.op import analog_kind
from ..graph.operations import RECURRENT, has_no_statistics, is_random, uses_batch_statistics
from .verdicts import Entry

PARTS = (
    "convert the parts before and after it on their own, or leave all activations before it analog (keep=…, --keep): "
    "then it is computed once; a convolution over the sequence or attention in its place converts"
)
DROPPED = (
    "it drops in eval mode too: write F.dropout(x, training=self.training) or use nn.Dropout; export a program again "
    "after model.eval()"
)
DRAWN = "take it out of the forward; export a program again after model.eval(), if it draws in training alone"
SEEN = "samples of a batch see each other through it, and time steps are folded into the batch"
TRACKED = "set track_running_stats=True and train on, or put GroupNorm or InstanceNorm in its place"
TRAINED = "export the program again after model.eval(); in a forward, pass training=False"
COMPLEX = (
    "take the transform before the first activation, where it is computed once; or write it with real numbers: a "
    "Fourier transform is a product with two constant matrices, of cosines and of sines"
)
NUMBER = "keep it a tensor, of one value for each sample: x / x.amax(1, keepdim=True) in place of x / x.max().item()"
WHOLE = "return the values themselves, and take argmax or compare them after the call: the network gives their mean"


def unsupported_entry(node: fx.Node, where: str, place: str) -> Entry:
    name = name_of(node)
    if name in RECURRENT:
        detail, remedy = "a recurrent layer: its state runs along the sequence, and no neuron follows it", PARTS
    elif is_random(node):
        detail, remedy = "draws random numbers at inference", DROPPED if "dropout" in name else DRAWN
    elif uses_batch_statistics(node):
        lacks = has_no_statistics(node)
        detail = f"a BatchNorm {'without running statistics' if lacks else 'in train mode'}: {SEEN}"
        remedy = TRACKED if lacks else TRAINED
    elif is_complex(node):
        detail, remedy = "complex numbers, which no neuron sends", COMPLEX
    elif name == "item" or any(name_of(source) == "item" for source in node.all_input_nodes):
        detail, remedy = "a Python number that data decide", NUMBER
    elif gives_whole(node):
        detail, remedy = "whole numbers, or true and false, of values that vary in time", WHOLE
    elif analog_kind(name) is not None:
        detail, remedy = (
            "returns integers (indices or sizes) that depend on the data",
            "use only its values, not its indices",
        )
    else:
        detail = "non-linear in time-varying values, and no running-mean form is known for it"
        remedy = "move it before the first or after the last layer"
    return Entry(where, "operation", name, "unsupported", detail, place, remedy)


def is_complex(node: fx.Node) -> bool:
    values = [value_of(node), *map(value_of, node.all_input_nodes)]
    return any(isinstance(value, Tensor) and value.is_complex() for value in values)


def gives_whole(node: fx.Node) -> bool:
    value = value_of(node)
    return isinstance(value, Tensor) and not (value.is_floating_point() or value.is_complex())
