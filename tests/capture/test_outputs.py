"""Outputs in containers of a library's own: as they are in memory, as dicts in files, which load without trust."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils import _pytree as pytree

import snnconv
from snnconv.capture.outputs import plain, plain_spec
from snnconv.verification import verify

X = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))


@dataclasses.dataclass
class ModelOutput(OrderedDict):
    """As in transformers: a dict whose keys are the fields that are not None, registered under a name of its own."""

    logits: Tensor | None = None
    skipped: Tensor | None = None
    hidden: Tensor | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if (value := getattr(self, field.name)) is not None:
                self[field.name] = value


pytree.register_pytree_node(
    ModelOutput,
    lambda output: (list(output.values()), list(output.keys())),
    lambda values, keys: ModelOutput(**dict(zip(keys, values))),
    serialized_type_name="tests.ModelOutput",
)


@dataclasses.dataclass
class Registered:
    logits: Tensor
    hidden: Tensor


torch.export.register_dataclass(Registered, serialized_type_name="tests.Registered")


@dataclasses.dataclass
class Unregistered:
    logits: Tensor
    hidden: Tensor
    absent: Tensor | None = None


class Named(NamedTuple):
    logits: Tensor
    hidden: Tensor


class OwnDict(dict[str, Any]):
    pass


class Two(nn.Module):
    def __init__(self, output: Callable[[Tensor, Tensor], Any]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.output = nn.Linear(8, 16), nn.Linear(16, 5), output

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.first(x))
        return self.output(self.second(x), x.sum(1))


BOTH = ["logits", "hidden"]
# output → (its type in memory, what a file gives)
OUTPUTS: dict[str, tuple[Callable[[Tensor, Tensor], Any], type, list[str]]] = {
    "model output": (lambda a, b: ModelOutput(logits=a, hidden=b), ModelOutput, BOTH),
    "part of one": (lambda a, b: ModelOutput(hidden=b), ModelOutput, ["hidden"]),
    "dataclass": (Registered, Registered, BOTH),
    "unregistered dataclass": (Unregistered, dict, BOTH),
    "named tuple": (Named, Named, BOTH),
    "own dict": (lambda a, b: OwnDict(logits=a, hidden=b), dict, BOTH),
    "ordered dict": (lambda a, b: OrderedDict(logits=a, hidden=b), OrderedDict, BOTH),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_saved_as_a_dict(name: str, tmp_path: Path) -> None:
    output, kind, keys = OUTPUTS[name]
    model = Two(output).eval()
    snn = snnconv.convert(model, 4, data=[X], method="sdm")
    found = snn(X)
    assert type(found) is kind
    snn.save(tmp_path / "snn.pt2")
    assert type(snn(X)) is kind  # saving changes nothing
    again = snnconv.load(tmp_path / "snn.pt2")(X)
    assert isinstance(again, dict)
    assert [*again] == keys
    assert all(torch.equal(a, b) for a, b in zip(again.values(), plain(found).values(), strict=True))
    assert "forward" not in vars(model)


def test_clipped_networks_too(tmp_path: Path) -> None:
    clipped = snnconv.clip(Two(Named).eval(), data=[X])
    snnconv.save(clipped, tmp_path / "clipped.pt2")
    again = snnconv.load(tmp_path / "clipped.pt2")
    assert [*again.eval()(X)] == BOTH
    assert isinstance(clipped.eval()(X), Named)


def test_verify() -> None:
    assert verify(Two(lambda a, b: ModelOutput(logits=a, hidden=b)).eval(), [X], T=16).held


def test_nested() -> None:
    tree = {"a": ModelOutput(logits=X, hidden=X), "b": [Named(X, X), (X, None)]}
    assert [*plain(tree)["a"]] == BOTH
    assert isinstance(plain(tree)["b"][0], dict)
    spec = plain_spec(pytree.tree_structure(tree))
    assert pytree.tree_unflatten([*range(6)], spec) == {
        "a": {"logits": 0, "hidden": 1}, "b": [{"logits": 2, "hidden": 3}, (4, 5)],
    }  # fmt: skip
