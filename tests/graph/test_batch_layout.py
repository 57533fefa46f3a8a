"""Where the batch is: followed through whatever moves data."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from snnconv.graph.batch_layout import Layout, layouts

from ..capture.raising import raised_from

Function = Callable[[Tensor], Tensor]


class Moves(nn.Module):
    def __init__(self, function: Function) -> None:
        super().__init__()
        self.a, self.function = nn.Linear(6, 6), function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.a(x))


# of [B, 4, 6]; the layout that the last value has
MOVES: dict[str, tuple[Function, Layout]] = {
    "nothing": (lambda x: x * 2, Layout(0, 1)),
    "tokens first": (lambda x: x.transpose(0, 1), Layout(1, 1)),
    "tokens and samples merged": (lambda x: x.transpose(0, 1).reshape(-1, 6), Layout(0, 4)),
    "samples and tokens merged": (lambda x: x.reshape(-1, 6) + 1, Layout(0, 1)),
    "merged and linear": (lambda x: x.transpose(0, 1).reshape(-1, 6) @ torch.ones(6, 2), Layout(0, 4)),
    "there and back": (lambda x: x.transpose(0, 1).reshape(-1, 6).view(4, -1, 6).transpose(0, 1), Layout(0, 1)),
    "heads": (lambda x: x.view(-1, 4, 2, 3).transpose(1, 2).reshape(-1, 4, 3), Layout(0, 1)),
    "one of three": (lambda x: x.view(-1, 4, 3, 2).permute(2, 0, 1, 3)[1], Layout(0, 1)),
    "unbound": (lambda x: x.view(-1, 2, 6).permute(1, 0, 2).unbind(0)[1], Layout(0, 1)),
    "joined in the batch": (lambda x: torch.cat([x, x], 0), Layout(0, 2)),
}


@pytest.mark.parametrize("name", MOVES)
def test_the_batch_is_followed(name: str) -> None:
    function, expected = MOVES[name]
    raised = raised_from(Moves(function), torch.randn(2, 4, 6))
    (output,) = (node for node in raised.graph.nodes if node.op == "output")
    assert layouts(raised.graph)[output.args[0][0]] == expected


def test_a_product_of_samples_has_none() -> None:
    raised = raised_from(Moves(lambda x: x.flatten(1) @ x.flatten(1).t()), torch.randn(2, 4, 6))
    found = list(layouts(raised.graph).values())
    assert found[-1] is None
