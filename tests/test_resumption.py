"""Every run that can be continued: after any change of its data it is refused, and goes on where nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, fx, nn
from torch.utils.data import DataLoader, TensorDataset

import snnconv
from snnconv import InputError, SpikingNetwork, convert
from snnconv.bench import grid, sweep
from snnconv.data import DataSource
from snnconv.data.npz import from_arrays
from snnconv.fingerprint import describe_data, digest
from snnconv.graph.graphs import clone
from snnconv.training import finetune

Arrays = tuple[np.ndarray, np.ndarray]
Form = Callable[[Arrays], Any]


def arrays() -> Arrays:
    x = np.random.default_rng(0).random((12, 2, 3, 3), dtype=np.float32)
    return x, np.arange(12) % 3


def source(given: Arrays) -> DataSource:
    return DataSource("made", from_arrays([(given[0], given[1].astype(np.int64))]), batch_size=4)


def batches(given: Arrays) -> list[tuple[Tensor, Tensor]]:
    return list(zip(torch.from_numpy(given[0]).split(4), torch.from_numpy(given[1]).split(4)))


def loader(given: Arrays, shuffle: bool = False) -> DataLoader[Any]:
    return DataLoader(TensorDataset(*map(torch.from_numpy, given)), batch_size=4, shuffle=shuffle)


FORMS: dict[str, Form] = {"source": source, "list": batches, "loader": loader}


def changes() -> dict[str, Arrays]:
    """All of them beyond the first sample, and but one of the same length."""
    x, y = arrays()
    order, label, value = np.array([0, 1, 2, 3, 9, 5, 6, 7, 8, 4, 10, 11]), y.copy(), x.copy()
    label[6], value[11, 1, 2, 2] = 1, 0.5
    return {
        "a label": (x, label), "the order": (x[order], y[order]), "the last image": (value, y),
        "the length": (x[:11], y[:11]),
    }  # fmt: skip


@cache
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(18, 8), nn.ReLU(), nn.Linear(8, 3)).eval()


@cache
def converted() -> SpikingNetwork:
    return convert(network(), data=batches(arrays()), method="if")


@cache
def clipped() -> fx.GraphModule:
    return snnconv.clip(network(), data=batches(arrays()))


def by_sweep(folder: Path, data: Any, other: Any) -> Any:
    return sweep(converted(), data, (1, 2), folder=folder).rows


def by_calibration(folder: Path, data: Any, other: Any) -> Any:
    """Of a grid: the test data stay."""
    return sweep(grid(network(), "if", 2, data=data), other, (1, 2), folder=folder).rows


def by_checkpoint(folder: Path, data: Any, other: Any) -> Any:
    folder.mkdir(exist_ok=True)
    sites = convert(network(), data=data, method="if", checkpoint=folder / "calibration").plan.sites
    return {name: site.threshold for name, site in sites.items()}


def by_training(folder: Path, data: Any, other: Any) -> Any:
    return trained(folder, data, other)


def by_validation(folder: Path, data: Any, other: Any) -> Any:
    return trained(folder, other, data)


def trained(folder: Path, data: Any, val: Any) -> Any:
    model = clone(clipped())
    return finetune(model, data, val, folder=folder, epochs=1, batch_size=4, augment=()).epochs


RESUMED: dict[str, Callable[[Path, Any, Any], Any]] = {
    "sweep": by_sweep, "calibration of a sweep": by_calibration, "calibration": by_checkpoint,
    "training": by_training, "validation": by_validation,
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("run", RESUMED)
def test_no_run_is_continued_on_other_data(run: str, form: str, tmp_path: Path) -> None:
    resume, made = RESUMED[run], FORMS[form]
    other = source(arrays())
    first = resume(tmp_path / "run", made(arrays()), other)
    assert same(resume(tmp_path / "run", made(arrays()), other), first)
    before = contents(tmp_path / "run")
    for change, given in changes().items():
        if run == "calibration" and change == "a label":
            continue  # calibration has no use for them
        with pytest.raises(InputError, match=r"another configuration|of another calibration"):
            resume(tmp_path / "run", made(given), other)
        assert contents(tmp_path / "run") == before, change
    assert same(resume(tmp_path / "run", made(arrays()), other), first)


def same(one: Any, other: Any) -> bool:
    return digest(one) == digest(other) if isinstance(one, dict) else one == other


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in ("", ".pt", ".jsonl", ".csv")}


def test_a_calibration_goes_on_where_only_unseen_batches_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept is compared with what it was made of, and with no more."""
    monkeypatch.setattr("snnconv.calib.checkpoint.EVERY", 0.0)
    later = changes()["the last image"]

    def interrupted() -> Iterator[Any]:
        yield from batches(arrays())[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(network(), data=interrupted(), method="if", checkpoint=tmp_path / "calibration")
    assert same(
        by_checkpoint(tmp_path, iter(batches(later)), None), by_checkpoint(tmp_path / "new", batches(later), None)
    )


def test_what_is_not_the_same_each_time_is_not_counted_batch_by_batch(tmp_path: Path) -> None:
    networks = {"one": converted(), "two": converted()}
    with pytest.raises(InputError, match=r"not the same each time(.|\n)*shuffle=False"):
        sweep(networks, loader(arrays(), shuffle=True), (1, 2), folder=tmp_path / "two")
    sweep(converted(), loader(arrays(), shuffle=True), (1, 2), folder=tmp_path / "one")
    with pytest.raises(InputError, match=r"data.sha256(.|\n)*shuffled"):
        sweep(converted(), loader(arrays(), shuffle=True), (1, 2), folder=tmp_path / "one")
    whole = sweep(converted(), loader(arrays(), shuffle=True), (1, 2)).rows  # nothing is kept: any order will do
    assert whole == sweep(converted(), iter(batches(arrays())), (1, 2), folder=tmp_path / "three").rows
    with pytest.raises(InputError, match="read once"):
        sweep(converted(), iter(batches(arrays())), (1, 2), folder=tmp_path / "three")


@pytest.mark.parametrize(("first", "then", "told"), [(3, 2, "2 batches, 3 before"), (2, 3, "another batch 2")])
def test_data_of_another_length_each_time(first: int, then: int, told: str, tmp_path: Path) -> None:
    class Changing:
        lengths = iter([first, then])

        def __iter__(self) -> Iterator[Any]:
            return iter(batches(arrays())[: next(self.lengths)])

    with pytest.raises(InputError, match=told):
        sweep(converted(), Changing(), (1, 2), folder=tmp_path)


def test_reading_data_to_know_them_again_draws_nothing(tmp_path: Path) -> None:
    """A loader with a generator of its own, and one that draws from everyone's, go on as if nobody had read them."""
    for own in (None, torch.Generator()):
        data = DataLoader(TensorDataset(*map(torch.from_numpy, arrays())), batch_size=4, shuffle=True, generator=own)
        torch.manual_seed(1)
        before = [digest(list(data))]
        torch.manual_seed(1)
        if own is not None:
            own.manual_seed(own.initial_seed())
        known = describe_data(data, seed=3)
        assert known == describe_data(data, seed=3)
        assert [digest(list(data))] == before
