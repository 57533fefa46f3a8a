"""Sizes in a plan and in its file: kept as they were, looked through, fixed where an older file has none."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from snnconv import InputError
from snnconv.convert.build import build
from snnconv.plan import PLAN_FILE, Plan, SitePlan
from snnconv.sizes import Sizes

from .capture.size_cases import CASES, converted


def test_a_file_without_sizes_has_them_fixed() -> None:
    """As those before format 4, whose programs have fixed sizes too."""
    snn = converted(CASES["pooled"])
    plan = Plan.from_texts(without_sizes(snn.plan), "here")
    old = build(snn.ann, plan)
    assert old(torch.randn(1, 3, 16, 16)).shape == (1, 3)
    with pytest.raises(InputError, match="fixed at 16"):
        old(torch.randn(1, 3, 8, 8))


def without_sizes(plan: Plan) -> dict[str, str]:
    texts = plan.to_texts()
    document = json.loads(texts[PLAN_FILE])
    del document["sizes"]
    return {**texts, PLAN_FILE: json.dumps({**document, "format": 3})}


@pytest.mark.parametrize(
    "change",
    [
        {"conditions": ["__import__('os')"]},
        {"conditions": ["d2.real"]},
        {"conditions": ["d9 > 1"]},
        {"conditions": ["(" * 3000]},
        {"conditions": [3]},
        {"conditions": ["1e999 > d2"]},
        {"conditions": ["trunc(1e300 * 1e300) > d2"]},
        {"inputs": [[3, "d2 ** d2", "d3"]]},
        {"inputs": [[3, 1.5, "d3"]]},
        {"ranges": {"d2": ["2", None]}},
        {"ranges": {"d2": [2]}},
    ],
)
def test_sizes_in_a_file_are_looked_through(change: dict[str, Any]) -> None:
    plan = Plan(
        4,
        {"relu": SitePlan("relu", "integrate_fire")},
        [(3, 8, 8)],
        sizes=Sizes(((3, "d2", "d3"),), {"d2": (2, None)}, ("d2 == d3",)),
    )
    texts = plan.to_texts()
    assert Plan.from_texts(texts, "here").sizes == plan.sizes
    document = json.loads(texts[PLAN_FILE])
    document["sizes"].update(change)
    with pytest.raises(InputError, match="damaged"):
        Plan.from_texts({**texts, PLAN_FILE: json.dumps(document)}, "here")
