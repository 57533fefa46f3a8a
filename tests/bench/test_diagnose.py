"""A diagnosis against the naive NumPy simulator, and the parts of the error against cases worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from snnconv import InputError, SpikingNetwork, convert
from snnconv.bench import Diagnosis, diagnose
from snnconv.bench.diagnose import PARTS, SiteDiagnosis, split_error
from snnconv.data import DataSource
from snnconv.neurons import IntegrateFire, Neuron, ScalableDualThreshold

from .. import reference as ref
from ..networks import MLP, SHAPES, ResidualNet, SmallCNN, dyadic, dyadic_batch, power_of_two
from ..simulate.test_against_reference import array, layers

T = 6
SETTINGS: dict[str, dict[str, Any]] = {
    "if": {"method": "if"},
    "sdm": {"method": "sdm", "alpha": 0.5, "beta": 2},
    "auto": {"method": "auto", "alpha": 0.25, "beta": 5},
    "down0": {"method": "sdm", "alpha": 0.5, "beta": 3, "down_limit": 0},
    "input": {"method": "sdm", "alpha": 0.5, "beta": 3, "down_limit": 3, "gate": "input", "retract": "zero"},
    "channel": {"method": "sdm", "alpha": 0.5, "beta": 2, "per_channel": True},
}


# one neuron, by hand


def parts_of(neuron: Neuron, currents: list[float], wanted: float | None = None) -> tuple[dict[str, float], float]:
    """The parts of the error of one neuron with these currents, and φ. The ANN's activation is ReLU(z) if not given."""
    steps = len(currents)
    x = torch.tensor(currents).view(steps, 1)
    fired, _ = neuron(x, None, steps)
    z = sum(currents) / steps
    a = torch.tensor([[max(z, 0.0) if wanted is None else wanted]])
    parts = split_error(neuron, torch.relu, x.sum(0, keepdim=True), fired.sum(0, keepdim=True), a, steps)
    return {name: float(part) for name, part in parts.items()}, float(neuron.theta) * float(fired.sum()) / steps


NOTHING = dict.fromkeys(PARTS, 0.0)


@pytest.mark.parametrize("neuron", [IntegrateFire(1.0), ScalableDualThreshold(1.0, alpha=0.5, beta=2)])
def test_driven_above_its_range_a_neuron_clips(neuron: Neuron) -> None:
    parts, output = parts_of(neuron, [3.0] * 4)  # βθ = 1 in both, at every step
    assert output == 1.0
    assert parts == {**NOTHING, "clipping": -2.0}


def test_an_even_input_between_two_levels_is_quantised() -> None:
    parts, output = parts_of(IntegrateFire(1.0), [0.375] * 4)  # Tz + v(0) = 2: two spikes, 0.5
    assert output == 0.5
    assert parts == {**NOTHING, "quantisation": 0.125}
    parts, output = parts_of(ScalableDualThreshold(1.0, alpha=0.25, beta=4), [0.3125] * 2)  # 2.5 + ½ = 3 spikes
    assert output == 0.375
    assert parts == {**NOTHING, "quantisation": 0.0625}
    parts, output = parts_of(IntegrateFire(1.0, v0=0.0), [0.375] * 4)  # Tz = 1.5: one spike without v(0)
    assert output == 0.25
    assert parts == {**NOTHING, "quantisation": -0.125}


def test_input_that_comes_late_is_lost_to_unevenness() -> None:
    """z = 1 would be a spike at every step; −1, −1, 3, 3 lets the neuron fire at two of four."""
    parts, output = parts_of(IntegrateFire(1.0), [-1.0, -1.0, 3.0, 3.0])
    assert output == 0.5
    assert parts == {**NOTHING, "unevenness": -0.5}


def test_spikes_that_turn_out_wrong_are_unevenness_unless_taken_back() -> None:
    currents = [2.0, 2.0, -2.0, -2.0]  # z = 0
    parts, output = parts_of(IntegrateFire(1.0), currents)
    assert output == 0.5
    assert parts == {**NOTHING, "unevenness": 0.5}
    gates: tuple[Literal["memory", "input"], ...] = ("memory", "input")
    for gate in gates:
        neuron = ScalableDualThreshold(1.0, alpha=1.0, beta=2, down_limit=2, retract="zero", gate=gate)
        assert parts_of(neuron, [2.0, 2.0, -1.0, -1.0])[0] == NOTHING
    taken_back = ScalableDualThreshold(1.0, alpha=1.0, beta=2, down_limit=2, retract="zero")
    assert parts_of(taken_back, currents) == (NOTHING, 0.0)


