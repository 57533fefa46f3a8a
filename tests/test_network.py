"""The converted network as users meet it: an nn.Module that saves, copies, prints, and answers mistakes."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn

import snnconv
from snnconv import InputError, SpikingNetwork
from snnconv.convert.build import build
from snnconv.plan import SitePlan

from .networks import MLP, SHAPES, ResidualNet, SmallCNN, spread_norms

NETS = list(SHAPES)


def small(net: type[nn.Module] = SmallCNN, **options: Any) -> tuple[nn.Module, SpikingNetwork]:
    model = net().eval()
    return model, snnconv.convert(model, 3, data=[torch.randn(8, *SHAPES[net])], **options)


def through_file(snn: SpikingNetwork, path: Path) -> SpikingNetwork:
    snn.save(path / "a.snn.pt2")
    return snnconv.load(path / "a.snn.pt2")


def saved_twice(snn: SpikingNetwork, path: Path) -> SpikingNetwork:
    through_file(snn, path).save(path / "b.snn.pt2")
    return snnconv.load(path / "b.snn.pt2")


COPIES: dict[str, Callable[[SpikingNetwork, Path], SpikingNetwork]] = {
    "file": through_file,
    "file of a file": saved_twice,
    "pickle": lambda snn, _: pickle.loads(pickle.dumps(snn)),
    "deepcopy": lambda snn, _: copy.deepcopy(snn),
}


@pytest.mark.parametrize("kind", COPIES)
@pytest.mark.parametrize("net", NETS)
def test_copies_are_equal_to_the_bit(net: type[nn.Module], kind: str, tmp_path: Path) -> None:
    _, snn = small(net)
    other = COPIES[kind](snn, tmp_path)
    assert (other.T, list(other.sites)) == (3, list(snn.sites))
    assert sorted(repr(other).splitlines()[2:]) == sorted(repr(snn).splitlines()[2:])  # the order inside may differ
    assert set(other.state_dict()) == set(snn.state_dict())
    for batch in (2, 5, 1):
        x = torch.randn(batch, *SHAPES[net])
        assert torch.equal(other(x), snn(x))
        ours, theirs = other.run(x), snn.run(x)
        assert all(torch.equal(ours.spikes[site], theirs.spikes[site]) for site in snn.sites)


TORCHVISION: dict[str, Callable[[], nn.Module]] = {
    "resnet18": lambda: torchvision.models.resnet18(weights=None, num_classes=3),
    "densenet": lambda: torchvision.models.DenseNet(4, (2, 2), 8, num_classes=3),  # BatchNorms that stay
    "shufflenet": lambda: torchvision.models.shufflenet_v2_x0_5(weights=None, num_classes=3),
}


@pytest.mark.parametrize("name", ["resnet18", "densenet", pytest.param("shufflenet", marks=pytest.mark.slow)])
def test_torchvision_networks_survive_the_file(name: str, tmp_path: Path) -> None:
    model = spread_norms(TORCHVISION[name]())
    x = torch.randn(2, 3, 32, 32)
    snn = snnconv.convert(model, 32, data=[x], threshold="max")
    with torch.no_grad():
        expected = model(x)
    assert float((snn(x) - expected).abs().mean()) < 0.05 * float(expected.abs().mean())
    snn.T = 2
    other = through_file(snn, tmp_path)
    assert list(other.plan.sites) == list(snn.plan.sites)
    for batch in (2, 5, 1):
        x = torch.randn(batch, 3, 32, 32)
        assert torch.equal(other(x), snn(x))


def test_a_copy_is_independent() -> None:
    _, snn = small()
    other = copy.deepcopy(snn)
    x = torch.randn(2, 2, 6, 6)
    before = snn(x)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    assert torch.equal(snn(x), before)
    assert not torch.equal(other(x), before)


def test_state_dict_round_trip() -> None:
    torch.manual_seed(1)
    _, a = small()
    _, b = small()
    x = torch.randn(2, 2, 6, 6)
    assert not torch.equal(a(x), b(x))
    b.load_state_dict(a.state_dict())
    assert torch.equal(a(x), b(x))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("net", NETS)
def test_other_precisions(net: type[nn.Module], dtype: torch.dtype) -> None:
    model, snn = small(net, alpha=0.3)
    x = torch.randn(4, *SHAPES[net])
    expected = snn(x)
    theta = {site: neuron.theta.clone() for site, neuron in snn.sites.items()}
    converted = snn.to(dtype)
    assert all(torch.equal(neuron.theta, theta[site]) for site, neuron in snn.sites.items())
    out = converted(x)
    assert out.dtype == dtype
    assert torch.isfinite(out).all()
    assert float((out.float() - expected).abs().max()) < 0.2 * float(expected.abs().max())
    assert torch.equal(out, converted(x.to(dtype)))
    assert all(neuron.theta.dtype == torch.float32 for neuron in snn.sites.values())
    assert next(model.parameters()).dtype == torch.float32  # half() of the copy is none of the caller's business


def test_a_half_network_is_copied_as_it_is() -> None:
    _, snn = small()
    snn.half()
    x = torch.randn(2, 2, 6, 6)
    assert torch.equal(copy.deepcopy(snn)(x), snn(x))


@pytest.mark.parametrize("net", NETS)
def test_the_callers_model_is_not_changed(net: type[nn.Module]) -> None:
    model = nn.Sequential(net(), nn.Dropout()).train()
    model[0].eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    flags = [module.training for module in model.modules()]
    needs_grad = [parameter.requires_grad for parameter in model.parameters()]
    text = repr(model)
    snn = snnconv.convert(model, data=[torch.randn(4, *SHAPES[net])])
    snn(torch.randn(2, *SHAPES[net]))
    with torch.no_grad():
        for parameter in snn.half().parameters():
            parameter.zero_()
    assert [module.training for module in model.modules()] == flags
    assert [parameter.requires_grad for parameter in model.parameters()] == needs_grad
    assert repr(model) == text
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_train_keeps_the_network_in_eval_mode() -> None:
    _, snn = small()
    assert snn.train().training
    assert not any(module.training for module in snn.network.modules())
    assert not snn.eval().training


def test_prints_the_source_names() -> None:
    _, snn = small(ResidualNet)
    text = repr(snn)
    for line in ("SpikingNetwork(", "(network): ResidualNet(", "(block): Block(", "(relu#2): SignedDigit("):
        assert line in text
    assert "_hidden" not in text


def test_ann_is_the_source() -> None:
    model, snn = small(ResidualNet)
    x = torch.randn(3, 2, 6, 6)
    with torch.no_grad():
        torch.testing.assert_close(snn.ann(x), model(x))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.randn(2, 3, 6, 6), r"another shape[\s\S]*\[B, 2, 6, 6\][\s\S]*\[2, 3, 6, 6\]"),
        (torch.randn(2, 2, 6, 7), "another shape"),
        (torch.randn(2, 6, 6), "another shape"),
        (torch.randn(0, 2, 6, 6), "another shape"),
        (torch.zeros(2, 2, 6, 6, dtype=torch.uint8), "integers"),
        ([[1.0]], "structure|tensor"),
        ("picture.png", "not a tensor"),
        ((torch.randn(2, 2, 6, 6), torch.randn(2, 2, 6, 6)), "structure"),
    ],
)  # fmt: skip
def test_wrong_inputs(x: Any, message: str) -> None:
    _, snn = small()
    with pytest.raises(InputError, match=message):
        snn.run(x)


@pytest.mark.parametrize("T", [0, -1])
def test_too_few_steps(T: int) -> None:
    _, snn = small()
    with pytest.raises(InputError, match="T ≥ 1"):
        snn.run(torch.randn(1, 2, 6, 6), T=T)


def test_error_falls_with_time() -> None:
    model, x = MLP().eval(), torch.randn(64, 6)
    snn = snnconv.convert(model, data=[x], threshold="max")
    with torch.no_grad():
        errors = (snn.run(x, T=64).logits - model(x)).abs().mean((1, 2))
    assert errors[3] < errors[0]
    assert errors[63] < errors[15] < errors[3]
    assert errors[63] < 0.01


def test_an_exported_program_converts_like_its_module() -> None:
    model, x = SmallCNN().eval(), torch.randn(4, 2, 6, 6)
    program = torch.export.export(model, (x[:1],))
    ours, theirs = (snnconv.convert(source, 3, data=[x]) for source in (program, model))
    assert list(ours.sites) == list(theirs.sites)
    assert torch.equal(ours(x), theirs(x))


def test_saving_keeps_plan_and_settings(tmp_path: Path) -> None:
    _, snn = small(method="sdm", alpha=0.4, keep="relu2")
    snn.T = 7
    other = through_file(snn, tmp_path)
    assert other.T == 7
    assert other.plan.settings == snn.plan.settings
    assert other.plan.settings["alpha"] == 0.4
    assert other.plan.provenance["seed"] == 0
    assert torch.equal(other.plan.sites["relu1"].threshold, snn.plan.sites["relu1"].threshold)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="exists"):
        snn.save(tmp_path / "a.snn.pt2", overwrite=False)


def test_a_plain_program_is_no_network(tmp_path: Path) -> None:
    torch.export.save(torch.export.export(MLP(), (torch.randn(2, 6),)), tmp_path / "plain.pt2")
    with pytest.raises(InputError, match="holds no spiking plan"):
        snnconv.load(tmp_path / "plain.pt2")


def test_a_plan_without_neurons_is_refused(tmp_path: Path) -> None:
    """`convert` makes none; in a file each command met it in another way, one of them in a traceback."""
    _, snn = small()
    plan = replace(snn.plan, sites={name: SitePlan(name, None, {}) for name in snn.plan.sites})
    build(snn.ann, plan).save(tmp_path / "none.snn.pt2")
    with pytest.raises(InputError, match=r"has no neuron(.|\n)*convert the network again"):
        snnconv.load(tmp_path / "none.snn.pt2")


def test_saving_to_memory() -> None:
    from snnconv.io.snn_file import save_network

    _, snn = small()
    buffer = io.BytesIO()
    save_network(snn, buffer)
    buffer.seek(0)
    x: Tensor = torch.randn(2, 2, 6, 6)
    assert torch.equal(snnconv.load(buffer)(x), snn(x))
