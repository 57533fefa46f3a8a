"""How a program's inputs and outputs nest (pytree specs): loading one can import any module, and keys become code."""

from __future__ import annotations

import json
from typing import Any

from .pt2_names import Refused, check_identifier, check_quotable, shorten, words

_CONTAINERS = words("""
    builtins.tuple builtins.list builtins.dict collections.namedtuple collections.OrderedDict collections.defaultdict
    collections.deque torch.Size torch.fx.immutable_collections.immutable_list
    torch.fx.immutable_collections.immutable_dict
""")
_RETURN_TYPES = "torch.return_types."
_FACTORIES = words("list dict set tuple int float str bool")
_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError)


def check_treespec(text: str) -> None:
    """The JSON of a pytree spec.

    Raises:
        Refused: it names a container that is not a plain Python one, an enum (torch imports its module), a default
            factory outside the builtins, or keys that are not plain values.
    """
    if not text:
        return
    try:
        _check_node(json.loads(text)[1])
    except _MALFORMED as error:
        raise Refused(f"the input or output structure {shorten(text)}") from error


def check_input_treespec(text: str) -> None:
    """The same for a program's inputs, whose keywords become parameters of a generated `forward`.

    Raises:
        Refused: as above, or a keyword is not an identifier.
    """
    check_treespec(text)
    if not text:
        return
    try:
        root = json.loads(text)[1]
        children = root["children_spec"]
        kinds = [child["type"] for child in children]
        if root["type"] == "builtins.tuple" and kinds == ["builtins.tuple", "builtins.dict"]:
            for key in json.loads(children[1]["context"]):
                check_identifier(key)
    except _MALFORMED as error:
        raise Refused(f"the input structure {shorten(text)}") from error


def _check_node(node: dict[str, Any]) -> None:
    kind, context = node["type"], node["context"]
    if kind is not None:
        if kind not in _CONTAINERS and not kind.startswith(_RETURN_TYPES):
            what = f"the container type {shorten(kind)} in its inputs or outputs"
            raise Refused(f"{what}: only its own library can make one (a forward that returns a dict needs none)")
        # torch keeps most contexts as JSON inside JSON, and some as they are.
        _check_context(
            json.loads(context) if isinstance(context, str) and kind != "collections.namedtuple" else context
        )
    for child in node["children_spec"]:
        _check_node(child)


def _check_context(context: object) -> None:
    """Keys of a dict, the length of a deque, the factory of a defaultdict."""
    if isinstance(context, dict):
        if "__enum__" in context:
            raise Refused("an enum in its input or output structure (torch would import the enum's module)")
        module = context.get("default_factory_module", "builtins")
        name = context.get("default_factory_name", "list")
        if module != "builtins" or name not in _FACTORIES:
            raise Refused(f"the default factory {module}.{name} in its input or output structure")
        for key, value in context.items():
            check_quotable(key)
            _check_context(value)
    elif isinstance(context, list):
        for value in context:
            _check_context(value)
    elif isinstance(context, str):
        check_quotable(context)
