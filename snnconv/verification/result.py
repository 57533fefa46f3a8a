"""The result of a verification."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from ..documents import Count, Steps
from ..measure.result import Result


@dataclass(frozen=True)
class Check:
    """One thing that has to be so.

    Attributes:
        name: "sites", "canonical", "exact", "steps", "range", "convergence", "within", "spikes" or "round trip".
        expected: what holds for a faithful conversion. got: what came.
    """

    name: str
    held: bool
    expected: str
    got: str


@dataclass(frozen=True)
class SiteVerdict:
    """What became of one activation site.

    Attributes:
        operation: what stands there in the source, such as "ReLU".
        verdict: of the pre-flight report: "exact", "approximate" or "unsupported".
        neuron: registry name; None where the site does not spike.
        source: the line that it stands in. remedy: what to do where it cannot be converted.
        least, most: spikes of one neuron in one step; None where nothing was run.
    """

    operation: str
    verdict: str
    neuron: str | None
    detail: str = ""
    source: str = ""
    remedy: str = ""
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Verification(Result):
    """What was checked of one model, and how it was done.

    Attributes:
        model: its name.
        sites: {activation site: what became of it}, in execution order.
        converted: activation sites that spike. total: all of them.
        analog: operators that are analog by nature: {"site", "operation", "macs"} of each, multiply-accumulates of one
            sample in a step, None where they cannot be counted.
        unsupported: {"site", "operation", "detail", "source", "remedy"} of what cannot be converted.
        canonical_error: ‖f_can(x) − f(x)‖ / ‖f(x)‖ of the canonical ANN against the source model; None where there is
            no source model to compare with, or nothing was converted.
        canonical_precision: in which it was taken, such as "float64".
        snn_error: {T: ‖SNN − ANN‖ / ‖ANN‖}, the SNN's output being its mean over the first T steps; beyond the T asked
            for where the error had not fallen by then.
        slope: of the least-squares line of log₂(error) over log₂(T): −1 where the error falls as 1/T; None where there
            are fewer than two errors above 0.
        samples: how many were run. data: where they are from.
        settings: method and options as resolved; empty where the conversion was refused.
    """

    NAME: ClassVar[str] = "verify"
    PICTURE = (
        "snnconv.plots.verify.plot_verification"  # the error over time steps, both logarithmic, with a line of slope −1
    )

    model: str
    sites: dict[str, SiteVerdict]
    converted: Count
    total: Count
    analog: list[dict[str, Any]]
    unsupported: list[dict[str, Any]]
    canonical_error: float | None
    canonical_precision: str | None
    snn_error: dict[int, float]
    slope: float | None
    checks: list[Check]
    T: Steps
    samples: Count
    data: str
    notices: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether every check held."""
        return all(check.held for check in self.checks)

    @property
    def verdict(self) -> str:
        """`all 6 checks hold`, or which do not."""
        failed = [check.name for check in self.checks if not check.held]
        return f"does not hold: {', '.join(failed)}" if failed else f"all {len(self.checks)} checks hold"

    def to_dict(self) -> dict[str, Any]:
        """Plain data; errors that are not numbers, as of a network that gives NaN, are None."""
        document = super().to_dict()
        errors = {str(T): finite(error) for T, error in self.snn_error.items()}
        return {**document, "held": self.held, "canonical_error": finite(self.canonical_error), "snn_error": errors}

    @classmethod
    def from_dict(cls, document: dict[str, Any], where: str = "the given document") -> Self:
        """Errors that are not finite stand there as null."""
        errors = document.get("snn_error") if isinstance(document, dict) else None
        if isinstance(errors, dict):
            errors = {T: math.nan if error is None else error for T, error in errors.items()}
            document = {**document, "snn_error": errors}
        return super().from_dict(document, where)

    def table(self) -> list[dict[str, Any]]:
        """One row for every T."""
        return [{"T": T, "snn_error": error} for T, error in self.snn_error.items()]


def finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
