"""What was found of one network."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ..documents import typed
from ..verification import Verification
from ..verification.bounds import within_check

# Operations of activation sites that are straight lines; `clip to 6` is one too.
STRAIGHT = frozenset({"ReLU", "leaky_relu", "prelu", "hardtanh", "clamp", "threshold"})
RELU_LIMIT, OTHER_LIMIT = 0.02, 0.05  # largest relative L2 error at the last step


@dataclass(frozen=True)
class Analog:
    """Analog operators of one kind: how many, and their multiply-accumulates of one sample in a step.

    Attributes:
        uncounted: how many of them have no known number of multiply-accumulates.
    """

    operation: str
    count: int
    macs: int
    uncounted: int


@dataclass(frozen=True)
class Network:
    """The record of one network of a zoo.

    Attributes:
        model: its name, such as `torchvision:resnet18`.
        shapes: of one sample, for each input.
        reduced: what was made smaller, in words.
        failed: why there are no figures; None where there are.
        relu: whether all activations are of the ReLU family and nothing is analog; `limit` follows from it.
        activations: {operation: sites}.
        converted: activation sites that spike. total: all of them.
        canonical_error: relative L2 error of the canonical ANN, in `canonical_precision`.
        snn_error: {T: relative L2 error of the logits}. slope: of log₂(error) over log₂(T).
        limit: the largest error at the last step that is within limits.
        missed: the checks that did not hold, with what came.
        seconds: of processor time. peak_memory: bytes, of the whole process.
    """

    model: str
    shapes: list[list[int]]
    reduced: list[str]
    failed: str | None = None
    relu: bool | None = None
    activations: dict[str, int] = field(default_factory=dict)
    converted: int = 0
    total: int = 0
    analog: list[Analog] = field(default_factory=list)
    canonical_error: float | None = None
    canonical_precision: str | None = None
    snn_error: dict[int, float | None] = field(default_factory=dict)
    slope: float | None = None
    limit: float | None = None
    missed: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    seconds: float = 0.0
    peak_memory: int = 0

    @property
    def held(self) -> bool:
        """Whether it was verified, and every check held."""
        return self.failed is None and not self.missed

    @property
    def zoo(self) -> str:
        return self.model.partition(":")[0]

    @property
    def name(self) -> str:
        return self.model.partition(":")[2]

    @classmethod
    def of(cls, model: str, shapes: list[list[int]], reduced: list[str], found: Verification) -> Self:
        """The record of a verification; its error at the last step is held against the limit here."""
        relu = is_relu_family(found)
        limit = RELU_LIMIT if relu else OTHER_LIMIT
        own = [replace(within_check(found.snn_error[found.T], limit, found.T), name="limit")] if found.snn_error else []
        checks = [*found.checks, *own]
        activations: dict[str, int] = {}
        for site in found.sites.values():
            activations[site.operation] = activations.get(site.operation, 0) + 1
        return cls(
            model=model,
            shapes=shapes,
            reduced=reduced,
            failed=None if found.snn_error else "; ".join(check.got for check in checks if not check.held),
            relu=relu,
            activations=activations,
            converted=found.converted,
            total=found.total,
            analog=by_kind(found.analog),
            canonical_error=found.canonical_error,
            canonical_precision=found.canonical_precision,
            snn_error={T: error if math.isfinite(error) else None for T, error in found.snn_error.items()},
            slope=found.slope,
            limit=limit,
            missed=[f"{check.name}: {check.got}" for check in checks if not check.held],
            notices=found.notices,
        )

    @classmethod
    def from_dict(cls, document: dict[str, Any], where: str = "the given document") -> Self:
        return typed(document, cls, where, "the record of a network")


def is_relu_family(found: Verification) -> bool:
    """Whether every activation is made of straight lines, and nothing else between neurons has to follow means."""
    operations = {site.operation for site in found.sites.values()}
    straight = all(operation in STRAIGHT or operation.startswith("clip to ") for operation in operations)
    return straight and not found.analog


def by_kind(operators: list[dict[str, Any]]) -> list[Analog]:
    """Analog operators by their operation, those with the most multiply-accumulates first."""
    kinds: dict[str, list[int | None]] = {}
    for operator in operators:
        kinds.setdefault(operator["operation"], []).append(operator["macs"])
    found = [
        Analog(operation, len(macs), sum(n or 0 for n in macs), sum(n is None for n in macs))
        for operation, macs in kinds.items()
    ]
    return sorted(found, key=lambda kind: (-kind.macs, kind.operation))
