"""Notices that would repeat are told once."""

from __future__ import annotations

import logging
from collections import Counter

import pytest
import torch

from snnconv.bench import grid, sweep
from snnconv.notices import each_once

from .networks import MLP

log = logging.getLogger("snnconv")


def test_each_once(caplog: pytest.LogCaptureFixture) -> None:
    with each_once():
        for name in ("a", "b", "a"):
            log.warning("notice %s", name)
        log.error("notice a")
    log.warning("notice a")  # after the block all is as before
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("WARNING", "notice a"), ("WARNING", "notice b"), ("ERROR", "notice a"), ("WARNING", "notice a"),
    ]  # fmt: skip


def test_a_block_within_another(caplog: pytest.LogCaptureFixture) -> None:
    with each_once():
        for _ in range(2):
            with each_once():
                log.warning("again")
    assert [record.getMessage() for record in caplog.records] == ["again"]


def test_a_sweep_tells_every_notice_once(caplog: pytest.LogCaptureFixture) -> None:
    """rts is converted for each of three T, from synthetic data of an inferred shape, with notices each time."""
    data = [(torch.randn(2, 6), torch.zeros(2, dtype=torch.int64))]
    result = sweep(grid(MLP().eval(), "rts,if", 3), data, (1, 2, 3))
    told = Counter(record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)
    assert set(told.values()) == {1}
    assert any("Gaussian inputs" in notice for notice in told)
    assert all("Gaussian inputs" in " ".join(curve.notices) for curve in result.curves)
