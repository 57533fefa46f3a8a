"""Every network in a process of its own, which cannot end the run."""

from __future__ import annotations

import signal
import sys

import pytest

from snnconv.coverage.children import Children, read_record

NETWORK = "torchvision:shufflenet_v2_x0_5"


def test_too_much_time_is_a_record() -> None:
    record = Children(1, seconds=1, memory=24, seed=0).record(NETWORK)
    assert record is not None
    assert record.failed == "not done after 1 s of processor time"
    assert (record.model, record.shapes) == (NETWORK, [[3, 64, 64]])


def test_too_much_memory_is_a_record() -> None:
    record = Children(1, seconds=60, memory=0.1, seed=0).record("torchvision:alexnet")
    assert record is not None
    assert record.failed is not None
    assert "memory" in record.failed.lower()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("print('half a line'); raise SystemExit(3)", "the process ended with 3: it said nothing"),
        ("raise ValueError('no good')", "the process ended with 1: ValueError: no good"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed by the system: out of memory?"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", f"the process ended with {-signal.SIGSEGV}"),
        ("import time; time.sleep(60)", "stood still"),
    ],
    ids=["no record", "traceback", "killed", "crash", "sleep"],
)
def test_a_process_that_dies_is_a_record(code: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Children, "command", lambda self, model: [sys.executable, "-c", code])
    found = list(Children(2, seconds=0.05 if "sleep" in code else 60, memory=1, seed=0).records([NETWORK]))
    assert len(found) == 1
    assert found[0].failed is not None
    assert found[0].failed.startswith(reason)


def test_leaving_off_ends_what_is_running(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter(["print('nothing')", "import time; time.sleep(60)"])
    monkeypatch.setattr(Children, "command", lambda self, model: [sys.executable, "-c", next(codes)])
    children = Children(2, seconds=60, memory=1, seed=0)
    for record in children.records([NETWORK, NETWORK, NETWORK]):
        assert record.failed is not None
        break
    assert not children._running


@pytest.mark.parametrize("printed", ["", "no JSON", "[1]", '{"model": "x"}', "null"])
def test_what_is_no_record(printed: str) -> None:
    assert read_record(printed) is None
