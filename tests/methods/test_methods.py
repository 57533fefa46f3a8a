"""Every registered method: complete, convertible, and with the settings of its source."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import snnconv
from snnconv import METHODS, InputError
from snnconv.calib import parse_rule
from snnconv.neurons import NEURONS

from ..networks import SHAPES, SmallCNN, dyadic, dyadic_batch

methods = pytest.mark.parametrize("name", list(METHODS))

# What API.md fixes and the paper prints.
SD = {"gate": "memory", "retract": "threshold"}
SETTINGS = {
    "auto": (
        "signed",
        {"bits": 8, "cost": 0.3, "down_limit": 255, "gate": "memory", "retract": "zero"},
        "channel",
    ),
    "sdm-zero": ("sd", {"alpha": 0.2, "beta": 5, "down_limit": 5, "gate": "memory", "retract": "zero"}, "channel"),
    "sdm": ("sd", {"alpha": 0.5, "beta": 2, "down_limit": 1, **SD}, "layer"),
    "gn": ("sd", {"alpha": 0.25, "beta": 4, "down_limit": 0, **SD}, "layer"),
    "if": ("integrate_fire", {"alpha": 1.0}, "layer"),
    "opt": ("integrate_fire", {"alpha": 1.0, "v0": 0.5}, "layer"),
    "qcfs": ("integrate_fire", {"alpha": 1.0, "v0": 0.5}, "layer"),
    "rnl": ("integrate_fire", {"alpha": 1.0, "v0": 0.0}, "layer"),
    "rts": ("integrate_fire", {"alpha": 1.0, "v0": 0.0}, "layer"),
    "snm": ("sd", {"alpha": 1.0, "beta": 1, "down_limit": 1, "v0": 0.0, **SD}, "neuron"),
    "burst": ("sd", {"alpha": 1.0, "beta": 5, "down_limit": 0, "v0": 0.0}, "layer"),
    "mt": ("binary", {"alpha": 0.5, "bits": 4, "down_limit": 0, "v0": 0.5, **SD}, "layer"),
    "dcgs": ("differential", {"alpha": 1.0, "bits": 8, "v0": 0.0}, "channel"),
    "srp": ("srp", {"alpha": 1.0, "tau": 4, "v0": 0.5}, "layer"),
    "cos": ("cos", {"alpha": 1.0, "rho": 4, "v0": 0.5}, "layer"),
    "ltb": ("integrate_fire", {"alpha": 1.0, "v0": 0.5, "strict": True}, "channel"),
    "snnc-light": ("integrate_fire", {"alpha": 1.0, "v0": 0.0}, "layer"),
    "snnc-advanced": ("integrate_fire", {"alpha": 1.0, "v0": 0.0}, "layer"),
}


@methods
def test_entries_are_complete(name: str) -> None:
    method = METHODS[name]
    assert method.name == name
    assert method.summary
    assert method.source
    assert method.neuron in NEURONS
    NEURONS[method.neuron](1.0, **method.neuron_options())
    assert callable(parse_rule(method.threshold))


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name: str) -> None:
    method = METHODS[name]
    assert (method.neuron, method.neuron_options(), method.granularity) == SETTINGS[name]


@methods
def test_converts_and_error_falls_with_time(name: str) -> None:
    """Thresholds at the maximum cut nothing off: what is left falls with time. The settings are on record."""
    torch.manual_seed(0)
    model, x = SmallCNN().eval(), torch.randn(16, *SHAPES[SmallCNN])
    errors = []
    for T in (1, 128):
        snn = snnconv.convert(model, T, data=[x], method=name, threshold="max")
        assert snn.plan.settings["method"] == name
        assert snn.warm_up == METHODS[name].warm_up_steps
        with torch.no_grad():
            errors.append(float((snn(x) - model(x)).abs().mean()))
    coarse = METHODS[name].neuron not in ("binary", "signed", "differential")
    assert errors[1] < errors[0] / (4 if coarse else 2)
    assert errors[1] < 0.03


@methods
def test_what_depends_on_T_says_so(name: str) -> None:
    """Conversions for two T differ where `at_T` is set, and nowhere else."""
    torch.manual_seed(0)
    model, x = SmallCNN().eval(), torch.randn(16, *SHAPES[SmallCNN])
    plans = [snnconv.convert(model, T, data=[x], method=name).plan for T in (2, 8)]
    assert [plan.settings.get("at_T") for plan in plans] == ([2, 8] if METHODS[name].at_T else [None, None])
    first, second = (plan.sites["relu2"] for plan in plans)
    pairs = [(first.threshold, second.threshold), (first.offset, second.offset), (first.potential, second.potential)]
    same = all(a is b is None or torch.equal(a, b) for a, b in pairs)  # type: ignore[arg-type]
    assert same is not METHODS[name].at_T


@methods
def test_corrections_and_warm_up_are_saved(name: str, tmp_path: Path) -> None:
    model, x = SmallCNN().eval(), torch.randn(4, *SHAPES[SmallCNN])
    snn = snnconv.convert(model, 3, data=[x], method=name)
    snn.save(tmp_path / "snn.pt2")
    again = snnconv.load(tmp_path / "snn.pt2")
    assert again.warm_up == snn.warm_up
    first, second = snn.run(x), again.run(x)
    assert torch.equal(first.logits, second.logits)
    assert all(torch.equal(spikes, second.spikes[site]) for site, spikes in first.spikes.items())
    assert all(len(spikes) == snn.warm_up + 3 for spikes in first.spikes.values())


@pytest.mark.parametrize("chunk", [1, 3, 64])
@methods
def test_chunks_do_not_change_the_result(name: str, chunk: int) -> None:
    model, x = dyadic(SmallCNN()), dyadic_batch(SHAPES[SmallCNN])
    snn = snnconv.convert(model, 7, data=[x], method=name)
    whole = snn.run(x).spikes
    snn.chunk = chunk
    assert all(torch.equal(spikes, whole[site]) for site, spikes in snn.run(x).spikes.items())


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].needs != "nothing"])
def test_methods_that_train_say_that_thresholds_are_calibrated(name: str) -> None:
    snn = snnconv.convert(SmallCNN(), data=[torch.randn(4, *SHAPES[SmallCNN])], method=name)
    assert any("thresholds calibrated" in notice and name in notice for notice in snn.plan.notices)
    given = snnconv.convert(SmallCNN(), data=[torch.randn(4, *SHAPES[SmallCNN])], method=name, threshold="max")
    assert not any("thresholds calibrated" in notice for notice in given.plan.notices)


def test_overrides_change_only_what_they_name() -> None:
    method = METHODS["sdm-zero"].override({"alpha": 0.5, "beta": None})
    assert method.neuron_options() == {**METHODS["sdm-zero"].neuron_options(), "alpha": 0.5}
    assert method.threshold == METHODS["sdm-zero"].threshold
    assert METHODS["sdm-zero"].options["alpha"] == 0.2


def test_auto_is_the_method_that_has_what_is_asked_for() -> None:
    """`snnconv convert --alpha 0.5 --beta 2` means SD neurons; `--bits 6` does not."""
    assert METHODS["auto"].override({"alpha": 0.5, "beta": 2}) == METHODS["sdm-zero"].override(
        {"alpha": 0.5, "beta": 2}
    )
    assert METHODS["auto"].override({"bits": 6}).name == "auto"
    assert METHODS["auto"].override({"bits": 6}).neuron_options()["down_limit"] == 63
    snn = snnconv.convert(SmallCNN(), data=[torch.randn(4, *SHAPES[SmallCNN])], beta=3)
    assert (snn.plan.settings["method"], snn.plan.settings["down_limit"]) == ("sdm-zero", 3)
    with pytest.raises(InputError, match=r"'auto' has no option tau[\s\S]*bits, cost"):
        METHODS["auto"].override({"tau": 4})


def test_a_conversion_says_that_options_of_sd_neurons_are_not_the_published_method() -> None:
    model, x = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)), torch.rand(8, 4)
    snn = snnconv.convert(model, data=[x], alpha=0.5, beta=2)
    (notice,) = snn.plan.notices
    assert notice == (
        "with alpha and beta the method is sdm-zero, not auto: it takes a spike back as soon as a potential is below "
        "0 and has one threshold per channel; the published neuron does so at −θ, at most once per step, and has "
        "one threshold per layer: --method sdm"
    )
    for method in ("sdm", "sdm-zero"):
        assert not any("the method is" in told for told in snnconv.convert(model, data=[x], method=method).plan.notices)


def test_down_limit_follows_beta_where_it_is_free() -> None:
    assert METHODS["sdm-zero"].override({"beta": 9}).neuron_options()["down_limit"] == 9
    assert METHODS["sdm"].override({"beta": 9}).neuron_options()["down_limit"] == 1


def test_gn_is_sdm_without_negative_spikes() -> None:
    """With m members: α = 1/m, β = m."""
    model, x = dyadic(SmallCNN()), dyadic_batch(SHAPES[SmallCNN], 8)
    for m in (2, 4):
        group = snnconv.convert(model, 6, data=[x], method="gn", alpha=1 / m, beta=m)
        sdm = snnconv.convert(model, 6, data=[x], method="sdm", alpha=1 / m, beta=m, down_limit=0)
        assert torch.equal(group.run(x).logits, sdm.run(x).logits)


def test_signed_digits_say_the_same_with_fewer_spikes() -> None:
    torch.manual_seed(0)
    model, x = SmallCNN().eval(), torch.randn(16, *SHAPES[SmallCNN])
    binary, signed = (snnconv.convert(model, 4, data=[x], method=name, bits=8).run(x) for name in ("mt", "mt-signed"))
    assert torch.equal(binary.logits, signed.logits)
    assert float(signed.spikes_per_neuron[-1]) < 0.9 * float(binary.spikes_per_neuron[-1])


def test_delayed_read_out_counts() -> None:
    """ltb: the first steps' output is dropped, their spikes are not."""
    model, x = dyadic(SmallCNN()), dyadic_batch(SHAPES[SmallCNN])
    late = snnconv.convert(model, 3, data=[x], method="ltb", delay=2).run(x)
    all_of_it = snnconv.convert(model, 5, data=[x], method="ltb").run(x)
    assert all(torch.equal(spikes, all_of_it.spikes[site]) for site, spikes in late.spikes.items())
    expected = (5 * all_of_it.logits[4] - 2 * all_of_it.logits[1]) / 3
    torch.testing.assert_close(late.logits[-1], expected)


