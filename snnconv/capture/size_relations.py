"""Relations between sizes, as texts: at which sizes they hold, which of them say something, what they fix."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import sympy

from ..size_terms import names_in, value_of_term
from ..sizes import BATCH

Other = Callable[[int], int]  # from a size to another one
LARGER: tuple[Other, ...] = (lambda n: 2 * n, lambda n: 3 * n)
OTHERS: tuple[Other, ...] = (*LARGER, lambda n: 2 * n - 1, lambda n: 2 * n + 1, lambda n: n + 32, lambda n: n + 64)
TRIED = 400  # sizes, together


def has_number(equality: sympy.Eq) -> bool:
    """Whether a size equals a number other than a remainder."""
    return any(side.is_number and side != 0 for side in equality.args)


def holds_elsewhere(text: str, read: set[str], example: Mapping[str, int], others: Sequence[Other]) -> bool:
    """Whether a relation holds at other sizes than the example's, all that it reads changed alike."""
    changed = ({name: other(example[name]) for name in read} for other in others)
    return any(bool(value_of_term(text, {**example, **sizes})) for sizes in changed)


def to_fix(text: str, read: set[str], example: Mapping[str, int], others: Sequence[Other]) -> set[str]:
    """The fewest sizes that have to be fixed for a relation to hold at other values of the rest: channels, if some."""
    names = sorted(read)
    for count in range(1, len(names)):
        for fixed in itertools.combinations(names, count):
            if holds_elsewhere(text, read - set(fixed), example, others):
                return set(fixed)
    return read


def independent(
    conditions: Mapping[str, bool], example: Mapping[str, int], ranges: Mapping[str, tuple[int, int | None]]
) -> tuple[str, ...]:
    """The conditions without those that follow from shorter ones, of what operations ask again when they run.

    Args:
        conditions: {condition: whether Python asks for it, which is asked only once}.
    """
    kept: list[str] = []
    for text in sorted(conditions, key=lambda text: (not conditions[text], len(text))):
        if conditions[text] or not follows(text, kept, example, ranges):
            kept.append(text)
    return tuple(text for text in conditions if text in kept)


def follows(
    text: str, others: Sequence[str], example: Mapping[str, int], ranges: Mapping[str, tuple[int, int | None]]
) -> bool:
    """Whether a condition holds wherever those others do that read no more than it, at all sizes tried."""
    read = names_in(text)
    near = [other for other in others if names_in(other) <= read | {BATCH}]
    lowest = {name: ranges.get(name, (1, None))[0] for name in sorted(read - {BATCH})}
    count = max(4, int(TRIED ** (1 / max(1, len(lowest)))))
    tried = [[*range(low, low + count), *(other(example[name]) for other in OTHERS)] for name, low in lowest.items()]
    for combined in itertools.product(*tried):
        sizes = {**example, **dict(zip(lowest, combined))}
        if all(value_of_term(other, sizes) for other in near) and not value_of_term(text, sizes):
            return False
    return True


def says_nothing(
    is_equality: bool,
    text: str,
    read: set[str],
    example: Mapping[str, int],
    ranges: Mapping[str, tuple[int, int | None]],
) -> bool:
    """Whether what an operation asks of its operands, and asks again when it runs, is none of our business.

    Inequalities are not, nor is what holds at all sizes tried, each changed by itself, such as `min(d2, d1*d2) == d2`.
    """
    if not is_equality:
        return True
    lowest = {name: ranges.get(name, (1, None))[0] for name in read}
    tried = [sorted({low, low + 1, low + 2, example[name], 2 * example[name] + 1}) for name, low in lowest.items()]
    combined = (dict(zip(lowest, sizes)) for sizes in itertools.product(*tried))
    return all(bool(value_of_term(text, {**example, **sizes})) for sizes in combined)
