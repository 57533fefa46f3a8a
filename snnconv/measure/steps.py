"""Lists of time steps as users type them."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable

from ..errors import InputError
from ..steps import is_whole


def parse_steps(text: str) -> tuple[int, ...]:
    """`"1,2,4,8"` or `"1..8"` → increasing time steps.

    Raises:
        InputError: not such a list, a step below 1, or one that comes twice.
    """
    steps: list[int] = []
    for part in text.split(","):
        low, dots, high = part.strip().partition("..")
        try:
            first, last = int(low), int(high if dots else low)
        except ValueError:
            raise InputError("not a list of time steps", expected="as 1,2,4,8 or 1..32", got=repr(text)) from None
        steps.extend(range(first, last + 1))
    return check_steps(steps)


def check_steps(steps: Iterable[int]) -> tuple[int, ...]:
    """Time steps in increasing order; each at least 1 and given once."""
    given = tuple(steps) if isinstance(steps, Iterable) else ()
    whole = all(is_whole(step) for step in given)
    twice = sorted(t for t, count in Counter(given).items() if count > 1)
    if not given or not whole or min(given) < 1 or twice:
        problem = f"time step {twice[0]} comes twice" if twice else "time steps must be at least 1"
        raise InputError(
            problem if whole else "time steps must be whole numbers",
            expected="different whole numbers ≥ 1, such as 1,2,4,8",
            got=", ".join(map(str, given)) or ("none" if isinstance(steps, Iterable) else repr(steps)),
        )
    return tuple(sorted(map(operator.index, given)))
