"""Operations that are not affine and no activation: analog, on running means, exact in the mean over time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv import UnsupportedModelError
from snnconv.graph.op import OPERATIONS
from snnconv.neurons import RunningMean, RunningSum

Function = Callable[[Tensor], Tensor]


class Around(nn.Module):
    """A function of [B, 6] that varies in time."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 6), nn.Linear(6, 3)
        self.function = function
        self.weight = nn.Parameter(torch.rand(6) + 0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.function(F.relu(self.a(x))))


def attention(x: Tensor) -> Tensor:
    q = x.view(-1, 2, 3)
    return F.scaled_dot_product_attention(q, q + 1, q * 2).flatten(1)


def gathered(x: Tensor) -> Tensor:
    return torch.cat([x.topk(3, 1).values, x.sort(1).values[:, :3]], 1)


# {name: (function, operations that become analog, MACs of the first where they are known)}
CASES: dict[str, tuple[Function, set[str], int | None]] = {
    "layer norm": (lambda x: F.layer_norm(x, (6,), torch.ones(6) / 2), {"layer_norm"}, 6),
    "group norm": (lambda x: F.group_norm(x, 2), {"group_norm"}, 6),
    "rms norm": (lambda x: F.rms_norm(x, (6,)), {"rms_norm"}, 6),
    "instance norm": (lambda x: F.instance_norm(x.view(-1, 2, 3)).flatten(1), {"instance_norm"}, 6),
    "unit length": (lambda x: F.normalize(x + 0.5, dim=1), {"linalg_vector_norm", "clamp_min", "div"}, 6),
    "softmax": (lambda x: x.softmax(1), {"softmax"}, None),
    "log softmax": (lambda x: x.log_softmax(1), {"log_softmax"}, None),
    "attention": (attention, {"scaled_dot_product_attention"}, 2 * 2 * (3 + 3)),
    "matmul": (lambda x: (x.view(-1, 2, 3) @ x.view(-1, 3, 2)).flatten(1) @ torch.ones(4, 6), {"matmul"}, 2 * 2 * 3),
    "einsum": (lambda x: torch.einsum("bi,bj->bij", x, x).sum(2), {"einsum"}, 36),
    "bmm": (lambda x: torch.bmm(x[:, :, None], x[:, None]).sum(2), {"bmm"}, 36),
    "square": (lambda x: x * x, {"mul"}, 6),
    "gate": (lambda x: x * x.flip(1), {"mul"}, 6),
    "quotient": (lambda x: x / (1 + x.flip(1)), {"div"}, 6),
    "glu": (lambda x: F.glu(x, 1).repeat(1, 2), {"glu"}, 3),
    "power": (lambda x: x**2, {"pow"}, None),
    "root": (lambda x: (x + 1).sqrt(), {"sqrt"}, None),
    "exponential": (lambda x: x.neg().exp(), {"exp"}, None),
    "sine": (lambda x: (x - 0.3).sin(), {"sin"}, None),
    "one bound": (lambda x: x.clamp(min=0.2), {"clamp"}, None),
    "largest of two": (lambda x: torch.maximum(x, x.flip(1) - 0.1), {"maximum"}, None),
    "largest of all": (lambda x: x + x.amax(1, keepdim=True), {"amax"}, None),
    "largest, indices unread": (lambda x: x + x.max(1, keepdim=True).values, {"max"}, None),
    "sorted": (gathered, {"topk", "sort"}, None),
    "deviation": (lambda x: x / (x.std(1, keepdim=True) + 0.1), {"std", "div"}, 6),
}


@pytest.mark.parametrize("name", CASES)
def test_the_mean_is_exact(name: str) -> None:
    """The spiking network's error falls as the neurons' before it does, and the report lists what is analog."""
    function, operations, macs = CASES[name]
    model, x = Around(function).eval(), torch.randn(16, 4)
    report = snnconv.inspect(model, input_shape=(4,))
    assert {entry.operation for entry in report.analog} == operations
    assert report.analog[0].macs == macs
    assert not report.unsupported
    snn = snnconv.convert(model, 128, data=[x], threshold="max")
    found = [module for module in snn.network.modules() if isinstance(module, RunningMean)]
    assert {module.name for module in found} == operations
    with torch.no_grad():
        torch.testing.assert_close(snn(x), model(x), rtol=0.02, atol=0.02)


