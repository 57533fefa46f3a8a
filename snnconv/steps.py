"""Numbers of time steps and of samples, as callers give them."""

from __future__ import annotations

import operator

from .errors import InputError


def is_whole(value: object) -> bool:
    """Whether it counts something: an int, NumPy's ones too, but no flag."""
    return hasattr(value, "__index__") and not isinstance(value, bool)


def checked_steps(T: int) -> int:
    """T as an int.

    Raises:
        InputError: it is not a whole number, or below 1.
    """
    if not is_whole(T) or T < 1:
        raise InputError(
            "too few time steps" if is_whole(T) else "T is not a whole number", expected="T ≥ 1", got=f"T = {T}"
        )
    return operator.index(T)
