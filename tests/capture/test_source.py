"""The same conversion whatever wraps a network and whatever mode torch is in; weights must be numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv import InputError, UnsupportedModelError
from snnconv.capture.source import source_of

X = torch.randn(4, 3, 6, 6, generator=torch.Generator().manual_seed(0))


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 4)
    return nn.Sequential(*layers).eval()


@contextlib.contextmanager
def double_by_default() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


MODES: dict[str, Callable[[], Any]] = {
    "inference": torch.inference_mode,
    "no gradients": torch.no_grad,
    "double by default": double_by_default,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
}
METHODS = ("auto", "sdm", "snnc-advanced")  # sensitivity by gradients, neither, weights by gradients


@pytest.fixture(scope="module")
def wanted() -> dict[str, Tensor]:
    return {method: snnconv.convert(network(), 2, data=[X], method=method)(X) for method in METHODS}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mode", MODES)
def test_modes(mode: str, method: str, wanted: dict[str, Tensor]) -> None:
    """Also with data that were made in that mode."""
    model = network()
    with MODES[mode]():
        snn = snnconv.convert(model, 2, data=[X.clone()], method=method)
        assert torch.equal(snn(X), wanted[method])
    assert torch.equal(snn(X), wanted[method])
    assert not any(tensor.is_inference() for tensor in snn.state_dict().values())


def test_networks_made_in_inference_mode(wanted: dict[str, Tensor]) -> None:
    with torch.inference_mode():
        model = network()
    assert torch.equal(snnconv.convert(model, 2, data=[X], method="auto")(X), wanted["auto"])
    assert snnconv.inspect(model, data=[X]).activations == (1, 1)
    snnconv.clip(model, data=[X])


WRAPPED: dict[str, Callable[[], nn.Module]] = {
    "parallel": lambda: nn.DataParallel(network()),
    "compiled": lambda: torch.compile(network()),  # type: ignore[return-value]
    "averaged": lambda: torch.optim.swa_utils.AveragedModel(network()).eval(),
    "compiled parallel": lambda: torch.compile(nn.DataParallel(network())),  # type: ignore[return-value]
}


@pytest.mark.parametrize("name", WRAPPED)
def test_wrappers(name: str) -> None:
    assert [entry.site for entry in snnconv.inspect(WRAPPED[name](), data=[X]).entries] == ["1", "2"]
    model = network()
    assert source_of(model) is model


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (lambda: torch.jit.trace(network(), X), UnsupportedModelError, "pass the module that it was made from"),
        (lambda: network().to(torch.float8_e5m2), UnsupportedModelError, r"float8_e5m2(.|\n)*model.float"),
        (lambda: network().to("meta"), InputError, r"no values(.|\n)*to_empty"),
        (lambda: network().state_dict(), InputError, r"not a network(.|\n)*OrderedDict"),
        (lambda: broken("4.weight", "nan"), InputError, r"not numbers(.|\n)*4.weight(.|\n)*earlier checkpoint"),
        (lambda: broken("0.bias", "inf"), InputError, r"not numbers(.|\n)*0.bias"),
        (lambda: broken("1.running_var", "nan"), InputError, r"not numbers(.|\n)*1.running_var"),
    ],
)
@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_refused(model: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        snnconv.convert(model(), data=[X], method="sdm")


def broken(name: str, value: str) -> nn.Module:
    model = network()
    model.state_dict()[name].view(-1)[0] = float(value)
    return model


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_inputs_that_are_no_numbers(value: str) -> None:
    snn = snnconv.convert(network(), 2, data=[X], method="sdm")
    x = X.clone()
    x[2, 1, 3, 4] = float(value)
    for run in (snn, snn.run):
        with pytest.raises(
            InputError, match=r"NaN or infinity(.|\n)*1 such values of 432(.|\n)*sample 2 .*\[1, 3, 4\]"
        ):
            run(x)
