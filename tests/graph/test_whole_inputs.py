"""Inputs of whole numbers, as words: found, drawn within their range, kept whole in files, refused outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv import METHODS, InputError, SpikingNetwork
from snnconv.bench import diagnose, sweep
from snnconv.capture.input_types import input_types
from snnconv.graph.whole_inputs import bounds_of, draw_inputs
from snnconv.verification import verify


class Words(nn.Module):
    """Subclasses say how [B, L] words become [B, 16] features."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.hidden, self.head = nn.Embedding(50, 16), nn.Linear(16, 16), nn.Linear(16, 4)

    def features(self, words: Tensor) -> Tensor:
        return self.embed(words).mean(1)

    def forward(self, words: Tensor) -> Tensor:
        return self.head(F.relu(self.hidden(self.features(words))))


class Bag(Words):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.EmbeddingBag(50, 16)

    def features(self, words: Tensor) -> Tensor:
        return self.embed(words)


class Positions(Words):
    """Two tables, the words moved before they are looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Embedding(20, 16)

    def features(self, words: Tensor) -> Tensor:
        return (self.embed(words.t().contiguous()).transpose(0, 1) + self.place(words[:, :4]).mean(1)[:, None]).mean(1)


class BareTable(Words):
    def features(self, words: Tensor) -> Tensor:
        return F.embedding(words, self.embed.weight).mean(1)


class Indexed(Words):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.table = nn.Identity(), nn.Parameter(torch.randn(30, 16))

    def features(self, words: Tensor) -> Tensor:
        return self.table[words].sum(1)


class Convolved(Words):
    """A BatchNorm whose statistics no optimised words can meet."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv1d(16, 16, 3), nn.BatchNorm1d(16)
        nn.init.uniform_(self.norm.running_mean)  # type: ignore[arg-type]

    def features(self, words: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(self.embed(words).transpose(1, 2)))).amax(2)


class Weighted(Words):
    """Words beside a weight for each."""

    def forward(self, words: Tensor, weights: Tensor) -> Tensor:
        return self.head(F.relu(self.hidden((self.embed(words) * weights[..., None]).mean(1))))


class Masked(Words):
    """Words beside a mask that only a boolean can be."""

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        return self.head(F.relu(self.hidden(self.embed(words).masked_fill(mask[..., None], 0.0).mean(1))))


