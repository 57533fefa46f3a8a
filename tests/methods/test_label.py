"""Names of settings."""

from __future__ import annotations

import pytest

from snnconv.methods.label import label_of, number


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.2, "0.2"),
        (5, "5"),
        (1 / 15, "1/15"),
        (0.06666666, "0.06666666"),
        (0.123456789, "0.123456789"),
        (float("inf"), "inf"),
    ],
)
def test_numbers_are_short_and_stay_different(value: float, shown: str) -> None:
    assert number(value) == shown


def test_alpha_and_beta_are_told_as_numbers_are() -> None:
    settings = {"method": "sdm", "alpha": 1 / 15, "beta": 15, "down_limit": 15}
    assert label_of(settings).startswith("sdm α=1/15 β=15 down_limit=15")
