"""Every operation of the tables, each operand in turn spiking, analog, constant in time and a parameter.

One network computes them all, each from values of its own; for every neuron each result's error falls as time goes on,
or the call is refused: a quantum taken from the wrong operand, or a value taken for constant that is not, is an error
that stays.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.nn import functional as F

import snnconv
from snnconv import UnsupportedModelError
from snnconv.calib.rules import Site
from snnconv.capture.capture import capture
from snnconv.graph.names import name_of
from snnconv.graph.op import OPERATIONS, affine_op, analog_kind
from snnconv.neurons import NEURONS

from .operand_cases import CASES, COUNTS

Combination = tuple[str, tuple[str, ...]]  # a case and where its operands come from
KINDS = ("spikes", "analog", "constant", "parameter")
REFUSED = {"multiplied"}  # written by products: whatever varies in it
FIXED_BATCH = {"take_along_dim", "native_channel_shuffle"}  # torch.export itself makes their batch size a constant

# Of every kind of neuron of the registry a method that has it: quanta of a layer, of a channel, of each neuron.
FINE = {"method": "sdm", "alpha": 1 / 15, "beta": 15, "down_limit": 15, "retract": "zero"}
METHODS: dict[str, tuple[dict[str, Any], float]] = {
    "sd": (FINE, 0.01),
    "sd, per channel": ({**FINE, "per_channel": True}, 0.01),
    "sd, per neuron": ({"method": "snm"}, 0.08),
    "integrate_fire": ({"method": "opt"}, 0.08),
    "binary": ({"method": "mt"}, 0.08),
    "signed": ({"method": "mt-signed", "bits": 8}, 0.01),
    "differential": ({"method": "dcgs"}, 0.02),
}
LIKE = {"srp": "integrate_fire", "cos": "integrate_fire"}  # the same spikes of one quantum, at other times
ROUNDING = 1e-4


def combinations() -> list[Combination]:
    """Each operand in turn of every kind, the others follow another neuron of another quantum."""
    found: list[Combination] = []
    for name, count in COUNTS.items():
        for place in range(count):
            kinds = KINDS if count > 1 else KINDS[:1]
            found += [(name, tuple(kind if n == place else "tracked" for n in range(count))) for kind in kinds]
    return found


class Everything(nn.Module):
    """All of them, as {case and sources: result}."""

    def __init__(self, wanted: list[Combination]) -> None:
        super().__init__()
        self.wanted = wanted
        self.layers = nn.ModuleList([nn.Conv1d(3, 4, 1) for _ in range(4)])
        self.parameter = nn.Parameter(torch.randn(4, 6))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        spikes, tracked, constant, other = (layer(x) for layer in self.layers)
        sources = {
            "spikes": F.relu(spikes), "tracked": F.silu(3 * tracked), "constant": constant,
            "analog": F.relu(other).softmax(1) * 4, "parameter": self.parameter.expand(x.shape[0], 4, 6),
        }  # fmt: skip
        found: dict[str, Tensor] = {}
        for name, kinds in self.wanted:
            found[f"{name} of {', '.join(kinds)}"] = CASES[name](*(sources[kind] for kind in kinds))
        return found


def exported(wanted: list[Combination]) -> ExportedProgram:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return capture(Everything(wanted).eval(), (torch.randn(2, 3, 6),))


@pytest.fixture(scope="module")
def program() -> ExportedProgram:
    return exported([combination for combination in combinations() if combination[0] not in REFUSED])


def test_every_operation_of_the_tables_is_there(program: ExportedProgram) -> None:
    names = {name_of(node) for node in program.graph.nodes}
    wanted = {name for name in OPERATIONS if affine_op(name) or analog_kind(name)}
    assert wanted <= names | FIXED_BATCH


def test_every_neuron_is_there(program: ExportedProgram) -> None:
    found = {snnconv.METHODS[options["method"]].neuron for options, _ in METHODS.values()}
    assert found | {"tracking"} == {LIKE.get(neuron, neuron) for neuron in NEURONS}


@pytest.mark.parametrize("name", METHODS)
def test_the_error_of_every_operation_falls(name: str, program: ExportedProgram) -> None:
    options, bound = METHODS[name]
    x = torch.randn(4, 3, 6, generator=torch.Generator().manual_seed(1))
    snn = snnconv.convert(program, 64, data=[x], threshold=ample, corrections=(), **options)
    found = snn.run(x, T=64, count=False).logits
    with torch.no_grad():
        errors = {key: errors_of(found[key], value) for key, value in snn.ann(x).items()}
    assert {key: values for key, values in errors.items() if not falls(values, bound)} == {}


def ample(site: Site) -> Tensor:
    """Above the largest activation, so that no code is cut."""
    return site.values.maximum * 1.1


def errors_of(means: Tensor, wanted: Tensor) -> list[float]:
    """‖mean of t steps − wanted‖ / ‖wanted‖ for t = 16 and 64."""
    return [float((means[t - 1] - wanted).norm() / wanted.norm()) for t in (16, 64)]


def falls(errors: list[float], bound: float) -> bool:
    early, late = errors
    return late <= ROUNDING or (late <= bound and (late <= 0.7 * early or late <= bound / 4))


@pytest.mark.parametrize("combination", [c for c in combinations() if c[0] in REFUSED and "parameter" not in c[1]])
def test_what_is_in_no_table_is_refused(combination: Combination) -> None:
    with pytest.raises(UnsupportedModelError, match="cannot be converted"):
        snnconv.inspect(exported([combination])).require_supported()
