"""Sites of a diagnosis made up for a test."""

from __future__ import annotations

from snnconv.bench._diagnose import PARTS, SiteDiagnosis


def site(name: str, activation: float, **absolute: float) -> SiteDiagnosis:
    """One whose neurons are all alike; the parts of its error are positive, so that they add up to the bias."""
    parts = {**dict.fromkeys(PARTS, 0.0), **absolute}
    bias = sum(parts.values())
    squared = {part: 100 * (value / activation) ** 2 if activation else 0.0 for part, value in parts.items()}
    return SiteDiagnosis(name, 10, 0.5, 20.0, 5.0, 1.0, 10.0, activation, bias, bias, parts, parts, squared)
