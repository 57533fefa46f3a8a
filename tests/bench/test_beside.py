"""Sweeps of several networks in one table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snnconv import InputError
from snnconv.bench import Baseline, Sweep
from snnconv.bench.beside import beside
from snnconv.reports.comparison_page import page

from ..plots.made import made


def on_data(sweep: Sweep, first: str = "abc") -> Sweep:
    baselines = [Baseline("ANN FP32", 90.0), Baseline("ANN W8A8", 89.0)]
    return replace(sweep, configuration={"data": {"first": first}}, baselines=baselines)


def test_curves_keep_their_numbers_and_tell_their_network() -> None:
    own, other = on_data(made(2)), replace(on_data(made(3)), ann_accuracy=12.0)
    found = beside(own, {"clip": other})
    assert found.rows[: len(own.rows)] == own.rows
    assert [replace(row, setting="") for row in found.rows[len(own.rows) :]] == [
        replace(row, setting="") for row in other.rows
    ]
    assert [curve.setting for curve in found.curves] == [
        *(curve.setting for curve in own.curves), *(f"{curve.setting} (clip)" for curve in other.curves)
    ]  # fmt: skip
    assert {row.setting for row in found.rows} == {curve.setting for curve in found.curves}
    assert found.ann_accuracy == own.ann_accuracy
    assert "(clip)" in page(found)


def test_the_other_ann_is_a_baseline() -> None:
    own = on_data(made(1))
    found = beside(own, {"qcfs": own})
    assert [baseline.name for baseline in found.baselines[len(own.baselines) :]] == ["ANN FP32 (qcfs)"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"samples": 7}, "different samples"),
        ({"configuration": {"data": {"first": "other"}}}, "different samples"),
        ({"energy_model": "memory"}, "different energy models"),
        ({"complete": False}, "interrupted"),
    ],
)
def test_what_cannot_be_compared(change: dict[str, object], words: str) -> None:
    own = on_data(made(1))
    with pytest.raises(InputError, match=words):
        beside(own, {"clip": replace(own, **change)})  # type: ignore[arg-type]
