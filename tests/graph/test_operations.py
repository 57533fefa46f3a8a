"""Operations between neurons: under every name that ATen has for them, and writes into parts of a tensor."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import snnconv
from snnconv.capture.synonyms import SYNONYMS
from snnconv.cost.synops import wiring
from snnconv.graph.names import name_of

from ..capture.raising import raised_from

TERM = torch.randn(4, 4, 4, generator=torch.Generator().manual_seed(3))


def written(x: Tensor) -> Tensor:
    """Parts of it overwritten by a number and by other parts."""
    y = x.clone()
    y[:, 0] = 0.5
    y[:, 2] = x[:, 1]
    return y


def placed(x: Tensor) -> Tensor:
    """In the middle of zeros, as padded shortcuts are written."""
    y = torch.zeros(x.shape[0], 6, 4, 4)
    y[:, 1:5] = x
    return y


def zeros(x: Tensor) -> Tensor:
    return torch.zeros(x.shape[0], 1, 4, 4, dtype=torch.long)


OTHER_NAMES: dict[str, Callable[[Tensor], Tensor]] = {
    "multiply": lambda x: torch.multiply(x, 0.5),
    "subtract": lambda x: x.subtract(TERM, alpha=2),
    "divide": lambda x: torch.divide(x, TERM.abs() + 1),
    "true_divide": lambda x: torch.true_divide(x, 2.0),
    "negative": torch.negative,
    "absolute": torch.absolute,
    "concatenate": lambda x: torch.concatenate([x, x * 2], 1),
    "concat": lambda x: torch.concat([x, x * 2], 1),
    "moveaxis": lambda x: torch.moveaxis(x, 1, 2),
    "clip": lambda x: x.clip(-1, 1),
    "special_expit": torch.special.expit,
    "arctan": torch.arctan,
    "greater": lambda x: x * torch.greater(x, 0),
    "greater_equal": lambda x: x * torch.greater_equal(x, 0),
    "less": lambda x: x * torch.less(x, 0),
    "less_equal": lambda x: x * torch.less_equal(x, 0),
    "not_equal": lambda x: x * torch.not_equal(x, 0),
    "fix": lambda x: x * (torch.fix(x / 100) == 0),
    "special_erf": torch.special.erf,
    "special_erfc": torch.special.erfc,
    "special_exp2": torch.special.exp2,
    "special_expm1": torch.special.expm1,
    "special_log1p": lambda x: torch.special.log1p(x.abs()),
    "special_logit": lambda x: torch.special.logit(0.2 + 0.5 * torch.sigmoid(x)),
    "special_round": lambda x: x * (torch.special.round(x / 100) == 0),
}
AFFINE: dict[str, Callable[[Tensor], Tensor]] = {
    "written": written, "placed": placed, "hstack": lambda x: torch.hstack([x, x]),
    "dstack": lambda x: torch.dstack([x, x]),
    "hsplit": lambda x: torch.hsplit(x, 2)[1], "tile": lambda x: x.tile(1, 2, 1, 1), "mT": lambda x: x.mT,
    "rot90": lambda x: torch.rot90(x, 1, (2, 3)), "fliplr": torch.fliplr,
    "broadcast_to": lambda x: x.mean(1, keepdim=True).broadcast_to(x.shape), "diff": lambda x: torch.diff(x, dim=2),
    "fold": lambda x: F.fold(F.unfold(x, 2), (4, 4), 2), "positive": torch.positive,
    "gather": lambda x: torch.gather(x, 1, zeros(x)), "scatter": lambda x: x.scatter(1, zeros(x), 0.5),
    "index_add": lambda x: x.index_add(1, torch.tensor([0]), x[:, :1]),
    "grid_sample": lambda x: F.grid_sample(x, torch.zeros(x.shape[0], 2, 2, 2), align_corners=False),
}  # fmt: skip


class Net(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.a, self.b, self.function = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1), function

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.function(self.b(F.relu(self.a(x)))) + 1)  # which is not always 0


def test_every_synonym_is_tried() -> None:
    assert set(OTHER_NAMES) == set(SYNONYMS)


@pytest.mark.parametrize("name", SYNONYMS)
def test_a_synonym_has_the_overloads_of_the_usual_name(name: str) -> None:
    ours, usual = (getattr(torch.ops.aten, n) for n in (name, SYNONYMS[name]))
    tensors = {overload for overload in ours.overloads() if "name" not in overload and "out" not in overload}
    assert tensors <= set(usual.overloads())


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_the_usual_name_stands_in_the_raised_network(name: str) -> None:
    model, x = Net(OTHER_NAMES[name]).eval(), torch.randn(2, 3, 4, 4)
    raised = raised_from(model, x)
    assert SYNONYMS[name] in {name_of(node) for node in raised.graph.nodes}
    assert torch.equal(raised(x), model(x))


@pytest.mark.parametrize("name", [*OTHER_NAMES, *AFFINE])
def test_the_spiking_network_tends_to_the_ann(name: str) -> None:
    model, x = Net((OTHER_NAMES | AFFINE)[name]).eval(), torch.randn(4, 3, 4, 4)
    if name in AFFINE:
        assert not snnconv.inspect(model, data=[x]).analog
    snn = snnconv.convert(model, 64, data=[x], method="sdm-zero", threshold="max", corrections=())
    with torch.no_grad():
        torch.testing.assert_close(snn(x), model(x), rtol=0.02, atol=0.02)


CHOSEN: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "one row of each sample": lambda v, i: v[torch.arange(v.shape[0]), i],
    "rows of all samples": lambda v, i: v.flatten(0, 1)[torch.arange(0, v.shape[0] * 2, 2) + i],
    "gathered": lambda v, i: v.gather(1, i[:, None, None].expand(-1, 1, 8)).squeeze(1),
    "written": lambda v, i: v.index_put((torch.arange(v.shape[0]), i), torch.tensor(0.5)).sum(1),
}


class Chooses(nn.Module):
    """Two neurons of different quanta, of which an input-dependent, constant index takes one."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.a, self.b, self.head, self.function = nn.Linear(6, 8), nn.Linear(6, 8), nn.Linear(8, 3), function

    def forward(self, x: Tensor) -> Tensor:
        both = torch.stack([F.relu(self.a(x)), F.relu(3 * self.b(x))], 1)
        return self.head(self.function(both, (x[:, 0] > 0).long()))


