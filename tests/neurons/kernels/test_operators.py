"""Kernels as operators of torch: fakes that tell the truth, and compiled networks that give the same bits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.utils import counters

from snnconv import convert
from snnconv.models import fashion_cnn
from snnconv.neurons import IntegrateFire, Neuron, ScalableDualThreshold, SignedDigit
from snnconv.neurons.kernels import int8, operators
from snnconv.neurons.kernels.dispatch import Parts, has
from snnconv.neurons.kernels.operators import product_operator, scan_operator

needs_numba = pytest.mark.skipif(not has("numba"), reason="needs numba: pip install 'snnconv[fast]'")
needs_int8 = pytest.mark.skipif(not int8.is_exact(), reason="this processor has no exact 8-bit kernels")
NEURONS: dict[str, Neuron] = {
    "if": IntegrateFire(1.0),
    "sd": ScalableDualThreshold(torch.tensor([0.5, 1.0, 2.0]), alpha=0.5, beta=2),
    "input gate": ScalableDualThreshold(1.0, gate="input"),
    "signed": SignedDigit(1.0, bits=4, cost=0.3, retract="zero"),
}


@needs_numba
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("name", NEURONS)
def test_fakes_of_scans(name: str, last: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapes, types, layouts and aliases are what comes out, fresh, continued, kept and not."""
    neuron, called = NEURONS[name], []
    monkeypatch.setattr(operators, "scan_operator", lambda *args: called.append(args) or scan_operator(*args))
    x = torch.randn(6, 3, 8, 8).to(memory_format=torch.channels_last if last else torch.contiguous_format)
    step = neuron.fused(x)
    assert step is not None
    factor = torch.ones(3, 1, 1)
    fresh = operators.scan(Parts(x, True, x.round(), True, factor), None, step, 3)
    assert fresh.v is not None
    operators.scan(Parts(x[:2], False), (fresh.v, fresh.low, fresh.drive), step, 3, keep=False)
    eager, state = neuron(Parts(x, True, x.round(), True, factor), None, 3)
    assert torch.equal(eager, fresh.spikes)
    assert torch.equal(state.v, fresh.v)
    for args in called:
        torch.library.opcheck(scan_operator, args, test_utils=("test_schema", "test_faketensor"))


@needs_int8
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(6, 5), (3, 6)),
        (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), (2, 4, 9, 8)),
        (nn.Conv2d(4, 6, (3, 1), dilation=2, bias=False), (2, 4, 9, 8)),
        (nn.Conv3d(2, 3, 3, padding=(0, 1, 1)), (2, 2, 5, 6, 7)),
    ],
)
def test_fakes_of_layers(layer: Any, shape: tuple[int, ...]) -> None:
    with torch.no_grad():
        layer.weight.copy_(torch.randint(-127, 128, layer.weight.shape))
        if layer.bias is not None:
            layer.bias.round_()
    x = torch.randint(0, 256, shape, dtype=torch.uint8)
    args = (x, layer.weight.detach(), layer.bias, 0, 255, *(int8.Affine.of(layer).geometry or ((), (), (), 1)))
    assert torch.equal(product_operator(*args), layer(x.float()))
    torch.library.opcheck(product_operator, args, test_utils=("test_schema", "test_faketensor"))


@pytest.mark.slow  # half a minute of a C++ compiler each
@needs_numba
@pytest.mark.parametrize("bits", [None, 8])
def test_compiled_networks(bits: int | None) -> None:
    """One graph from neurons on, the same bits, at other batches and steps too."""
    options: dict[str, Any] = {"weight_bits": bits} if bits else {}
    x = torch.randn(32, 1, 28, 28)
    snn = convert(fashion_cnn(pretrained=True), T=4, data=[x], method="sdm-zero", **options)

    def results() -> list[Tensor]:
        return [snn(x), snn(x[:7]), *(snn.run(x, T=T).logits for T in (1, 3))]

    with torch.no_grad():
        wanted = results()
        counters.clear()
        snn.compile()
        found = results()
    assert counters["frames"]["ok"]
    assert not counters["graph_break"]
    for one, other in zip(wanted, found, strict=True):
        assert torch.equal(one, other) if bits else torch.allclose(one, other, atol=1e-4)
