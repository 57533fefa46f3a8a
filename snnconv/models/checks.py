"""Arguments of networks, checked before they reach a layer that would complain in its own words."""

from __future__ import annotations

from ..errors import InputError


def require_counts(network: str, **counts: object) -> None:
    """Refuse numbers of classes, channels, steps, … that are not whole and at least 1.

    Args:
        network: whose arguments they are, in words.

    Raises:
        InputError: the first that is not.
    """
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(
                f"{name} of {network} is out of range", expected="a whole number, at least 1", got=repr(value)
            )