def test_another_mean_input_than_the_anns_is_inherited() -> None:
    assert parts_of(IntegrateFire(1.0), [0.5] * 4, wanted=0.25)[0] == {**NOTHING, "inherited": 0.25}
    assert parts_of(IntegrateFire(1.0), [-0.5] * 4, wanted=0.25)[0] == {**NOTHING, "inherited": -0.25}


def test_parts_together() -> None:
    """θ = 1, T = 2. Currents 3 and −0.25: z = 1.375, clipped to 1; q = 1; the neuron fires twice, m = 3.5 and 2.25."""
    parts, output = parts_of(IntegrateFire(1.0), [3.0, -0.25], wanted=1.5)
    assert output == 1.0
    assert parts == {"inherited": -0.125, "clipping": -0.375, "quantisation": 0.0, "unevenness": 0.0}
    parts, output = parts_of(
        IntegrateFire(1.0), [-0.25, 1.5], wanted=1.5
    )  # z = 0.625; q: ⌊1.25 + ½⌋ = 1; m = 0.25, 1.75
    assert output == 0.5
    assert parts == {"inherited": -0.875, "clipping": 0.0, "quantisation": -0.125, "unevenness": 0.0}


def test_above_a_ceiling_below_the_neurons_range_it_clips_too_late() -> None:
    neuron = ScalableDualThreshold(1.0, alpha=1.0, beta=2)
    x = torch.full((1, 1), 8.0)  # at every one of 4 steps, 2
    parts = split_error(neuron, lambda z: z.clamp(0.0, 1.0), x, torch.full((1, 1), 8.0), torch.ones(1, 1), 4)
    assert {name: float(part) for name, part in parts.items()} == {**NOTHING, "clipping": 1.0}


@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_the_parts_add_up_exactly(options: dict[str, Any]) -> None:
    """For every neuron, on weights and thresholds that are sums of powers of two: not one bit is lost."""
    x = dyadic_batch(SHAPES[MLP], count=16)
    snn = convert(dyadic(MLP()), 4, data=[x], threshold=power_of_two, **options)
    for neuron in snn.sites.values():
        net = torch.randint(0, 8, (16, 8)).float()
        drive = neuron.per_unit(net) * torch.randint(-32, 32 * 4 * getattr(neuron, "beta", 1), (16, 8)) / 16
        wanted = torch.randint(0, 16, (16, 8)) / 8
        parts = split_error(neuron, torch.relu, drive, net, wanted, 4)
        error = neuron.per_unit(net).double() * net.double() / 4 - wanted.double()
        assert torch.equal(sum(parts.values(), torch.zeros(())), error)
        assert all(bool(part.any()) for part in parts.values())


# a network, against the simulator


def reference_of(model: nn.Module, snn: SpikingNetwork, x: Tensor) -> dict[str, dict[str, Any]]:
    """What the issue is per site, from plain NumPy: the ANN's activations, the SNN's currents and spikes."""
    network = layers(model, snn)
    activations, currents = record(network, as_relu=True), {}
    run(network, x, 1)
    network = layers(model, snn)
    currents = record(network, as_relu=False)
    run(network, x, T)
    found = {}
    for site in ref.sites(network):
        spikes, a, z = np.stack(site.spikes), activations[site.name][0], np.mean(currents[site.name], axis=0)
        beta, v0 = int(site.options.get("beta", 1)), 0.5  # type: ignore[call-overload]
        split = {part: np.zeros_like(a) for part in PARTS}
        for place in np.ndindex(a.shape):
            theta = float(site.thetas[place])
            level = min(max(int(np.floor(T * z[place] / theta + v0)), 0), beta * T) * theta / T
            ideal, clipped = max(z[place], 0.0), min(max(z[place], 0.0), beta * theta)
            output = theta * spikes[(slice(None), *place)].sum() / T
            for part, value in zip(PARTS, (ideal - a[place], clipped - ideal, level - clipped, output - level)):
                split[part][place] = value
        silent = (spikes == 0).all(0)
        found[site.name] = {
            "neurons": a[0].size,
            "firing_rate": np.abs(spikes).mean(),
            "silent": 100 * silent.mean(),
            "dead": 100 * silent.all(0).mean(),
            "saturated": 100 * (spikes == beta).mean(),
            "negative": 100 * -spikes[spikes < 0].sum() / np.abs(spikes).sum(),
            "activation": np.abs(a).mean(),
            "bias": np.abs(site.thetas * spikes.mean(0) - a).mean(),
            "signed_bias": (site.thetas * spikes.mean(0) - a).mean(),
            "absolute": {part: np.abs(value).mean() for part, value in split.items()},
            "signed": {part: value.mean() for part, value in split.items()},
        }
    return found


