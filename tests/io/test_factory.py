"""The MODEL grammar: each form builds, each mistake is answered."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from torch import nn

from snnconv.capture.examples import examples_of
from snnconv.errors import InputError
from snnconv.io import build, factory
from snnconv.io.factory import find_factory, parse_arch_args
from snnconv.io.usual_shapes import USUAL

USER_FILE = """
from torch import nn
def make(num_classes=10, width=4, flag=None, name=''):
    net = nn.Linear(width, num_classes); net.seen = (flag, name); return net
def plain(): return nn.ReLU()
def broken(): raise RuntimeError('no luck')
def text(): return 'not a network'
ready = nn.Identity()
number = 3
"""


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package and a module of the user's in the current folder."""
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "user_nets").mkdir()
    (tmp_path / "user_nets" / "small.py").write_text(USER_FILE)
    (tmp_path / "user_net_file.py").write_text(USER_FILE)
    (tmp_path / "user_net_broken.py").write_text("1 / 0")
    yield
    for name in [name for name in sys.modules if name.startswith("user_net")]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["resnet18", "r3d_18", "shufflenet_v2_x0_5", "googlenet"])
def test_torchvision(name: str) -> None:
    model = build(
        f"torchvision:{name}", num_classes=7, arch_args={"aux_logits": "False"} if name == "googlenet" else {}
    )
    assert list(model.parameters())[-1].shape == (7,)


def test_a_users_factory(user: None) -> None:
    model = build("user_nets.small:make", num_classes=3, arch_args={"width": "8", "flag": "true", "name": "a b"})
    assert model.weight.shape == (3, 8)
    assert model.seen == (True, "a b")
    assert isinstance(build("user_net_file:make"), nn.Linear)
    assert isinstance(build("user_nets.small:ready"), nn.Identity)
    assert isinstance(build("torch.nn:Linear", arch_args={"in_features": "2", "out_features": "3"}), nn.Linear)


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("torchvision:resnet81", r"no model 'resnet81'[\s\S]*did you mean torchvision:resnet18"),
        ("torchvison:resnet18", r"did you mean torchvision:resnet18"),
        ("resnet18", r"did you mean torchvision:resnet18"),
        ("torchvision:", r"package\.module:factory"),
        (":resnet18", r"package\.module:factory"),
        ("no.such.module:make", r"cannot import no"),
        ("zzz:make", r"cannot import zzz"),
        ("user_nets.small:absent", r"has no absent"),
        ("user_nets.small:number", r"cannot be called"),
        ("user_nets.small:broken", r"building user_nets\.small:broken failed[\s\S]*RuntimeError: no luck"),
        ("user_nets.small:text", r"does not build a network[\s\S]*got: str"),
        ("user_net_broken:make", r"importing user_net_broken failed[\s\S]*ZeroDivisionError"),
    ],
)
def test_mistakes(spec: str, found: str, user: None) -> None:
    with pytest.raises(InputError, match=found):
        build(spec)


def test_arguments_that_are_refused(user: None) -> None:
    with pytest.raises(InputError, match="takes no num_classes"):
        build("user_nets.small:plain", num_classes=3)
    with pytest.raises(InputError, match=r"TypeError[\s\S]*depth=9"):
        build("user_nets.small:make", arch_args={"depth": "9"})
    with pytest.raises(InputError, match="building torchvision:resnet18 failed"):
        build("torchvision:resnet18", arch_args={"depth": "9"})


@pytest.mark.parametrize(("package", "name"), [("pytorchvideo", r'"snnconv\[video\]"'), ("timm", "timm")])
def test_absent_packages_say_how_to_get_them(package: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(module: str) -> ModuleType:
        raise ImportError(f"No module named {module!r}")

    monkeypatch.setattr(factory, "import_quietly", absent)
    with pytest.raises(InputError, match=rf"{package} is not installed[\s\S]*pip install {name}"):
        build(f"{package}:x")


def make_video(**options: int) -> nn.Module:
    return nn.Linear(1, options["model_num_class"])


def test_pytorchvideo_and_snnconv_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """With stand-ins, because neither package may be there when this runs."""
    for parent, module in (("pytorchvideo", "pytorchvideo.models.hub"), ("snnconv", "snnconv.models")):
        stand_in = ModuleType(module)
        function = type(make_video)(make_video.__code__, globals(), "net")
        function.__module__ = f"{parent}.somewhere"
        vars(stand_in).update(net=function, _hidden=function, foreign=make_video)
        monkeypatch.setitem(sys.modules, module, stand_in)
    for name in ("pytorchvideo", "pytorchvideo.models"):
        monkeypatch.setitem(sys.modules, name, sys.modules.get(name) or ModuleType(name))
    assert build("pytorchvideo:net", num_classes=5).out_features == 5
    for spec, found in (("snnconv:nett", "did you mean snnconv:net"), ("snnconv:_hidden", "no model"),
                        ("pytorchvideo:foreign", "no model")):  # fmt: skip
        with pytest.raises(InputError, match=found):
            build(spec)


def test_pytorchvideo_builders_with_all_settings() -> None:
    pytest.importorskip("pytorchvideo")
    model = build("pytorchvideo:create_resnet", num_classes=7, arch_args={"stem_conv_kernel_size": "(1, 7, 7)"})
    assert isinstance(model, nn.Module)
    assert model.blocks[-1].proj.out_features == 7
    with pytest.raises(InputError, match="did you mean pytorchvideo:slowfast_8x8"):
        build("pytorchvideo:slowfast_4x8")
    for name in ("create_resnt", "create_res_block", "build_resnet"):
        with pytest.raises(InputError, match=f"pytorchvideo has no model '{name}'"):
            build(f"pytorchvideo:{name}")


@pytest.mark.parametrize("spec", sorted(USUAL))
def test_usual_shapes_are_of_networks_that_exist(spec: str) -> None:
    if spec.startswith("pytorchvideo:"):
        pytest.importorskip("pytorchvideo")
    assert callable(find_factory(spec))  # raises for an unknown name


def test_stock_networks_know_their_input_shapes() -> None:
    assert build("torchvision:r3d_18").input_shapes == ((3, 16, 112, 112),)
    assert build("torchvision:r3d_18", arch_args={"num_classes": "4"}).input_shapes == ((3, 16, 112, 112),)
    assert build("torchvision:r3d_18", arch_args={"zero_init_residual": "true"}).input_shapes == ((3, 16, 112, 112),)
    assert not hasattr(build("torchvision:resnet18"), "input_shapes")  # its layers tell


def test_slowfast_takes_two_clips() -> None:
    pytest.importorskip("pytorchvideo")
    model = build("pytorchvideo:slowfast_r50", num_classes=5)
    assert model.input_shapes == ((3, 8, 224, 224), (3, 32, 224, 224))
    examples = examples_of(model, None, None)
    assert [tuple(leaf.shape) for leaf in examples.leaves] == [(2, 3, 8, 224, 224), (2, 3, 32, 224, 224)]
    assert isinstance(examples.arguments[0], list)
    assert examples.notices == []


def test_timm_networks_tell_their_input_size() -> None:
    pytest.importorskip("timm")
    model = build("timm:resnet10t", num_classes=5)
    assert model.input_shapes == ((3, 176, 176),)
    with pytest.raises(InputError, match="timm has no model 'resnet10'"):
        build("timm:resnet10")


def test_arch_args() -> None:
    assert parse_arch_args(["a=1", "b = x=y"]) == {"a": "1", "b": "x=y"}
    for wrong in ("a", "=1", "a b=1"):
        with pytest.raises(InputError, match="name=value"):
            parse_arch_args([wrong])