class Columns(Words):
    """Numbers first, categories second."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = nn.Linear(5, 16)

    def forward(self, numbers: Tensor, words: Tensor) -> Tensor:
        return self.head(F.relu(self.hidden(F.relu(self.numbers(numbers)) + self.embed(words).mean(1))))


ONE = [(12,)]
TWO = [(12,), (12,)]
WHOLE = torch.int64
# network → (shapes, types, the largest number that each input may hold)
NETWORKS: dict[type[Words], tuple[list[tuple[int, ...]], list[torch.dtype | None], list[int | None]]] = {
    Words: (ONE, [WHOLE], [49]),
    Bag: (ONE, [WHOLE], [49]),
    Positions: (ONE, [WHOLE], [19]),
    BareTable: (ONE, [WHOLE], [49]),
    Indexed: (ONE, [WHOLE], [29]),
    Convolved: (ONE, [WHOLE], [49]),
    Weighted: (TWO, [WHOLE, None], [49, None]),
    Masked: (TWO, [WHOLE, torch.bool], [49, 1]),
    Columns: ([(5,), (12,)], [None, WHOLE], [None, 49]),
}
kinds = pytest.mark.parametrize("kind", NETWORKS)


def made(kind: type[Words]) -> Words:
    torch.manual_seed(0)
    return kind().eval()


def inputs_of(snn: SpikingNetwork, count: int = 5) -> tuple[Tensor, ...]:
    return draw_inputs(snn.ann.graph, snn.plan.input_shapes, count, torch.Generator().manual_seed(1))


@kinds
def test_types_are_found(kind: type[Words]) -> None:
    shapes, types, _ = NETWORKS[kind]
    assert input_types(made(kind), shapes) == types


@kinds
def test_converts_without_data_and_comes_back_from_its_file(kind: type[Words], tmp_path: Path) -> None:
    shapes, _, bounds = NETWORKS[kind]
    model = made(kind)
    snn = snnconv.convert(model, 32, input_shape=shapes, method="sdm")
    assert bounds_of(snn.ann.graph) == [None if most is None else (0, most) for most in bounds]
    assert any("whole numbers" in notice for notice in snn.plan.notices)
    x = inputs_of(snn)
    found = snn(*x)
    assert float((found - model(*x)).detach().norm() / model(*x).detach().norm()) < 0.05
    snn.save(tmp_path / "snn.pt2")
    again = snnconv.load(tmp_path / "snn.pt2")
    assert torch.equal(again(*x), found)
    assert input_types(again.ann, shapes) == input_types(model, shapes)


@kinds
def test_verify(kind: type[Words]) -> None:
    shapes, _, _ = NETWORKS[kind]
    assert verify(made(kind), input_shape=shapes, T=16, samples=3).held


@pytest.mark.parametrize("method", METHODS)
def test_methods(method: str, tmp_path: Path) -> None:
    words = torch.randint(0, 50, (6, 12))
    snn = snnconv.convert(made(Words), 4, data=[words], method=method)
    snn.save(tmp_path / "snn.pt2")
    assert torch.equal(snnconv.load(tmp_path / "snn.pt2")(words), snn(words))


@pytest.mark.parametrize("seen", [lambda x: x.mean(0, keepdim=True) + x, lambda x: x.roll(1, 0)], ids=["mean", "roll"])
def test_batch_mixing_is_seen(seen: Callable[[Tensor], Tensor]) -> None:
    class Mixing(Words):
        def features(self, words: Tensor) -> Tensor:
            return seen(self.embed(words).mean(1))

    with pytest.raises(snnconv.UnsupportedModelError, match="samples of a batch see each other"):
        snnconv.convert(made(Mixing), data=[torch.zeros(4, 12, dtype=torch.int64)])


@pytest.fixture(scope="module")
def snn() -> SpikingNetwork:
    return snnconv.convert(made(Words), 4, input_shape=(12,), method="sdm")


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(2, 12), r"real numbers(.|\n)*int64 \[B, any\](.|\n)*float32"),
        (torch.full((2, 12), 50), r"no row for(.|\n)*0 to 49(.|\n)*got: 50 to 50"),
        (torch.full((2, 12), -1), r"no row for(.|\n)*got: -1 to -1"),
    ],
)
def test_refused_inputs(snn: SpikingNetwork, x: Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        snn(x)


def test_any_type_of_whole_numbers(snn: SpikingNetwork) -> None:
    words = torch.arange(24).view(2, 12)
    assert torch.equal(snn(words.to(torch.int16)), snn(words))


def test_calibration_data_without_a_row() -> None:
    with pytest.raises(InputError, match=r"no row for(.|\n)*calibration batch 1"):
        snnconv.convert(made(Words), data=[torch.zeros(4, 12, dtype=torch.int64), torch.full((4, 12), 60)])


def test_the_length_is_guessed_or_asked_for() -> None:
    snn = snnconv.convert(made(Words), 2)
    assert snn.plan.input_shapes == [(16,)]
    assert any("inferred" in notice for notice in snn.plan.notices)

    class Fixed(Words):
        def features(self, words: Tensor) -> Tensor:
            return (self.embed(words) * torch.ones(7, 1)).mean(1)

    with pytest.raises(InputError, match=r"--input-shape 128"):
        snnconv.convert(made(Fixed))


def test_one_hot_asks_for_data() -> None:
    """Nothing but the data tells that such a network takes whole numbers."""

    class OneHot(nn.Sequential):
        def forward(self, input: Tensor) -> Tensor:
            return super().forward(F.one_hot(input, 30).float().mean(1))

    model = OneHot(nn.Linear(30, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
    with pytest.raises(InputError, match=r"whole numbers as integers"):
        snnconv.convert(model, input_shape=(6,))
    assert snnconv.convert(model, 2, data=[torch.randint(0, 30, (4, 6))])(torch.zeros(1, 6).long()).shape == (1, 3)


class Offsets(Words):
    """Columns of categories in one table, each from a place of its own on, as in recommenders."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("offsets", torch.tensor([0, 20, 40]))

    def features(self, words: Tensor) -> Tensor:
        return self.embed(words + self.offsets).mean(1)