def record(network: list[ref.Layer], *, as_relu: bool) -> dict[str, list[ref.Array]]:
    """Keep what the sites do at every step: their currents, or what a ReLU in their place gives."""
    kept: dict[str, list[ref.Array]] = {}

    def watched(site: ref.Spiking) -> Any:
        step = site.step

        def run(x: ref.Array) -> ref.Array:
            kept.setdefault(site.name, []).append(np.maximum(x, 0) if as_relu else x)
            return np.maximum(x, 0) if as_relu else step(x)

        return run

    for site in ref.sites(network):
        site.step = watched(site)  # type: ignore[method-assign]
    return kept


def run(network: list[ref.Layer], x: Tensor, steps: int) -> None:
    for _ in range(steps):
        ref.run_layers(network, array(x))


@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("net", list(SHAPES))
def test_against_the_naive_simulator(net: type[nn.Module], options: dict[str, Any]) -> None:
    model, x = dyadic(net(), 3), dyadic_batch(SHAPES[net], count=5, seed=4)
    snn = convert(model, T, data=[x], threshold=power_of_two, **options)
    found = diagnose(snn, [x[:2], x[2:]])
    expected = reference_of(model, snn, x)
    assert [site.site for site in found.sites] == list(expected)
    assert (found.T, found.samples) == (T, 5)
    for site in found.sites:
        for name, value in expected[site.site].items():
            assert getattr(site, name) == pytest.approx(value, rel=1e-6, abs=1e-6), (site.site, name)
    assert all(sum(site.absolute[part] for site in found.sites) > 0 for part in ("inherited", "quantisation"))
    with torch.no_grad():
        ours, theirs = snn.run(x).logits[-1], model(x)
    assert found.output_error == pytest.approx(100 * float((ours - theirs).norm() / theirs.norm()), rel=1e-5)
    assert found.agreement == 100 * float((ours.argmax(1) == theirs.argmax(1)).double().mean())


# a whole diagnosis


@pytest.fixture(scope="module")
def diagnosis(snn: SpikingNetwork, images: DataSource) -> Diagnosis:
    return diagnose(snn, images)


def test_chunks_of_time_change_nothing(snn: SpikingNetwork, images: DataSource, diagnosis: Diagnosis) -> None:
    for chunk in (1, 3):
        snn.chunk = chunk
        assert diagnose(snn, images).sites == diagnosis.sites
    snn.chunk = None


def test_the_error_falls_with_time(images: DataSource, snn: SpikingNetwork) -> None:
    few, more, many = (diagnose(snn, images, T=t) for t in (2, 8, 32))
    for one, other, last in zip(few.sites, more.sites, many.sites):
        assert one.bias > other.bias > last.bias
        assert one.absolute["quantisation"] > 3 * other.absolute["quantisation"] > 9 * last.absolute["quantisation"]
    assert few.output_error is not None
    assert more.output_error is not None
    assert many.output_error is not None
    assert few.output_error > more.output_error > many.output_error


def test_first_site_inherits_nothing_and_its_input_is_even(diagnosis: Diagnosis) -> None:
    first = diagnosis.sites[0]
    assert first.absolute["inherited"] == pytest.approx(0, abs=1e-6)
    assert first.absolute["unevenness"] == pytest.approx(0, abs=1e-6)
    assert first.absolute["quantisation"] > 0


def test_labels_do_not_matter(snn: SpikingNetwork, images: DataSource) -> None:
    x, y = next(iter(images))
    with_labels, without = diagnose(snn, [(x, y)]), diagnose(snn, iter([x]))
    assert with_labels.sites == without.sites
    assert with_labels.agreement == without.agreement


