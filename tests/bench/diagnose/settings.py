"""Neurons of every kind, with options under which sums of powers of two stay such."""

from __future__ import annotations

from typing import Any

SETTINGS: dict[str, dict[str, Any]] = {
    "if": {"method": "if"},
    "sdm": {"method": "sdm", "alpha": 0.5, "beta": 2},
    "auto": {"method": "sdm-zero", "alpha": 0.25, "beta": 5},
    "down0": {"method": "sdm", "alpha": 0.5, "beta": 3, "down_limit": 0},
    "input": {"method": "sdm", "alpha": 0.5, "beta": 3, "down_limit": 3, "gate": "input", "retract": "zero"},
    "channel": {"method": "sdm", "alpha": 0.5, "beta": 2, "per_channel": True},
}