class Columned(Words):
    """A table for each column: what the first has no row for the second may have."""

    def __init__(self) -> None:
        super().__init__()
        self.few = nn.Embedding(5, 16)

    def features(self, words: Tensor) -> Tensor:
        return self.few(words[:, 0]) + self.embed(words[:, 1])


def looked_up_by(change: Callable[[Tensor], Tensor]) -> type[Words]:
    class Changed(Words):
        def features(self, words: Tensor) -> Tensor:
            return self.embed(change(words)).mean(1)

    return Changed


# what becomes of the words → (network, numbers drawn, words that there is no row for, words that there is one for)
ARITHMETIC: dict[str, tuple[type[Words], tuple[int, int], list[int], list[int]]] = {
    "plus": (looked_up_by(lambda words: words + 10), (-10, 39), [0, 40, 1], [-10, 39, 0]),
    "minus": (looked_up_by(lambda words: words - 1), (1, 50), [0, 1, 2], [1, 50, 2]),
    "from": (looked_up_by(lambda words: 40 - words), (-9, 40), [41, 20, 20], [-9, 40, 20]),
    "negative": (looked_up_by(lambda words: -words), (-49, 0), [1, 0, 0], [-49, 0, -1]),
    "times": (looked_up_by(lambda words: words * 3), (0, 16), [17, 0, 0], [16, 0, 1]),
    "halves": (looked_up_by(lambda words: words // 2), (0, 99), [100, 0, 0], [99, 0, 1]),
    "both": (looked_up_by(lambda words: 2 * words + 1), (0, 24), [25, 0, 0], [24, 0, 0]),
    "clamped": (looked_up_by(lambda words: words.clamp(0, 40)), (0, 40), [], [-5, 100, 0]),
    "hashed": (looked_up_by(lambda words: words % 30), (0, 29), [], [-5, 100, 0]),
    "masked": (looked_up_by(lambda words: words.masked_fill(words < 0, 0)), (0, 49), [50, 0, 0], [-100, 49, 0]),
    "chosen": (looked_up_by(lambda words: torch.where(words > 40, 7, words)), (0, 49), [-1, 0, 0], [900, 49, 0]),
    "offsets": (Offsets, (0, 9), [0, 0, 10], [49, 29, 9]),
    "columns": (Columned, (0, 4), [5, 49, 0], [4, 49, 900]),
    "summed": (looked_up_by(lambda words: words + words.flip(1)), (0, 24), [49, 0, 1], [24, 0, 25]),
}


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_on_words(name: str) -> None:
    kind, drawn, without, with_rows = ARITHMETIC[name]
    model = made(kind)
    snn = snnconv.convert(model, 32, input_shape=(3,), method="sdm")
    assert bounds_of(snn.ann.graph) == [drawn]
    x = torch.tensor([with_rows])
    wanted = model(x).detach()
    assert float((snn(x) - wanted).norm() / wanted.norm()) < 0.1
    if without:
        with pytest.raises(IndexError):
            model(torch.tensor([without]))
        with pytest.raises(InputError, match=r"no row for(.|\n)*to \d+"):
            snn(torch.tensor([without]))


def test_words_of_two_inputs_together() -> None:
    class Joint(Words):
        def forward(self, words: Tensor, kinds: Tensor) -> Tensor:
            return self.head(F.relu(self.hidden(self.embed(words + 20 * kinds).mean(1))))

    snn = snnconv.convert(made(Joint), 4, input_shape=[(3,), (3,)], method="sdm")
    for x in (inputs_of(snn, 200), (torch.full((1, 3), 9), torch.full((1, 3), 2))):
        snn(*x)
    with pytest.raises(InputError, match=r"which the network makes of its inputs"):
        snn(torch.full((1, 3), 10), torch.full((1, 3), 2))


def test_measurements_name_the_batch(snn: SpikingNetwork) -> None:
    good, bad = torch.zeros(4, 12, dtype=torch.int64), torch.full((4, 12), 50)
    with pytest.raises(InputError, match=r"no row for(.|\n)*where: batch 1"):
        diagnose(snn, [good, bad])
    labels = torch.tensor([0, 1, 2, 3])
    with pytest.raises(InputError, match=r"no row for(.|\n)*where: test batch 1"):
        sweep(snn, [(good, labels), (bad, labels)], [1])
