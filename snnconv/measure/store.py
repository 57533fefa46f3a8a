"""What the processes of one command tell each other, through the key-value store at which torch lets them meet.

What travels are small Python objects, for which the store is enough: no backend has to connect every two processes, and
to part them again without one of them failing on its way out.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from ..errors import InputError

PART = 4 << 20  # bytes in one value: the store refuses more than 8 MiB
BEAT = 5.0  # seconds between two signs of life
SILENCE = 120.0  # seconds without one: a process may load a large file in one piece
LONGEST_PAUSE = 0.05  # seconds between two looks into the store


@dataclass
class Store:
    """One process's place at the store.

    Attributes:
        keys: torch's key-value store, the same for all.
        rank: number of this process, from 0.
    """

    keys: Any
    rank: int
    _beats: dict[int, tuple[bytes, float]] = field(default_factory=dict, repr=False)

    def put(self, name: str, value: Any) -> None:
        """Let the others know this process's value of that name."""
        packed = pickle.dumps(value)
        parts = [packed[start : start + PART] for start in range(0, len(packed), PART)]
        with reachable():
            for number, part in enumerate(parts):
                self.keys.set(f"{name}/{self.rank}/{number}", part)
            self.keys.set(f"{name}/{self.rank}", str(len(parts)))

    def get(self, name: str, other: int) -> Any:
        """Another process's value of that name, once it has told it.

        Raises:
            InputError: that process, or the one that holds the store, has died.
        """
        place, pause = f"{name}/{other}", LONGEST_PAUSE / 64
        with reachable():
            while not self.keys.check([place]):
                self.require_life(other)
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            parts = range(int(self.keys.get(place)))
            return pickle.loads(b"".join(self.keys.get(f"{place}/{number}") for number in parts))  # ours

    def delete(self, name: str) -> None:
        """Take back what this process told, which all have heard."""
        place = f"{name}/{self.rank}"
        with suppress(RuntimeError):  # a store in a file cannot forget
            for number in range(int(self.keys.get(place))):
                self.keys.delete_key(f"{place}/{number}")
            self.keys.delete_key(place)

    def draw(self, name: str) -> int:
        """The next number of that name, from 0, that no process has drawn."""
        with reachable():
            return self.keys.add(name, 1) - 1

    def signal(self, name: str) -> None:
        """Say something without a value, which the others see when they look."""
        with reachable():
            self.keys.set(name, "1")

    def is_signalled(self, name: str) -> bool:
        """Whether any process has said that."""
        with reachable():
            return self.keys.check([name])

    def require_life(self, other: int) -> None:
        """Stop if a process that gave signs of life gives none any more."""
        if not self.keys.check([f"alive/{other}"]):
            return  # none yet, or its owner sees to that
        beat, now = self.keys.get(f"alive/{other}"), time.monotonic()
        last, since = self._beats.setdefault(other, (beat, now))
        if beat != last:
            self._beats[other] = (beat, now)
        elif now - since > SILENCE:
            raise InputError(
                "one of the processes has died",
                expected=f"a sign of life every {BEAT:g} s from each",
                got=f"none from process {other} for {SILENCE:g} s",
                remedy="see what it printed; the same command again continues",
            )

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Signs of life while the body runs, whatever it computes."""
        ended = threading.Event()

        def beat() -> None:
            number = 0
            with suppress(RuntimeError):  # the store is gone: the body will meet that itself
                while True:
                    self.keys.set(f"alive/{self.rank}", str(number))
                    number += 1
                    if ended.wait(BEAT):
                        return

        thread = threading.Thread(target=beat, name="sign-of-life")
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


@contextmanager
def reachable() -> Iterator[None]:
    """The store's own failures in words: it ends with the process that holds it."""
    try:
        yield
    except InputError:
        raise
    except RuntimeError as error:
        raise InputError(
            "lost contact with another process",
            expected="the launching process to stay alive until all others finish",
            got=str(error).split("\n", 1)[0],
            remedy="see what it printed; the same command again continues",
        ) from error
