"""Small networks of the kinds that users of conversion tools reported as failing, and brothers of each.

`NETWORKS` says what each takes: the shape of one sample, and whether that holds words.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

WORDS = 50


class Two(nn.Module):
    """Two linear layers around what a subclass does between them, and a head of one value."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = nn.Linear(8, 16), nn.Linear(16, 5), nn.Linear(16, 1)

    def middle(self, x: Tensor) -> Tensor:
        return F.relu(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.middle(self.first(x)))


# An operand that only lends its shape or type.


class Normalised(Two):
    def middle(self, x: Tensor) -> Tensor:
        return F.normalize(F.relu(x))


class ScaledByParameter(Two):
    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.randn(16))

    def middle(self, x: Tensor) -> Tensor:
        hidden = F.relu(x)
        return self.shift.expand_as(hidden) + hidden.view_as(x).reshape_as(x).type_as(x)


class SqueezeExcite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.gate, self.head = nn.Conv2d(3, 16, 3), nn.Linear(16, 16), nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        gate = torch.sigmoid(self.gate(x.mean((2, 3))))[:, :, None, None]
        return self.head((x * gate.expand_as(x)).mean((2, 3)))


# One value per sample.


class Regressor(Two):
    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.first(x))).squeeze(1)


class Probability(Two):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.head(F.relu(self.first(x))).squeeze(1))


class Gated(Two):
    """A spiking site of shape [B] in the middle of the network."""

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.relu(self.first(x))
        return self.second(hidden) * F.relu(hidden.sum(1))[:, None]


# Regions that torch.export puts into submodules.


class Autocast(Two):
    def forward(self, x: Tensor) -> Tensor:
        hidden = F.relu(self.first(x))
        with torch.autocast("cpu", enabled=False):
            return self.second(hidden)


class WithoutGradients(Two):
    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            hidden = F.relu(self.first(x))
        return self.second(hidden)


class Checkpointed(Two):
    def forward(self, x: Tensor) -> Tensor:
        return self.second(checkpoint(lambda value: F.relu(self.first(value)), x, use_reentrant=False))


# Quantised activations.


class Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        return gradients[0]


class QuantisedClipFloor(Two):
    """QCFS: floor(clamp(x/λ, 0, 1)·L + ½)·λ/L."""

    def __init__(self) -> None:
        super().__init__()
        self.ceiling = nn.Parameter(torch.tensor(2.0))

    def middle(self, x: Tensor) -> Tensor:
        x = torch.clamp(x / self.ceiling, 0, 1)
        return torch.floor(x * 8 + 0.5) / 8 * self.ceiling


class LearnedStep(QuantisedClipFloor):
    """LSQ: round(clamp(x/s, 0, 15))·s."""

    def middle(self, x: Tensor) -> Tensor:
        step = self.ceiling / 15
        return Round.apply(torch.clamp(x / step, 0, 15)) * step


class ParametrisedClip(QuantisedClipFloor):
    """PACT: ½(|x| − |x − λ| + λ), rounded to 15 levels."""

    def middle(self, x: Tensor) -> Tensor:
        clipped = 0.5 * (x.abs() - (x - self.ceiling).abs() + self.ceiling)
        return Round.apply(clipped * 15 / self.ceiling) * self.ceiling / 15


class StraightThrough(Two):
    def middle(self, x: Tensor) -> Tensor:
        return Round.apply(F.relu(x) * 4) / 4


class StraightThroughDetached(Two):
    def middle(self, x: Tensor) -> Tensor:
        hidden = F.relu(x).clamp(max=3) * 4
        return (hidden + (hidden.round() - hidden).detach()) / 4


class FakeQuantised(Two):
    def middle(self, x: Tensor) -> Tensor:
        return torch.fake_quantize_per_tensor_affine(F.relu(x), 0.125, 0, 0, 15)


# Activations spelled out.


class LeakyByMask(Two):
    def middle(self, x: Tensor) -> Tensor:
        return torch.where(x > 0, x, 0.1 * x)


class ReluByProduct(Two):
    def middle(self, x: Tensor) -> Tensor:
        return x * (x > 0)


class ReluByFilling(Two):
    def middle(self, x: Tensor) -> Tensor:
        return x.masked_fill(x < 0, 0.0)


class ReluByWriting(Two):
    def middle(self, x: Tensor) -> Tensor:
        x = x.clone()
        x[x < 0] = 0
        return x