def test_the_network_is_as_before(snn: SpikingNetwork, images: DataSource, diagnosis: Diagnosis) -> None:
    x, _ = next(iter(images))
    before = snn(x)
    diagnose(snn, [x], T=2)
    assert torch.equal(snn(x), before)
    assert not any(module._forward_hooks for module in (*snn.modules(), *snn.ann.modules()))


def test_analog_sites_are_listed(images: DataSource) -> None:
    x = dyadic_batch(SHAPES[SmallCNN])
    found = diagnose(convert(dyadic(SmallCNN()), data=[x], keep="relu1"), [x])
    assert found.analog == ["relu1"]
    assert [site.site for site in found.sites] == ["relu2"]
    assert found.sites[0].absolute["inherited"] == pytest.approx(0, abs=1e-6)


class TwoOutputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = dyadic(ResidualNet())

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        y = self.net(x)
        return {"scores": y, "twice": 2 * y}


def test_any_output_will_do() -> None:
    """Σ over both outputs: the second, twice the first, leaves the relative error as it is."""
    x = dyadic_batch(SHAPES[ResidualNet], count=4)
    two, one = TwoOutputs().eval(), dyadic(ResidualNet())
    found, plain = (diagnose(convert(model, data=[x]), [x]) for model in (two, one))
    assert found.agreement is None
    assert plain.agreement is not None
    assert found.output_error == pytest.approx(plain.output_error)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_float_types(dtype: torch.dtype, diagnosis: Diagnosis, images: DataSource, snn: SpikingNetwork) -> None:
    other = convert_again(snn).to(dtype)
    found = diagnose(other, images)
    assert [site.bias for site in found.sites] == pytest.approx([s.bias for s in diagnosis.sites], rel=0.2)


def convert_again(snn: SpikingNetwork) -> SpikingNetwork:
    import copy

    return copy.deepcopy(snn)


@pytest.mark.parametrize(
    ("data", "problem"), [([], "data is empty"), ([torch.zeros(2, 3, 28, 28)], "another shape"), (["x"], "known forms")]
)
def test_refuses_data(data: list[Any], problem: str, snn: SpikingNetwork) -> None:
    with pytest.raises(InputError, match=problem):
        diagnose(snn, data)


def test_refuses_no_time(snn: SpikingNetwork, images: DataSource) -> None:
    with pytest.raises(InputError, match="too few time steps"):
        diagnose(snn, images, T=0)


# the result


def site(name: str, activation: float, **absolute: float) -> SiteDiagnosis:
    parts = {**NOTHING, **absolute}
    size = sum(parts.values())
    return SiteDiagnosis(name, 10, 0.5, 20.0, 5.0, 1.0, 0.0, activation, size, size, parts, parts)


def test_worst_first_is_relative_to_the_activation(diagnosis: Diagnosis) -> None:
    sites = [site("a", 1.0, clipping=0.5), site("b", 0.0, clipping=9.0), site("c", 0.1, clipping=0.2)]
    assert [s.site for s in replace(diagnosis, sites=sites).worst_first()] == ["c", "a", "b"]
    assert sites[1].relative_bias is None


def test_files(diagnosis: Diagnosis, tmp_path: Path) -> None:
    files = diagnosis.save(tmp_path)
    assert [file.name for file in files] == [f"diagnose.{kind}" for kind in ("json", "csv", "png", "svg")]
    assert json.loads(files[0].read_text()) == diagnosis.to_dict()
    assert Diagnosis.load(tmp_path) == diagnosis
    header, *rows = files[1].read_text().splitlines()
    assert len(rows) == len(diagnosis.sites)
    assert {"site", "bias", "relative_bias", *PARTS, *(f"signed_{part}" for part in PARTS)} <= set(header.split(","))


def test_record(diagnosis: Diagnosis, snn: SpikingNetwork, images: DataSource) -> None:
    assert (diagnosis.T, diagnosis.samples, diagnosis.data) == (snn.T, len(images), "fashion:test")
    assert diagnosis.settings == snn.plan.settings
    assert images.normalization is not None
    assert diagnosis.normalization == images.normalization.to_dict()
    assert diagnosis.provenance["seed"] == 0