def test_corrections_take_the_place_of_the_methods_own() -> None:
    torch.manual_seed(0)
    model, x = SmallCNN().eval(), torch.randn(16, *SHAPES[SmallCNN])
    options = {"data": [x], "threshold": "max"}
    none = snnconv.convert(model, 3, method="rts", **options, corrections=())
    assert all(site.offset is None for site in none.plan.sites.values())
    assert "at_T" not in none.plan.settings
    assert "corrections" not in none.plan.settings
    shifted = snnconv.convert(model, 3, method="if", **options, corrections=("shift", "potential"))
    assert shifted.plan.settings["at_T"] == 3
    assert shifted.plan.settings["corrections"] == ["shift", "potential"]
    assert all(site.offset is not None and site.potential is not None for site in shifted.plan.sites.values())


def test_thresholds_can_depend_on_T_without_corrections() -> None:
    assert METHODS["snnc-light"].override({"corrections": ()}).at_T
    assert not METHODS["snnc-light"].override({"threshold": "max", "corrections": ()}).at_T


@pytest.mark.parametrize(
    ("corrections", "said"),
    [
        (("bais",), r"unknown correction 'bais'[\s\S]*did you mean 'bias'"),
        (("shift", "bias", "shift"), r"correction 'shift' comes twice[\s\S]*shift, bias, shift"),
        ("bias", r"corrections is one string[\s\S]*\('bias',\)"),
    ],
)
def test_corrections_that_there_are_not(corrections: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        snnconv.convert(SmallCNN(), input_shape=SHAPES[SmallCNN], corrections=corrections)


def test_options_that_a_method_does_not_have() -> None:
    with pytest.raises(InputError, match=r"'if' has no option gate[\s\S]*alpha"):
        METHODS["if"].override({"gate": "memory"})


def test_better_methods_are_better() -> None:
    """Mean error at T = 4 on a network with random weights: auto < sdm-zero, gn and sdm < if."""
    torch.manual_seed(0)
    model, x = SmallCNN().eval(), torch.randn(64, *SHAPES[SmallCNN])
    errors = {}
    for name in ("auto", "sdm-zero", "gn", "sdm", "if"):
        snn = snnconv.convert(model, 4, data=[x], method=name)
        with torch.no_grad():
            errors[name] = float((snn(x) - model(x)).abs().mean())
    assert errors["auto"] == min(errors.values())
    assert errors["if"] == max(errors.values())


def test_another_T_than_was_set_up_is_told(caplog: pytest.LogCaptureFixture) -> None:
    x = torch.randn(4, *SHAPES[SmallCNN])
    snn = snnconv.convert(SmallCNN(), 4, data=[x], method="snnc-light")
    snn.run(x)
    assert "set up for" not in caplog.text
    snn.run(x, T=8)
    assert "snnc-light was set up for T = 4; convert again to run T = 8" in caplog.text
