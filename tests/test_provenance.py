"""What a result tells of how it was made."""

from __future__ import annotations

import pytest

from snnconv.provenance import command_line, provenance, running, without_output


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("sweep snn.pt2 --data fashion -o out", "sweep snn.pt2 --data fashion"),
        ("sweep snn.pt2 --output=out --data fashion -q", "sweep snn.pt2 --data fashion"),
        ("sweep snn.pt2 --overwrite --json --seed 1", "sweep snn.pt2 --seed 1"),
        ("sweep snn.pt2 -o", "sweep snn.pt2"),
    ],
)
def test_equal_measurements_have_equal_commands(typed: str, kept: str) -> None:
    assert without_output(typed.split()) == kept.split()


def test_the_command_is_that_of_the_block() -> None:
    assert command_line() is None
    with running(["sweep", "my net.pt2", "-o", "out"]):
        assert command_line() == "snnconv sweep 'my net.pt2'"
    assert command_line() is None


def test_record() -> None:
    record = provenance(7)
    assert record["seed"] == 7
    assert {"python", "snnconv", "torch"} <= set(record["versions"])
    assert "command" not in record  # a network's own record is not about the command that converted it
