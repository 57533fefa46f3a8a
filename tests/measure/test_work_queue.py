"""Whoever draws, every number is drawn once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from torch.distributed import HashStore  # pyright: ignore[reportPrivateImportUsage]

from snnconv.measure.distributed import Group
from snnconv.measure.store import Store
from snnconv.measure.work_queue import WorkQueue


def test_one_process_takes_everything_in_order() -> None:
    queue = WorkQueue(Group())
    assert list(queue.positions(3)) == [0, 1, 2]
    assert [queue.draw("a"), queue.draw("b"), queue.draw("a")] == [0, 0, 1]
    assert WorkQueue(Group()).draw("a") == 0


def test_each_position_has_one_that_begins_it_and_all_come_to_help() -> None:
    store = HashStore()
    first, second = (WorkQueue(Group(rank, 2, Store(store, rank))).positions(4) for rank in range(2))
    assert [next(first), next(second), next(second), next(first)] == [0, 1, 2, 3]
    assert list(second) == [3, 0]  # begun last, most left
    assert list(first) == [2, 1]


def test_numbers_are_drawn_once_by_all_at_the_same_time() -> None:
    store = HashStore()

    def draw(rank: int) -> list[int]:
        queue = WorkQueue(Group(rank, 3, Store(store, rank)))
        return [queue.draw("batch") for _ in range(200)]

    with ThreadPoolExecutor(3) as pool:
        drawn = Counter(number for numbers in pool.map(draw, range(3)) for number in numbers)
    assert drawn == Counter(range(600))


def test_another_turn_begins_anew() -> None:
    store = HashStore()
    group = Group(0, 2, Store(store, 0))
    assert WorkQueue(group).draw("batch") == 0
    group.turn += 1
    assert WorkQueue(group).draw("batch") == 0
