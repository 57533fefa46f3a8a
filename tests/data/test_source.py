"""The grammar of data sources, and what holds for every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from snnconv.data import DATA_SOURCES, open_data
from snnconv.errors import InputError


def test_the_kinds() -> None:
    assert {"npz", "imagefolder", "torchvision", "fashion", "nmnist", "dvs128gesture", "events"} <= set(DATA_SOURCES)
    assert {"clips", "ucf101", "hmdb51", "kinetics400", "ntu60"} <= set(DATA_SOURCES)


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'fashion'"):
        open_data("fashon")
    with pytest.raises(InputError, match="unknown data source 'cifar10'"):
        open_data("cifar10:here")
    with pytest.raises(InputError, match="unknown data source"):
        open_data("a" * 300)


def test_a_path_without_its_kind_is_shown_with_it(tmp_path: Path) -> None:
    (tmp_path / "a.npz").touch()
    with pytest.raises(InputError, match=f"remedy: npz:{tmp_path}/a.npz"):
        open_data(str(tmp_path / "a.npz"))
    with pytest.raises(InputError, match=f"remedy: imagefolder:{tmp_path}"):
        open_data(str(tmp_path))


@pytest.mark.parametrize("kind", list(DATA_SOURCES))
def test_nothing_after_the_colon(kind: str) -> None:
    with pytest.raises(InputError, match="nothing follows the colon"):
        open_data(f"{kind}:")


@pytest.mark.parametrize(
    "kind", ["npz", "imagefolder", "torchvision", "nmnist", "dvs128gesture", "events", "clips", "ucf101"]
)
def test_a_kind_that_needs_an_argument(kind: str) -> None:
    with pytest.raises(InputError):
        open_data(kind)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "8"])
def test_sizes_are_positive_whole_numbers(value: Any) -> None:
    with pytest.raises(InputError, match="batch_size is not a positive whole number"):
        open_data("fashion", batch_size=value)
    with pytest.raises(InputError, match="limit is not a positive whole number"):
        open_data("fashion", limit=value)
