"""`snnconv count`: several inputs, gaps, and what is not a shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from .conftest import Command


def test_two_pathways(command: Command) -> None:
    """Table of counts: SlowFast 8×8 at 256² has 65.71 G multiply-accumulates and 34,566,488 parameters."""
    ended = command(
        "count", "pytorchvideo:slowfast_r50", "--input-shape", "3,8,256,256;3,32,256,256", "--json", "--quiet"
    )
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    assert document["input_shape"] == [[3, 8, 256, 256], [3, 32, 256, 256]]
    assert round(document["ops"] / 1e9, 2) == 65.71
    assert document["parameters"] == 34_566_488
    assert document["ops"] == sum(document["by_layer"].values())


class Sum(nn.Module):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.erfinv(a @ b.unsqueeze(-1))


def test_positional_inputs_and_gaps(command: Command, tmp_path: Path) -> None:
    torch.save(Sum(), tmp_path / "sum.pt")
    ended = command("count", "sum.pt", "--trust", "--input-shape", "4,3;3", "--convention", "mac")
    assert ended.code == 0, ended
    assert "for one input [4, 3] and [3]" in ended.out
    assert "not counted: erfinv ×1" in ended.out


@pytest.mark.parametrize("shapes", ["3,8;", ";", "3,8;x"])
def test_what_is_no_list_of_shapes(shapes: str, command: Command, files: Path) -> None:
    ended = command("count", files / "net.pt", "--input-shape", shapes)
    assert ended.code == 2
    assert "of several inputs, such as '3,8,224,224;3,32,224,224'" in ended.err
