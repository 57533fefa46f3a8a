"""Weights for other classes: the classifier is replaced, everything else must fit, and what was taken is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn

from snnconv import InputError
from snnconv.io import build, load_weights, open_model
from snnconv.io.head import last_layer
from snnconv.io.weights import OtherClasses
from snnconv.models import small_cnn3d

State = dict[str, Tensor]
ARCH = "snnconv:small_cnn3d"
FEATURES = 64 * 28


def network(classes: int, seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return small_cnn3d(classes, in_channels=1)


def body(state: State) -> State:
    return {name: tensor for name, tensor in state.items() if not name.startswith("15.")}


def behind(prefix: str, state: State) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


def mlp(state: State) -> State:
    """A classifier of two layers in the place of one."""
    return {**body(state), "15.0.weight": torch.ones(5, FEATURES), "15.2.weight": torch.ones(400, 5)}


FILES: dict[str, Callable[[State], State]] = {
    "other classes": lambda state: state,
    "lightning": lambda state: behind("model.", state),
    "no classifier": body,
    "a backbone alone": lambda state: {**behind("backbone.", body(state)), "loss.weight": torch.ones(2)},
    "of two layers": mlp,
    "under another name": lambda state: {
        **behind("backbone.", body(state)), "head.fc.weight": state["15.weight"], "head.fc.bias": state["15.bias"],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("head", [None, "replace"])
def test_a_classifier_that_does_not_fit_is_new(name: str, head: str | None) -> None:
    file, target = FILES[name](network(400).state_dict()), network(3, seed=1)
    fresh = {key: target.state_dict()[key].clone() for key in ("15.weight", "15.bias")}
    notes = load_weights(target, file, "k400.pth", head=head)  # type: ignore[arg-type]
    found, source = target.state_dict(), network(400).state_dict()
    assert all(torch.equal(found[key], tensor) for key, tensor in body(source).items())
    assert all(torch.equal(found[key], tensor) for key, tensor in fresh.items())
    assert "the classifier is new: 15 has 3 classes and random weights" in notes[-1]
    assert "20 of 22 tensors were taken, not 15.weight, 15.bias" in notes[-1]
    in_file = name in ("other classes", "lightning", "under another name")
    assert ("in the file: 400 classes" in notes[-1]) == in_file


@pytest.mark.parametrize("name", FILES)
def test_it_must_fit_where_it_is_kept(name: str) -> None:
    target = network(3, seed=1)
    with pytest.raises(InputError, match=r"20 of 22 tensors fit; ") as caught:
        load_weights(target, FILES[name](network(400).state_dict()), "k400.pth")
    if isinstance(caught.value, OtherClasses):
        assert caught.value.classes == 400


def test_one_that_fits_is_taken_unless_it_is_to_be_replaced() -> None:
    source = network(3).state_dict()
    target = network(3, seed=1)
    fresh = target[15].weight.clone()
    assert "in the file: 3 classes" in load_weights(target, source, head="replace")[-1]
    assert torch.equal(target[15].weight, fresh)
    assert torch.equal(target[0].weight, source["0.weight"])
    assert load_weights(target, source, head=None) == ()
    assert torch.equal(target[15].weight, source["15.weight"])
    named = FILES["under another name"](source)
    target = network(3, seed=1)
    assert load_weights(target, named)[-1] == "the classifier 15 is head.fc in the file"
    assert torch.equal(target[15].weight, source["15.weight"])


SPOILED: dict[str, Callable[[State], State]] = {
    "a layer is missing": lambda state: {name: tensor for name, tensor in state.items() if name != "3.weight"},
    "a layer too many": lambda state: {**state, "16.weight": torch.ones(2, 2), "16.bias": torch.ones(2)},
    "another width": lambda state: {**state, "9.weight": torch.ones(70, 64, 3, 3, 3)},
    "another width and classes": lambda state: {**state, "0.weight": torch.ones(8, 1, 3, 3, 3)},
    "other features": lambda state: {**state, "15.weight": torch.ones(400, 7)},
    "torn apart": lambda state: {**state, "15.bias": torch.ones(5)},
    "another network": lambda state: {"conv.weight": torch.ones(1, 1, 3, 3), "fc.weight": torch.ones(400, 64)},
}


OF_THE_CLASSIFIER = ("other features", "torn apart")  # where it is replaced in any case, they do not matter


@pytest.mark.parametrize("name", SPOILED)
def test_everything_else_must_fit(name: str) -> None:
    state = SPOILED[name](network(400).state_dict())
    for head in ("keep", None, "replace")[: 2 if name in OF_THE_CLASSIFIER else 3]:
        with pytest.raises(InputError, match="the weights do not fit the network"):
            load_weights(network(3, seed=1), state, "k400.pth", head=head)  # type: ignore[arg-type]


def test_auxiliary_classifiers_are_new_too() -> None:
    def made(classes: int) -> nn.Module:
        return torchvision.models.googlenet(num_classes=classes, init_weights=False)

    notes = load_weights(made(3), made(5).state_dict(), head=None)
    assert all(f"{layer} has 3 classes" in notes[-1] for layer in ("aux1.fc2", "aux2.fc2", "fc"))


@pytest.mark.parametrize(("spec", "layer"), [
    ("torchvision:vit_b_32", "heads.head"), ("torchvision:squeezenet1_1", "classifier.1"),
    ("torchvision:densenet121", "classifier"), ("torchvision:r3d_18", "fc"),
    ("pytorchvideo:slowfast_4x16", "blocks.6.proj"), ("pytorchvideo:x3d_xs", "blocks.5.proj"),
    ("snnconv:svformer", "head"), ("snnconv:respike", "head"), ("snnconv:c3d", "fc8"),
])  # fmt: skip
def test_the_last_layer_is_the_classifier(spec: str, layer: str) -> None:
    if spec.startswith("pytorchvideo"):
        pytest.importorskip("pytorchvideo")
    with torch.device("meta"):
        model = build(spec, num_classes=7)
    assert last_layer(model) == layer
    assert len(model.get_submodule(layer).weight) == 7  # type: ignore[arg-type]


def test_networks_by_name(tmp_path: Path) -> None:
    file = str(tmp_path / "k400.pth")
    torch.save({"state_dict": network(400).state_dict()}, file)
    grey = ["in_channels=1"]
    kept = open_model(file, arch=ARCH, arch_args=grey)
    assert kept.notes == (f"{ARCH} was built for 400 classes, as k400.pth has them",)
    assert torch.equal(kept.model.state_dict()["15.weight"], network(400)[15].weight)
    with pytest.raises(OtherClasses, match=r"15\.weight is"):
        open_model(file, arch=ARCH, num_classes=3, arch_args=grey)
    states = []
    for _ in range(2):
        torch.manual_seed(5)
        opened = open_model(file, arch=ARCH, num_classes=3, arch_args=grey, head=None)
        states.append(opened.model.state_dict())
        assert "the classifier is new" in opened.notes[-1]
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())
    as_weights = open_model(ARCH, weights=file, num_classes=3, arch_args=grey, head=None)
    assert torch.equal(as_weights.model.state_dict()["0.weight"], states[0]["0.weight"])


def test_published_weights_for_other_classes() -> None:
    published = open_model("snnconv:fashion_cnn", arch_args=["pretrained=true"]).model.state_dict()
    opened = open_model("snnconv:fashion_cnn", arch_args=["pretrained=true"], num_classes=3, head=None)
    found = opened.model.state_dict()
    same = [name for name in found if found[name].shape == published[name].shape]
    assert len(found) - len(same) == 2
    assert all(torch.equal(found[name], published[name]) for name in same)
    assert "has 3 classes and random weights (in the file: 10 classes)" in opened.notes[-1]
