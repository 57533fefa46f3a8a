"""What processes tell each other, here threads at one store: values of any size arrive, and the dead are noticed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from torch.distributed import FileStore, HashStore, TCPStore  # pyright: ignore[reportPrivateImportUsage]

from snnconv import InputError
from snnconv.measure import store as module
from snnconv.measure.distributed import Group
from snnconv.measure.store import Store
from snnconv.measure.work_queue import WorkQueue


@pytest.fixture(params=["memory", "file", "network"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Every kind of store that torch's launchers and users make."""
    if request.param == "memory":
        return HashStore()
    if request.param == "file":
        return FileStore(str(tmp_path / "store"), 2)
    return TCPStore("127.0.0.1", 0, is_master=True)


def groups(store: Any, size: int = 2) -> list[Group]:
    return [Group(rank, size, Store(store, rank)) for rank in range(size)]


def test_everybody_hears_everybody_in_the_order_of_ranks(store: Any) -> None:
    def talk(group: Group) -> list[list[Any]]:
        return [group.gather((group.rank, turn)) for turn in range(5)]

    with ThreadPoolExecutor(3) as pool:
        heard = list(pool.map(talk, groups(store, 3)))
    assert heard == [[[(0, turn), (1, turn), (2, turn)] for turn in range(5)]] * 3


def test_large_values_travel_in_parts_and_leave_nothing(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 1000)
    first, second = groups(store)
    value = bytes(range(256)) * 100
    for _ in range(3):
        thread = threading.Thread(target=first.gather, args=(value,))
        thread.start()
        assert second.gather("short") == [value, "short"]
        thread.join()
    if not isinstance(store, FileStore):  # which cannot forget
        assert not store.check(["0/0/0"])
        assert not store.check(["1/0"])
    assert store.check(["2/0/0"])


def test_an_error_of_one_is_raised_by_all(store: Any) -> None:
    first, second = groups(store)

    def fails() -> None:
        with pytest.raises(InputError, match="no such thing"):
            first.fail("no such thing")

    thread = threading.Thread(target=fails)
    thread.start()
    while not store.check(["failed"]):
        time.sleep(0.01)
    with pytest.raises(InputError, match="no such thing"):
        second.check()
    thread.join()
    assert first.failed
    assert second.failed


def test_one_that_computes_long_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT", 0.01)
    monkeypatch.setattr(module, "SILENCE", 0.2)
    store = HashStore()
    first, second = (Store(store, rank) for rank in range(2))

    def computes() -> None:
        with second.beating():
            time.sleep(0.6)
            second.put("sum", 42)

    thread = threading.Thread(target=computes)
    thread.start()
    assert first.get("sum", 1) == 42
    thread.join()


def test_one_that_dies_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT", 0.01)
    monkeypatch.setattr(module, "SILENCE", 0.2)
    store = HashStore()
    first, second = (Store(store, rank) for rank in range(2))
    with second.beating():
        pass
    with pytest.raises(InputError, match=r"one of the processes has died\n.*\n.*none from process 1 for 0\.2 s"):
        first.get("sum", 1)


def test_a_store_that_goes_is_one_clear_error_at_whatever_comes_next() -> None:
    store = TCPStore("127.0.0.1", 0, is_master=True)
    client = TCPStore("127.0.0.1", store.port, is_master=False, wait_for_workers=False)
    group = Group(1, 2, Store(client, 1))
    assert group.store is not None
    group.store.put("here", 1)
    del store
    for act in (
        lambda: group.gather("value"),
        lambda: group.check(),
        lambda: group.fail("no such thing"),
        lambda: WorkQueue(group).draw("batch"),
    ):
        with pytest.raises(InputError, match="lost contact with another process"):
            act()
