"""Digests of values and models: equal for what is equal, wherever it was made, and for nothing else."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, fx, nn

from snnconv import InputError
from snnconv.fingerprint import digest, fingerprint
from snnconv.measure.configurations import require_same_work
from snnconv.measure.distributed import Group

DIFFERENT: list[Any] = [
    None, False, 0, 0.0, "", b"", [], {}, [[]], [None], "0", "None", 1, True, 1.0, "1",
    [1, 2], [[1], 2], [1, [2]], ["12"], {"a": 1}, {"a": 1, "b": None}, {"b": 1, "a": None},
    torch.zeros(()), torch.zeros(0), torch.zeros(1), torch.zeros(1, 1), torch.zeros(1, dtype=torch.int32),
    torch.zeros(2, dtype=torch.bfloat16), torch.zeros(2, dtype=torch.complex64),
    np.zeros((), np.int16), np.zeros(0, np.int8), np.zeros(3, np.int8), np.zeros((3, 1), np.int8), np.array(["a"]),
    np.arange(6).reshape(2, 3), np.arange(6).reshape(3, 2).T, float("nan"), float("inf"), object(),
]  # fmt: skip


def test_different_values_have_different_digests() -> None:
    for one, other in itertools.combinations(DIFFERENT, 2):
        assert digest(one) != digest(other), (one, other)
    assert digest() != digest(None)
    assert digest("a", "b") != digest("ab") != digest(["a", "b"])


def test_equal_values_have_equal_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = np.arange(24).reshape(4, 6)
    assert digest({"a": 1, 2: [3]}) == digest(OrderedDict([(2, (3,)), ("a", 1)]))
    assert digest(wide[:, ::2], wide.T) == digest(wide[:, ::2].copy(), wide.T.copy())
    assert digest(torch.arange(6.0).view(2, 3).T) == digest(torch.arange(6.0).view(2, 3).T.contiguous())
    whole = digest(wide.T)
    monkeypatch.setattr("snnconv.fingerprint.BLOCK", 40)
    assert digest(wide.T) == whole


class Scaled(nn.Module):
    shift: Tensor

    def __init__(self, scale: float = 2.0, wired: Callable[[Tensor, Tensor], Tensor] = torch.add) -> None:
        super().__init__()
        self.scale = scale
        self.layers = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.LeakyReLU(0.1), nn.MaxPool2d(2))
        self.register_buffer("shift", torch.zeros(1), persistent=False)
        self.wired = wired

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(self.wired(x, self.shift)) * self.scale


def made(**options: Any) -> Scaled:
    torch.manual_seed(0)
    return Scaled(**options)


def changed(change: str) -> nn.Module:
    model = made(scale=3.0) if change == "value" else made()
    if change == "option":
        model.layers.register_module("1", nn.LeakyReLU(0.2))
    elif change == "module":
        model.layers.register_module("1", nn.PReLU(init=0.1))
    elif change == "buffer":
        model.get_buffer("shift").add_(1)
    elif change == "weight":
        model.layers.get_parameter("0.weight").data[0, 0, 2, 2] += 1e-6
    elif change == "stride":
        model.layers.register_module("2", nn.MaxPool2d(2, ceil_mode=True))
    return model


@pytest.mark.parametrize("change", ["value", "option", "module", "buffer", "weight", "stride"])
def test_whatever_a_model_computes_with_counts(change: str) -> None:
    assert fingerprint(changed("nothing")) == fingerprint(made().eval())
    assert fingerprint(changed(change)) != fingerprint(made())


def test_the_wiring_of_a_graph_counts() -> None:
    add, multiply = (fx.symbolic_trace(made(wired=wired)) for wired in (torch.add, torch.mul))
    assert fingerprint(add) != fingerprint(multiply)


def test_processes_with_other_data_do_not_work_together() -> None:
    class Two(Group):
        def gather(self, value: Any, error: str | None = None) -> list[Any]:
            return [value, {**value, "data": {"name": "a", "sha256": "2"}}]

    require_same_work({"data": {"name": "a", "sha256": "2"}}, Two())
    with pytest.raises(InputError, match=r'processes do not measure the same\s+got: data.sha256: "1" → "2"'):
        require_same_work({"data": {"name": "a", "sha256": "1"}}, Two())
