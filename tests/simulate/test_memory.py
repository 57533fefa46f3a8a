"""How many steps run at once: within the budget, never none, in chunks of even length."""

from __future__ import annotations

import pytest
import torch

from snnconv.simulate import memory

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("fits", "T", "chunk"), [(0, 4, 1), (1, 4, 1), (3, 4, 2), (4, 4, 4), (9, 4, 4), (3, 7, 3), (5, 8, 4)]
)
def test_chunks_are_even_and_within_the_budget(fits: int, T: int, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    per_step = 10 * 2 * 4 * memory.LIVE  # elements × batch × bytes × what is alive
    monkeypatch.setattr(memory, "CPU_BUDGET", fits * per_step + 1)
    assert memory.fitting_chunk(10, 2, T, CPU) == chunk
