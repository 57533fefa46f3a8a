"""What a refusal says fits the cause: complex numbers, numbers that data decide, whole numbers among the outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv import InputError, SnnconvError
from snnconv.verification import verify

X = torch.randn(8, 8, generator=torch.Generator().manual_seed(0))


class Two(nn.Module):
    def __init__(self, tail: Callable[[Tensor], Any]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.tail = nn.Linear(8, 16), nn.Linear(16, 6), tail

    def forward(self, x: Tensor) -> Any:
        return self.tail(self.second(F.relu(self.first(x))))


# what follows the layers → what the refusal says
REFUSED: dict[str, tuple[Callable[[Tensor], Any], str]] = {
    "fourier": (lambda y: torch.fft.rfft(y).abs(), r"fft_rfft(.|\n)*complex numbers(.|\n)*real numbers"),
    "item": (lambda y: y / y.max().item(), r"a Python number that data decide(.|\n)*amax\(1"),
    "argmax": (lambda y: (y, y.argmax(1)), r"argmax(.|\n)*whole numbers(.|\n)*return the values themselves"),
    "compared": (lambda y: (y, y > 0), r"gt(.|\n)*true and false(.|\n)*return the values themselves"),
    "a weight": (lambda y: (y, torch.ones(16, 3) * 2), r"no batch dimension: \[16, 3\](.|\n)*leave out"),
    "a count": (lambda y: (y, y.shape[0]), r"depends on how many samples there are: 4"),
    "an object": (lambda y: (y, object()), r"outputs hold a object(.|\n)*return tensors"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    tail, message = REFUSED[name]
    with pytest.raises(SnnconvError, match=message):
        snnconv.convert(Two(tail).eval(), 4, data=[X])


class Lazy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LazyLinear(16), nn.LazyLinear(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x)))


def test_lazy_layers() -> None:
    model = Lazy().eval()
    with pytest.raises(InputError, match=r"lazy layers(.|\n)*call the network once"):
        snnconv.convert(model, 4, data=[X])
    model(X)
    assert snnconv.convert(model, 4, data=[X])(X).shape == (8, 3)


def test_inputs_of_one_number() -> None:
    class Scaled(Two):
        def forward(self, x: Tensor, scale: Tensor) -> Any:
            return super().forward(x) * scale

    with pytest.raises(InputError, match=r"one number, without samples(.|\n)*got: \[8, 8\], \[\](.|\n)*expand"):
        snnconv.convert(Scaled(lambda y: y).eval(), 4, data=[(X, torch.tensor(2.0))])


class ByParts(nn.Module):
    """Writes into parts of a tensor that varies, in place."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(8, 16), nn.Linear(16, 6)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        h[:, :8] = F.relu(h[:, :8])
        h[:, 12:] *= 0.5
        h[:, 0] = 1
        return self.second(h)


class Complex(ByParts):
    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x.real + x.imag)))


class Types(ByParts):
    """Two layers of types of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.second.half()

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x)).half())


class Coarse(ByParts):
    """Rounds within to a coarser type than its weights', and does not run in float64."""

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x)).bfloat16().float())


class Last(ByParts):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 2, 1)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x))).mean((2, 3))


PICTURES = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
CONVERTED: dict[type[nn.Module], Tensor] = {
    ByParts: X, Complex: torch.complex(X, X.flip(1)), Types: X, Coarse: X,
    Last: PICTURES.contiguous(memory_format=torch.channels_last),
}  # fmt: skip


@pytest.mark.parametrize("kind", CONVERTED)
def test_converted(kind: type[nn.Module]) -> None:
    model, x = kind().eval(), CONVERTED[kind]
    assert verify(model, [x], T=16).held
    snn = snnconv.convert(model, 64, data=[x])
    wanted = model(x).detach()
    assert float((snn(x) - wanted).norm() / wanted.norm()) < 0.02


class ByKeyword(ByParts):
    def forward(self, *, x: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x)


class InADict(ByParts):
    def forward(self, batch: dict[str, Tensor]) -> Tensor:  # type: ignore[override]
        return super().forward(batch["x"])


@pytest.mark.parametrize("kind", [ByKeyword, InADict])
def test_inputs_by_name(kind: type[nn.Module]) -> None:
    with pytest.raises(InputError, match=r"does not run on its inputs(.|\n)*by position(.|\n)*model\(x=x\)"):
        snnconv.convert(kind().eval(), 4, data=[X])
