"""A network whose outputs say next to nothing of its neurons is not verified: any error of theirs would hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from snnconv.errors import InputError
from snnconv.verification import verify

X = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    def __init__(self, output: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.output = nn.Linear(8, 16), nn.Linear(16, 5), output

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.second(torch.relu(self.first(x))), x)


@pytest.mark.parametrize(
    "output",
    [
        lambda y, x: y + 1e6,
        lambda y, x: torch.cat([1e-9 * y, 1e3 * x], 1),
    ],
    ids=["a large constant", "beside others"],
)
def test_outputs_that_tell_nothing(output: Callable[[Tensor, Tensor], Tensor]) -> None:
    found = verify(Net(output).eval(), [X], T=8)
    (check,) = (check for check in found.checks if not check.held)
    assert check.name == "exact"
    assert "too little to tell" in check.got


@pytest.mark.parametrize(
    "output",
    [lambda y, x: y + 10, lambda y, x: y + x[:, :5], lambda y, x: 0 * y + x[:, :5]],
    ids=["a constant", "a skip", "nothing reaches them"],
)
def test_outputs_that_tell_enough(output: Callable[[Tensor, Tensor], Tensor]) -> None:
    assert verify(Net(output).eval(), [X], T=16).held


def test_samples_are_counted() -> None:
    with pytest.raises(InputError, match=r"a whole number(.|\n)*1\.5"):
        verify(Net(lambda y, x: y).eval(), [X], samples=1.5)  # type: ignore[arg-type]
