"""Every correction over every neuron, those that the documents teach among them: it acts, or it is not on record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

import snnconv
from snnconv import METHODS, SpikingNetwork
from snnconv.convert.build import with_sites
from snnconv.convert.corrections import corrected
from snnconv.methods import Method
from snnconv.methods.corrections import CORRECTIONS
from snnconv.neurons import NEURONS, Neuron, response

from ...documents import documented_neurons, unregistered

T = 3
TAUGHT = documented_neurons()
KINDS: dict[str, type[Neuron]] = {**{name: NEURONS[name] for name in NEURONS}, **TAUGHT}


class Deaf(TAUGHT["eager"]):  # type: ignore[name-defined, misc]
    """Starts from ½θ whatever it is told."""

    def initial(self, x: Tensor, start: Tensor) -> object:
        return super().initial(x, torch.zeros_like(start) + self.per_unit(x) / 2)


@pytest.fixture(scope="module")
def networks() -> Iterator[dict[str, tuple[SpikingNetwork, Tensor]]]:
    """{neuron: a network of two sites of it}; a tracking neuron stands at a GELU, every other one at a ReLU."""
    torch.manual_seed(0)
    x, found = torch.randn(32, 6), {}
    with unregistered():
        NEURONS._entries.update(TAUGHT | {"deaf": Deaf})
        for name in [*KINDS, "deaf"]:
            kind = nn.GELU if name == "tracking" else nn.ReLU
            model = nn.Sequential(nn.Linear(6, 8), kind(), nn.Linear(8, 8), kind(), nn.Linear(8, 3)).eval()
            options = {"rho": 0} if name == "cos" else {"tau": 0} if name == "srp" else {}  # no steps of warm-up
            own = Method(f"of {name}", "", "", "sd" if name == "tracking" else name, options)
            METHODS.register(own.name)(own)
            found[name] = snnconv.convert(model, T, data=[x], method=f"of {name}", threshold="max"), x
        yield found


@pytest.mark.parametrize("correction", list(CORRECTIONS))
@pytest.mark.parametrize("name", list(KINDS))
def test_what_is_on_record_acts(networks: dict[str, tuple[SpikingNetwork, Tensor]], name: str, correction: str) -> None:
    plain, x = networks[name]
    snn = corrected(plain, [correction], [(x,)], T)
    assert {site.neuron for site in snn.plan.sites.values()} == {name}
    assert "corrections" not in plain.plan.settings
    acted = [
        site for site, neuron in snn.sites.items()
        if any(part is not None for part in (neuron.offset, neuron.potential, snn.plan.sites[site].weight))
    ]  # fmt: skip
    if not KINDS[name].integrates:
        assert acted == []
    elif correction != "weights":  # which are kept where new ones are no better
        assert acted == ["1", "3"]
    if acted:
        assert snn.plan.settings["corrections"] == [correction]
        assert not torch.equal(snn(x), plain(x))
    else:
        assert "corrections" not in snn.plan.settings
        assert any(f"{correction!r} left 2 of 2 sites" in notice for notice in snn.plan.notices)
        assert torch.equal(snn(x), plain(x))


@pytest.mark.parametrize("name", [name for name in KINDS if KINDS[name].integrates])
def test_a_potential_takes_a_bad_start_back(networks: dict[str, tuple[SpikingNetwork, Tensor]], name: str) -> None:
    """v(0) = 0 rounds down, by half a quantum: at the first site, on the samples of the correction."""
    plain, x = networks[name]
    low = replace(plain.plan.sites["1"], potential=torch.tensor(0.0))
    start = with_sites(plain, {"1": low})
    snn = corrected(start, ["potential"], [(x,)], 8)
    with torch.no_grad():
        current = plain.ann.get_submodule("0")(x)
    given = [response(each.sites["1"], current, 8).mean(0) for each in (start, snn)]
    errors = [float((current.relu().mean(0) - one).abs().sum()) for one in given]
    assert errors[1] < 0.75 * errors[0]


def test_a_neuron_that_does_not_listen_is_not_on_record(networks: dict[str, tuple[SpikingNetwork, Tensor]]) -> None:
    plain, x = networks["deaf"]
    snn = corrected(plain, ["potential", "bias"], [(x,)], T)
    assert snn.plan.settings["corrections"] == ["bias"]
    assert all(site.potential is None for site in snn.plan.sites.values())
    assert "'potential' left 2 of 2 sites as they were (1, 3)" in snn.plan.notices[-1]
