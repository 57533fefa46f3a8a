"""Walks a `.pt2`'s JSON along torch's own schema, so that each text is judged by what torch will do with it."""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Callable
from typing import Any

from torch._export.serde import schema

from . import pt2_names as names
from .pt2_expressions import check_expression, check_guard
from .pt2_names import Refused, shorten
from .pt2_operators import check_operator, check_source_functions
from .pt2_treespec import check_input_treespec, check_treespec

Check = Callable[[str], None]


def _refuse_object(text: str) -> None:
    raise Refused(f"a custom object of class {shorten(text)}")


# The policy: (schema class, field) → what its texts must be. A text with no entry must be a plain dotted name.
_TEXTS: dict[tuple[str, str], Check] = {
    ("SymExpr", "expr_str"): check_expression,
    ("ExportedProgram", "guards_code"): check_guard,
    ("ExportedProgram", "torch_version"): names.check_free,
    ("Node", "target"): check_operator,
    ("Argument", "as_operator"): check_operator,
    ("Argument", "as_string"): names.check_free,  # written into the code with repr()
    ("Argument", "as_strings"): names.check_free,
    ("ConstantValue", "as_string"): names.check_quotable,
    ("CustomObjArgument", "class_fqn"): _refuse_object,
    ("ModuleCallSignature", "in_spec"): check_input_treespec,
    ("ModuleCallSignature", "out_spec"): check_treespec,
    ("GraphModule", "metadata"): names.check_free,  # plain JSON, kept as it is
    ("Node", "metadata"): names.check_free,  # except the one key below
    ("NamedTupleDef", "field_names"): names.check_free,
    # These become variables in generated code.
    ("Node", "name"): names.check_identifier,
    ("TensorArgument", "name"): names.check_identifier,
    ("TokenArgument", "name"): names.check_identifier,
    ("SymIntArgument", "as_name"): names.check_identifier,
    ("SymFloatArgument", "as_name"): names.check_identifier,
    ("SymBoolArgument", "as_name"): names.check_identifier,
    ("CustomObjArgument", "name"): names.check_identifier,
    ("GraphArgument", "name"): names.check_identifier,
    ("InputToConstantInputSpec", "name"): names.check_optional_identifier,
    ("NamedArgument", "name"): names.check_optional_identifier,
    ("ModuleCallSignature", "forward_arg_names"): names.check_identifier,
}

# The same for the keys of mappings.
_KEYS: dict[tuple[str, str], Check] = {
    ("ExportedProgram", "range_constraints"): names.check_symbol,
    ("GraphModule", "metadata"): names.check_free,
    ("GraphModule", "treespec_namedtuple_fields"): names.check_free,
    ("Node", "metadata"): names.check_free,
    ("Argument", "as_string_to_argument"): names.check_free,  # written into the code with repr()
}


def check_program_json(value: object) -> None:
    """Check `models/model.json`, parsed. Raises: Refused."""
    _check(schema.ExportedProgram, value, ("ExportedProgram", ""))


def check_payload_json(value: object) -> dict[str, Any]:
    """Check a weights or constants table, parsed, and return its entries. Raises: Refused."""
    _check(schema.PayloadConfig, value, ("PayloadConfig", ""))
    return typing.cast("dict[str, Any]", value).get("config", {})


def _check(kind: Any, value: Any, place: tuple[str, str]) -> None:
    """Check `value`, which stands where the schema says `kind`, in the field `place` of a schema class.

    Raises:
        Refused: a text breaks its policy, or the value has another type than the schema's. Types matter: torch does not
            check them, and sympy evaluates a text wherever it wanted a number.
    """
    if isinstance(kind, str):
        kind = getattr(schema, kind)
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        _check(typing.get_args(kind)[0], value, place)
    elif origin in (typing.Union, types.UnionType):
        if value is not None:
            _check(next(part for part in typing.get_args(kind) if part is not type(None)), value, place)
    elif dataclasses.is_dataclass(kind):
        _check_fields(typing.cast("type", kind), value, place)
    elif origin is list and isinstance(value, list):
        for item in value:
            _check(typing.get_args(kind)[0], item, place)
    elif origin is dict and isinstance(value, dict):
        for key, item in value.items():
            _KEYS.get(place, names.check_attribute)(key)
            _check(typing.get_args(kind)[1], item, place)
    elif not _is_leaf(kind, value, place):
        raise Refused(f"{shorten(str(value))} where {place[0]}.{place[1]} belongs")


def _is_leaf(kind: Any, value: Any, place: tuple[str, str]) -> bool:
    """Check a text; say whether a number is one."""
    if kind is str and isinstance(value, str):
        _TEXTS.get(place, names.check_attribute)(value)
        return True
    if kind is float and value in ("Infinity", "-Infinity", "NaN"):
        return True
    is_number_kind = isinstance(kind, type) and issubclass(kind, (int, float, enum.IntEnum))
    return is_number_kind and isinstance(value, (int, float))


def _check_fields(kind: type, value: Any, place: tuple[str, str]) -> None:
    if not isinstance(value, dict):
        raise Refused(f"{shorten(str(value))} where {kind.__name__} belongs")
    hints = _hints(kind)
    for field, item in value.items():
        if field in hints:  # torch ignores fields it does not know, for files from later versions; so may we
            _check(hints[field], item, (kind.__name__, field))
    if kind is schema.Node and isinstance(value.get("metadata"), dict):
        check_source_functions(value["metadata"].get("source_fn_stack") or "torch")
    if kind is schema.Graph:
        # A constant text input ends up between quotes in a guard.
        for argument in value.get("inputs", []):
            names.check_quotable(argument.get("as_string", ""))


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind, globalns=dict(vars(schema)))
