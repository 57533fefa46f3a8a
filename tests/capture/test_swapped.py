"""Other tensors for a while: the caller's own are back afterwards, in modules of two names too."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv.capture.swapped import swapped
from snnconv.verification import verify

X = torch.randn(6, 8, generator=torch.Generator().manual_seed(0))


class Shared(nn.Module):
    """A module under two names, called three times; the head's bias is another layer's."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(8, 8)
        self.again, self.head = self.first, nn.Linear(8, 8)
        self.head.bias = self.first.bias
        self.register_buffer("shift", torch.ones(8))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.again(F.relu(self.first(x))))
        return self.head(F.relu(self.first(x)) + self.shift)


def tensors(model: nn.Module) -> list[tuple[str, Tensor, Tensor]]:
    found = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    return [(name, value, value.detach().clone()) for name, value in found]


def assert_untouched(model: nn.Module, before: list[tuple[str, Tensor, Tensor]]) -> None:
    for (name, value, _), (old_name, old, copy) in zip(tensors(model), before, strict=True):
        assert name == old_name
        assert value is old
        assert torch.equal(value, copy)


def test_swapped_and_back() -> None:
    model = Shared()
    before = tensors(model)
    wanted = model.double()(X.double())
    model.float()
    before = tensors(model)
    with swapped(model, lambda tensor: tensor.double()):
        assert model.head.bias is model.first.bias
        assert torch.allclose(model(X.double()), wanted)
    assert_untouched(model, before)
    with pytest.raises(ZeroDivisionError), swapped(model, torch.zeros_like):
        raise ZeroDivisionError
    assert_untouched(model, before)


def test_conversion_leaves_the_callers_tensors() -> None:
    model = Shared().eval()
    before = tensors(model)
    snn = snnconv.convert(model, 32, data=[X])
    wanted = model(X).detach()
    assert float((snn(X) - wanted).norm() / wanted.norm()) < 0.05
    assert verify(model, [X], T=16).held
    assert_untouched(model, before)
