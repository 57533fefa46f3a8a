"""What fixes a size says so: the dimension, the reason, and the line of the network, without the folder of its file."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv import InputError
from snnconv.capture.free_sizes import capture_free
from snnconv.sizes import Sizes

from ..capture.size_cases import Case, UNet, converted, reloaded


class Reading(nn.Module):
    """Reads the sizes of a map of its input's size."""

    def __init__(self, read: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.a, self.read = nn.Conv2d(3, 4, 3, padding=1), read

    def forward(self, x: Tensor) -> Tensor:
        return self.read(F.relu(self.a(x)))


def halves(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, (x.shape[2] // 2, 1)).mean((2, 3))


def one_by_one(x: Tensor) -> Tensor:
    return torch.stack([x[:, :, i].mean(2) for i in range(x.shape[2])]).sum(0)


def as_number(x: Tensor) -> Tensor:
    return F.max_pool2d(x, (int(x.shape[2]), 1)).mean((2, 3))


def looked_up(x: Tensor) -> Tensor:
    return x.mean((2, 3)) * {8: 0.5}.get(x.shape[2], 1.0)


def flattened(x: Tensor) -> Tensor:
    return F.linear(x.flatten(1), torch.ones(2, 256))


def normalised(x: Tensor) -> Tensor:
    return F.relu(F.layer_norm(x, x.shape[1:])).mean((2, 3))


def area(x: Tensor) -> Tensor:
    return x.mean((2, 3)) * float(x.shape[2] * x.shape[3])


READ: dict[Callable[[Tensor], Tensor], tuple[int, str]] = {
    halves: (2, r"the network needs \(d2 // 2\) == 4, at {}:\d+: return F\.avg_pool2d\(x, "),
    one_by_one: (2, r"needed by {}:\d+: return torch\.stack\(\[x\[:, :, i\]"),
    as_number: (2, r"needed by {}:\d+: return F\.max_pool2d\(x, \(int"),
    looked_up: (2, r"torch\.export cannot leave it free: unhashable .*, at {}:\d+: return x\.mean\(\(2, 3\)\) \* \{{8"),
    flattened: (3, r"the network takes no other: .*256.*, at {}:\d+: return F\.linear\(x\.flatten"),
    normalised: (3, r"layer_norm cannot be converted with .* computed from it, at {}:\d+: return self\.read\("),
    area: (3, r"the network needs \(d[23]\*d[23]\) == 64, at {}:\d+: return .* \* float\("),
}  # fmt: skip


@pytest.mark.parametrize("read", READ)
def test_reasons_name_dimension_and_line(read: Callable[[Tensor], Tensor]) -> None:
    dim, words = READ[read]
    snn = converted(Case(Reading(read), [(3, 8, 8)], [], []))
    shape = [2, 3, 8, 8]
    shape[dim] = 16
    for network in (snn, reloaded(snn)):
        pattern = rf"dimension {dim} is fixed at 8: {words.format(r'test_fixed_sizes[.]py')}"
        with pytest.raises(InputError, match=pattern) as caught:
            network(torch.randn(shape))
        assert "/tests/" not in str(caught.value)


def test_channels_name_the_layer_that_takes_no_others() -> None:
    snn = converted(Case(UNet(), [(3, 8, 8)], [], []))
    with pytest.raises(InputError, match=r"dimension 1 is fixed at 3: needed by size_cases.py:\d+: a = F.relu\(self.a"):
        snn(torch.randn(2, 5, 8, 8))
    grey = snnconv.inspect(Grey(), input_shape=(1, 8, 8)).sizes
    assert grey is not None
    assert grey.free == [(0, 2), (0, 3)]
    assert grey.reasons["d1"].startswith("the network takes no other: ")


class Grey(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1))


def test_conditions_name_their_line_and_stand_there_once() -> None:
    """Rows of ever longer relations that follow from the first are left out."""
    snn = converted(Case(UNet(), [(3, 8, 8)], [], []))
    for network in (snn, reloaded(snn)):
        with pytest.raises(InputError, match=r"== d2, at size_cases.py:\d+: return self.c\(torch.cat"):
            network(torch.randn(2, 3, 9, 8))
        assert network.plan.sizes is not None
        assert len(network.plan.sizes.conditions) == 2
    tiles = Reading(lambda x: F.pixel_unshuffle(x, 2).mean((2, 3)))
    assert capture_free(tiles, (torch.randn(2, 3, 8, 8),)).sizes.conditions == ("(d2 % 2) == 0", "(d3 % 2) == 0")


def test_a_relation_fixes_no_more_than_it_has_to() -> None:
    """That 4·C channels come of tiles fixes C, not height and width."""
    tiles = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(12, 4, 3), nn.ReLU())
    sizes = capture_free(tiles, (torch.randn(2, 3, 8, 8),)).sizes
    assert sizes.free == [(0, 2), (0, 3)]
    assert sizes.inputs[0][0] == 3


def test_sizes_that_two_captures_allow() -> None:
    told = Sizes(((3, "d2", "d2"),), {"d2": (1, 9)}, ("(d2 % 2) == 0",), {"d1": "why"})
    again = Sizes(((3, "d2", "d3"),), {"d2": (2, None), "d3": (2, None)})
    assert again.within(told) == told
    assert Sizes(((3, "d2", 8),), {"d2": (4, None)}).within(told).inputs == ((3, "d2", 8),)
    assert Sizes(((3, "d2", "d3"),), {"d2": (4, None)}).within(told).ranges == {"d2": (4, 9)}
