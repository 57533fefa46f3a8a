"""Outputs that are not tensors come back from a file: words, numbers, flags, None, wherever they stand."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv.capture.outputs import plain
from snnconv.verification import verify

X = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))


@dataclasses.dataclass
class Named:
    scores: Tensor
    kind: str


class Two(nn.Module):
    def __init__(self, output: Callable[[Tensor], Any]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.output = nn.Linear(8, 16), nn.Linear(16, 5), output

    def forward(self, x: Tensor) -> Any:
        return self.output(self.second(torch.relu(self.first(x))))


OUTPUTS: dict[str, Callable[[Tensor], Any]] = {
    "dict": lambda y: {"scores": y, "kind": "head"},
    "tuple": lambda y: ("first", y, None, 3, True, 1.5, "last", 2**70),
    "dataclass": lambda y: Named(y, "head"),
    "nested": lambda y: [y, {"kinds": ["a", ("b", "")]}],
    "any letters": lambda y: (y, 'ü\n\x00"'),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_comes_back(name: str, tmp_path: Path) -> None:
    model = Two(OUTPUTS[name]).eval()
    path = tmp_path / "snn.pt2"
    snn = snnconv.convert(model, 4, data=[X])
    snn.save(path)
    wanted = plain(snn(X))
    for network in (snnconv.load(path), snn):  # saving changes nothing
        assert_equal(plain(network(X)), wanted)
    assert verify(model, [X], T=16).held
    clipped = snnconv.clip(model, data=[X])
    snnconv.save(clipped, path)
    assert_equal(plain(snnconv.load(path).eval()(X)), plain(clipped.eval()(X)))


def assert_equal(one: Any, other: Any) -> None:
    (ours, shape), (theirs, other_shape) = (torch.utils._pytree.tree_flatten(tree) for tree in (one, other))
    assert shape == other_shape
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a, b) if isinstance(a, Tensor) else a == b and type(a) is type(b)


@pytest.mark.parametrize("text", ["{", "[]", '{"9": "a"}', '{"0": "a"}', '{"1": 3}', '{"x": "a"}'])
def test_damaged_words(text: str, tmp_path: Path) -> None:
    path, damaged = tmp_path / "snn.pt2", tmp_path / "damaged.pt2"
    snnconv.convert(Two(OUTPUTS["any letters"]).eval(), 4, data=[X]).save(path)
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(damaged, "w", zipfile.ZIP_STORED) as after:
        assert [json.loads(before.read(name)) for name in before.namelist() if "words.json" in name] == [
            {"1": 'ü\n\x00"'}
        ]
        for name in before.namelist():
            after.writestr(name, text if "words.json" in name else before.read(name))
    with pytest.raises(snnconv.InputError, match="words beside the program"):
        snnconv.load(damaged)