class ReluByMaximum(Two):
    def middle(self, x: Tensor) -> Tensor:
        return torch.max(x, torch.zeros_like(x))


class ErfGelu(Two):
    def middle(self, x: Tensor) -> Tensor:
        return 0.5 * x * (1 + torch.erf(x / 2**0.5))


class TanhGelu(Two):
    def middle(self, x: Tensor) -> Tensor:
        return 0.5 * x * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (x + 0.044715 * x**3)))


class Swish(Two):
    def middle(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)


class Floor(Two):
    """Its largest values lie far above what the output feels of a step."""

    def middle(self, x: Tensor) -> Tensor:
        return torch.sqrt(F.relu(x) + 1e-3)


# Words.


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.hidden, self.head = nn.Embedding(WORDS, 16), nn.Linear(16, 16), nn.Linear(16, 4)

    def forward(self, words: Tensor) -> Tensor:
        return self.head(F.relu(self.hidden(self.embed(words).mean(1))))


class Bag(Tokens):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.EmbeddingBag(WORDS, 16, mode="mean")

    def forward(self, words: Tensor) -> Tensor:
        return self.head(F.relu(self.hidden(self.embed(words))))


# Weights that are computed at every call from parameters alone.


class StandardisedWeights(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight, self.head = nn.Parameter(torch.randn(8, 3, 3, 3)), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(F.conv2d(x, self.standardised())).mean((2, 3)))

    def standardised(self) -> Tensor:
        weight = self.weight.view(1, 8, -1)
        return F.batch_norm(weight, None, None, training=True, momentum=0.0).view_as(self.weight)


class StandardisedByHand(StandardisedWeights):
    def standardised(self) -> Tensor:
        variance, mean = torch.var_mean(self.weight, (1, 2, 3), keepdim=True)
        return (self.weight - mean) * torch.rsqrt(variance + 1e-5)


class WeightNormalised(Two):
    def __init__(self) -> None:
        super().__init__()
        self.first = parametrizations.weight_norm(self.first)


# Several outputs.


class Structured(Two):
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        hidden = F.relu(self.first(x))
        return {"logits": self.second(hidden), "value": self.head(hidden).squeeze(1)}


# Refused, each for its own reason.


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.cell, self.head = nn.Linear(8, 8), nn.LSTM(8, 8, batch_first=True), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.cell(F.relu(self.first(x)))[0][:, -1])


class GatedRecurrent(Recurrent):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRU(8, 8, batch_first=True)


class BatchStatistics(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 3)
        self.norm = nn.BatchNorm2d(8, track_running_stats=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.norm(self.conv(x))).mean((2, 3)))


# As they were reported: these run with every method.
REPORTED: dict[type[nn.Module], tuple[int, ...]] = {
    Normalised: (8,), SqueezeExcite: (3, 12, 12), Regressor: (8,), Probability: (8,), Autocast: (8,),
    QuantisedClipFloor: (8,), StraightThrough: (8,), LeakyByMask: (8,), ErfGelu: (8,), Floor: (8,),
    Tokens: (12,), StandardisedWeights: (3, 12, 12),
}  # fmt: skip
BROTHERS: dict[type[nn.Module], tuple[int, ...]] = {
    **dict.fromkeys((ScaledByParameter, Gated, WithoutGradients, Checkpointed, LearnedStep, ParametrisedClip), (8,)),
    **dict.fromkeys((StraightThroughDetached, FakeQuantised, ReluByProduct, ReluByFilling, ReluByWriting), (8,)),
    **dict.fromkeys((ReluByMaximum, TanhGelu, Swish, WeightNormalised, Structured), (8,)),
    Bag: (12,), StandardisedByHand: (3, 12, 12),
}  # fmt: skip
REFUSED: dict[type[nn.Module], tuple[tuple[int, ...], str]] = {
    Recurrent: ((6, 8), "recurrent"),
    GatedRecurrent: ((6, 8), "recurrent"),
    BatchStatistics: ((3, 12, 12), "running statistics"),
}
HOLDS_WORDS = {Tokens, Bag}
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    kind.__name__: (kind, shape) for kind, shape in {**REPORTED, **BROTHERS}.items()
}


def sample_of(kind: Callable[[], nn.Module], shape: tuple[int, ...], count: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    if kind in HOLDS_WORDS:
        return torch.randint(0, WORDS, (count, *shape), generator=generator)
    return torch.randn(count, *shape, generator=generator)
