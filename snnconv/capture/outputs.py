"""Outputs in containers of a library's own, as a dataclass: dicts in files, and where torch does not know them."""

from __future__ import annotations

import dataclasses
import functools
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import fx, nn
from torch.utils import _pytree as pytree

from ..graph.codegen import TreeCodeGen


def plain(value: Any) -> Any:
    """The same leaves in the same order, in dicts, lists and tuples: what names its parts becomes a dict."""
    if type(value) in (dict, OrderedDict):
        return type(value)((key, plain(item)) for key, item in value.items())
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple) and (names := getattr(value, "_fields", None)):
        return {name: plain(item) for name, item in zip(names, value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: plain(part) for name, part in parts if part is not None}
    if (kind := pytree.SUPPORTED_NODES.get(type(value))) is not None:
        return tuple(map(plain, kind.flatten_fn(value)[0]))
    return value


def plain_spec(spec: pytree.TreeSpec) -> pytree.TreeSpec:
    """The structure of the same leaves in plain containers; as it is where these would change their order."""
    leaves = list(range(spec.num_leaves))
    tree = plain(pytree.tree_unflatten(leaves, spec))
    found, structure = pytree.tree_flatten(tree)
    return structure if found == leaves else spec


@contextmanager
def plain_convention(network: fx.GraphModule) -> Iterator[fx.GraphModule]:
    """Inside the block the network gives its outputs in plain containers, which a file can name without code."""
    before = network.graph._codegen
    assert isinstance(before, TreeCodeGen)
    info = before.pytree_info
    spec = None if info.out_spec is None else plain_spec(info.out_spec)
    if spec == info.out_spec:
        yield network
        return
    try:
        network.graph.set_codegen(TreeCodeGen(info._replace(out_spec=spec)))
        network.recompile()
        yield network
    finally:
        network.graph.set_codegen(before)
        network.recompile()


@contextmanager
def plain_forward(model: nn.Module) -> Iterator[nn.Module]:
    """Inside the block the model's own forward gives plain containers, in place of some that torch does not know."""
    forward = model.forward

    @functools.wraps(forward)
    def call(*args: Any, **kwargs: Any) -> Any:
        return plain(forward(*args, **kwargs))

    own = "forward" in vars(model)
    model.forward = call
    try:
        yield model
    finally:
        if own:
            model.forward = forward
        else:
            del model.forward
