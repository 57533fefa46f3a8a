"""Operations that ATen has under two names: the rest of the package knows one of them."""

from __future__ import annotations

import torch

# Same arguments, same overloads, same values.
SYNONYMS = {
    "clip": "clamp",
    "multiply": "mul",
    "subtract": "sub",
    "divide": "div",
    "true_divide": "div",
    "negative": "neg",
    "absolute": "abs",
    "concatenate": "cat",
    "concat": "cat",
    "moveaxis": "movedim",
    "special_expit": "sigmoid",
    "arctan": "atan",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "not_equal": "ne",
    "fix": "trunc",
    "special_erf": "erf",
    "special_erfc": "erfc",
    "special_exp2": "exp2",
    "special_expm1": "expm1",
    "special_log1p": "log1p",
    "special_logit": "logit",
    "special_round": "round",
}


def usual_name(target: object) -> object:
    """`clamp.default` for `clip.default`; any other target as it is."""
    if not isinstance(target, torch._ops.OpOverload):
        return target
    namespace, name = target._schema.name.split("::")
    if namespace != "aten" or name not in SYNONYMS:
        return target
    return getattr(getattr(torch.ops.aten, SYNONYMS[name]), target._overloadname)
