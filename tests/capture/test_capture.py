"""Capture: a free batch size, and a caller's model and inputs that stay as they were."""

from __future__ import annotations

import contextlib

import pytest
import torch
from torch import Tensor, nn

from snnconv import InputError, UnsupportedModelError
from snnconv.capture.capture import capture, evaluating, has_free_batch, recapture

from ..networks import MLP, SmallCNN
from .raising import assert_same_outputs, outputs, raised_from


class ListInput(nn.Module):
    """SlowFast writes its stages' results into the list that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(3, 4)

    def forward(self, x: list[Tensor]) -> Tensor:
        x[0] = torch.relu(self.a(x[0]))
        x[1] = torch.relu(self.b(x[1]))
        return x[0] + x[1]


def test_the_callers_list_is_not_overwritten() -> None:
    model, inputs = ListInput(), [torch.randn(2, 4), torch.randn(2, 3)]
    before = list(inputs)
    raised = raised_from(model, inputs)
    assert all(a is b for a, b in zip(inputs, before, strict=True))
    assert torch.equal(outputs(raised, inputs)[0], outputs(model, inputs)[0])
    raised(inputs)
    raised(inputs)
    assert all(a is b for a, b in zip(inputs, before, strict=True))


class AnyNumber(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(3, 4)

    def forward(self, *xs: Tensor) -> Tensor:
        return torch.relu(self.a(xs[0])) + torch.relu(self.b(xs[1]))


def test_a_forward_that_takes_any_number_of_inputs() -> None:
    model, inputs = AnyNumber(), (torch.randn(2, 4), torch.randn(2, 3))
    assert has_free_batch(capture(model, inputs))
    raised = raised_from(model, *inputs)
    assert torch.equal(outputs(raised, *inputs)[0], outputs(model, *inputs)[0])


def test_every_training_flag_is_restored() -> None:
    model = nn.Sequential(SmallCNN(), nn.Linear(3, 3), nn.Dropout()).train()
    model[0].conv2.eval()
    model[2].eval()
    flags = [module.training for module in model.modules()]
    capture(model, (torch.randn(2, 2, 6, 6),))
    assert [module.training for module in model.modules()] == flags
    with contextlib.suppress(RuntimeError), evaluating(model):
        assert not any(module.training for module in model.modules())
        raise RuntimeError
    assert [module.training for module in model.modules()] == flags


class BakedLen(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x).reshape(len(x), -1)


class BakedConstant(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x).reshape(2, -1)


@pytest.mark.parametrize("model", [BakedLen(), BakedConstant()])
def test_a_baked_batch_is_refused(model: nn.Module) -> None:
    """Dim.AUTO exports these without a word, for batches of 2 only."""
    with pytest.raises(UnsupportedModelError, match=f"{type(model).__name__} fixes its batch size") as caught:
        capture(model, (torch.randn(2, 3, 4),))
    assert "remedy" in str(caught.value)


def test_what_export_cannot_take_is_told() -> None:
    class Branches(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if x.sum() > 0 else -x

    with pytest.raises(UnsupportedModelError, match="cannot take Branches") as caught:
        capture(Branches(), (torch.randn(2, 3),))
    assert "remedy" in str(caught.value)


def test_a_program_of_batch_one_is_captured_again() -> None:
    model = MLP().eval()
    program = torch.export.export(model, (torch.randn(1, 6),))
    assert not has_free_batch(program)
    free = recapture(program)
    assert has_free_batch(free)
    assert_same_outputs(free.module(check_guards=False), model, (6,))


def test_a_free_program_stays_itself() -> None:
    program = capture(MLP(), (torch.randn(2, 6),))
    assert recapture(program) is program


def test_a_shape_that_does_not_fit_is_one_error_and_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    model = nn.Sequential(nn.Conv3d(3, 4, 1), nn.AvgPool3d((4, 7, 7)))
    with pytest.raises(InputError, match="smaller than kernel size"):
        capture(model, (torch.randn(2, 3, 4, 2, 2),))
    assert capfd.readouterr().err == ""