def test_weights_are_handed_in(tmp_path: Path) -> None:
    """The affine part of a norm stays where it is in the state_dict; saved and loaded it is the same network."""
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.LayerNorm(6), nn.Linear(6, 6), nn.GELU(), nn.Linear(6, 3))
    with torch.no_grad():
        model[2].weight.copy_(torch.rand(6))  # type: ignore[operator]
    x = torch.randn(8, 4)
    snn = snnconv.convert(model.eval(), 16, data=[x])
    assert torch.equal(snn.network.state_dict()["2.weight"], model.state_dict()["2.weight"])
    snn.save(tmp_path / "a.snn.pt2")
    other = snnconv.load(tmp_path / "a.snn.pt2")
    assert torch.equal(other(x), snn(x))
    assert sorted(repr(other).splitlines()[2:]) == sorted(repr(snn).splitlines()[2:])


@pytest.mark.parametrize("name", ["attention", "unit length", "gate"])
def test_any_chunk_gives_the_same(name: str) -> None:
    """And a run that is continued."""
    snn, x = snnconv.convert(Around(CASES[name][0]).eval(), data=[torch.randn(16, 4)]), torch.randn(3, 4)
    whole = snn.run(x, T=7).logits
    for chunk in (1, 3, 7):
        snn.chunk = chunk
        torch.testing.assert_close(snn.run(x, T=7).logits, whole, rtol=1e-5, atol=1e-6)
    first = snn.run(x, T=3)
    second = snn.run(x, T=4, state=first.state)
    torch.testing.assert_close((first.logits[-1] * 3 + second.logits[-1] * 4) / 7, whole[-1], rtol=1e-5, atol=1e-6)


class Pools(nn.Module):
    """One pooling of [B, 4, 7, …] maps that vary in time."""

    def __init__(self, pool: Function, dims: int) -> None:
        super().__init__()
        self.a = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[dims - 1](1, 4, 3, padding=1)
        self.pool, self.b = pool, nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.pool(F.relu(self.a(x))).flatten(2).mean(2))


POOLS: dict[str, tuple[Function, int]] = {
    "ceil mode": (nn.MaxPool2d(2, ceil_mode=True), 2),
    "dilation": (nn.MaxPool2d(3, 1, dilation=2), 2),
    "functional": (lambda x: F.max_pool2d(x, 2, 2, ceil_mode=True), 2),
    "functional 1-D": (lambda x: F.max_pool1d(x, 2), 1),
    "functional 3-D": (lambda x: F.max_pool3d(x, 2), 3),
    "with indices": (lambda x: F.max_pool2d(x, 2, return_indices=True)[0], 2),
    "module with indices": (lambda x: nn.MaxPool3d(2, return_indices=True)(x)[0], 3),
    "adaptive": (nn.AdaptiveMaxPool2d((2, 3)), 2),
    "adaptive 1-D": (nn.AdaptiveMaxPool1d(3), 1),
    "adaptive 3-D": (nn.AdaptiveMaxPool3d(2), 3),
    "functional adaptive": (lambda x: F.adaptive_max_pool2d(x, 2), 2),
}


@pytest.mark.parametrize("maxpool", ["exact", "lipool"])
@pytest.mark.parametrize("name", POOLS)
def test_every_max_pooling_is_on_running_sums(name: str, maxpool: str, tmp_path: Path) -> None:
    pool, dims = POOLS[name]
    model, x = Pools(pool, dims).eval(), torch.randn(8, 1, *[7] * dims)
    snn = snnconv.convert(model, 128, data=[x], threshold="max", maxpool=maxpool)  # type: ignore[arg-type]
    assert sum(isinstance(module, RunningSum) for module in snn.network.modules()) == 1
    assert not any(isinstance(module, RunningMean) for module in snn.network.modules())
    if maxpool == "exact":  # windows that overlap inhibit otherwise
        with torch.no_grad():
            torch.testing.assert_close(snn(x), model(x), rtol=0.02, atol=0.02)
    snn.save(tmp_path / "a.snn.pt2")
    assert torch.equal(snnconv.load(tmp_path / "a.snn.pt2")(x), snn(x))


def test_a_pooling_whose_indices_are_read_is_refused() -> None:
    def unpooled(x: Tensor) -> Tensor:
        values, indices = F.max_pool2d(x, 2, return_indices=True)
        return values + indices

    with pytest.raises(UnsupportedModelError, match="max_pool2d_with_indices"):
        snnconv.convert(Pools(unpooled, 2), data=[torch.randn(4, 1, 6, 6)])


def test_adaptive_pooling_becomes_average_pooling_too() -> None:
    snn = snnconv.convert(Pools(nn.AdaptiveMaxPool2d(2), 2), data=[torch.randn(4, 1, 6, 6)], maxpool="avg")
    assert isinstance(snn.network.get_submodule("pool"), nn.AdaptiveAvgPool2d)


def test_kinds_are_known() -> None:
    assert {op.analog for op in OPERATIONS.values() if op.analog} == {
        "norm",
        "softmax",
        "attention",
        "product",
        "gate",
        "function",
    }
