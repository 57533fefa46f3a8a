"""Which process measures what, agreed upon while they run: nobody waits for a slower one, and few convert the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .distributed import Group


class WorkQueue:
    """Numbers of which every process draws its own, so that all of them together draw each once.

    Args:
        group: the processes, which all make this at the same turn.
    """

    def __init__(self, group: Group) -> None:
        self._store = group.store
        self._place = f"queue/{group.turn}"
        self._drawn: Counter[str] = Counter()

    def draw(self, name: str) -> int:
        """The next number of that name, from 0, that no process has drawn."""
        if self._store is None:
            self._drawn[name] += 1
            return self._drawn[name] - 1
        return self._store.draw(f"{self._place}/{name}")

    def positions(self, count: int) -> Iterator[int]:
        """Positions below `count`: those that this process alone begins, then those of others, to help them.

        Setting up what stands at a position takes long, for some longer than the work there: it is done twice only
        where nothing else is left. What was begun last has most left.
        """
        own: set[int] = set()
        while (position := self.draw("position")) < count:
            own.add(position)
            yield position
        yield from (position for position in reversed(range(count)) if position not in own)