@pytest.mark.parametrize("name", CHOSEN)
def test_indices_count_the_samples_of_every_time_step(name: str) -> None:
    """Time is folded into the batch: an index that counts samples counts all of it, whatever the chunk."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model, x = Chooses(CHOSEN[name]).eval(), torch.randn(8, 6)
    snn = snnconv.convert(model, 64, data=[x], method="sdm-zero", threshold="max", corrections=())
    with torch.no_grad():
        wanted = model(x)
        for chunk in (None, 1, 7):
            snn.chunk = chunk
            assert (snn(x) - wanted).norm() < 0.01 * wanted.norm()
    assert list(wiring(snn).layers) == ["a", "b", "head"]


class Lends(nn.Module):
    """Two neurons of different quanta, one of which may only lend its shape."""

    def __init__(self, function: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.a, self.b, self.head, self.function = nn.Linear(6, 8), nn.Linear(6, 8), nn.Linear(8, 3), function
        self.parameter = nn.Parameter(torch.randn(8))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.function(F.relu(self.a(x)), F.relu(3 * self.b(x)), self.parameter))


LENDS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "expand_as": lambda a, b, p: a.mean(1, keepdim=True).expand_as(b) + b,
    "view_as": lambda a, b, p: a.flip(1).view_as(b) + b,
    "reshape_as": lambda a, b, p: a.flip(1).reshape_as(b) + b,
    "type_as": lambda a, b, p: a.type_as(b) + b,
    "to": lambda a, b, p: a.to(b) + b,
    "of a parameter": lambda a, b, p: p.expand_as(a) + a,
    "itself": lambda a, b, p: a.expand_as(a),
    "overwritten": lambda a, b, p: a.clone().copy_(b),
    "blank": lambda a, b, p: torch.zeros_like(a) + b.new_ones(8),
    "broadcast_tensors": lambda a, b, p: sum(torch.broadcast_tensors(a.mean(1, keepdim=True), b), start=p),
}


@pytest.mark.parametrize("name", LENDS)
def test_an_operand_that_lends_its_shape_is_not_data(name: str) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model, x = Lends(LENDS[name]).eval(), torch.randn(8, 6)
    snn = snnconv.convert(model, 64, data=[x], method="sdm-zero", threshold="max", per_channel=False, corrections=())
    with torch.no_grad():
        wanted = model(x)
        assert (snn(x) - wanted).norm() < 0.01 * wanted.norm()
