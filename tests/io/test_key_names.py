"""Weights under other projects' names: the network that takes them computes what theirs does."""

from __future__ import annotations

import pytest
import torch
import torchvision
from torch import Tensor

from snnconv import InputError
from snnconv.io import build, load_weights
from snnconv.io.head import Head
from snnconv.io.key_names import KEY_NAMES, closest
from snnconv.models import c3d

from .other_projects import BOTH, CLASSES, SLOW_ALONE, mmaction2, outputs, pyslowfast, state_of

CLIPS = {"slow": (2, 3, 2, 32, 32), "fast": (2, 3, 16, 32, 32)}
# a small network of each kind, as the command line builds it
SLOWFAST = {
    "stem_dim_outs": "(16, 2)", "head_pool_kernel_sizes": "((2, 1, 1), (16, 1, 1))",
}  # fmt: skip
SLOWONLY = {"stem_dim_out": "16", "head_pool_kernel_size": "(2, 1, 1)"}
PROJECTS = {
    "SlowFast of mmaction2, for --arch-arg laterals=linear": (mmaction2, BOTH, {**SLOWFAST, "laterals": "linear"}),
    "SlowOnly of mmaction2": (mmaction2, SLOW_ALONE, SLOWONLY),
    "SlowFast of PySlowFast": (pyslowfast, BOTH, SLOWFAST),
    "Slow of PySlowFast": (pyslowfast, SLOW_ALONE, SLOWONLY),
}


def small(pathways: tuple[str, ...], arguments: dict[str, str]) -> torch.nn.Module:
    name = "slowfast_4x16" if pathways == BOTH else "slowonly_4x16"
    return build(f"pytorchvideo:{name}", num_classes=CLASSES, arch_args=arguments).eval()


@pytest.mark.parametrize("table", PROJECTS)
def test_the_network_computes_what_theirs_does(table: str) -> None:
    project, pathways, arguments = PROJECTS[table]
    scheme = project(pathways)
    state = state_of(scheme, pathways)
    network = small(pathways, arguments)
    clips = {path: torch.randn(CLIPS[path]) for path in pathways}
    expected = outputs(scheme, state, clips)
    notes = load_weights(network, state, "file.pth")
    with torch.no_grad():
        found = network(list(clips.values()) if len(clips) > 1 else clips["slow"])
    assert torch.allclose(found, expected, atol=1e-4, rtol=1e-4)
    assert notes == (f"the names of the weights were read as those of {table}",)


@pytest.mark.parametrize("head", ["keep", None])
def test_laterals_of_another_kind_are_told(head: Head | None) -> None:
    state = state_of(mmaction2(BOTH), BOTH)
    with pytest.raises(
        InputError, match=r"16 missing: blocks\.0\.multipathway_fusion\.norm\.weight[\s\S]*laterals=linear"
    ):
        load_weights(small(BOTH, SLOWFAST), state, "file.pth", head=head)


def test_c3d_of_mmaction2() -> None:
    network = c3d(CLASSES, size=16, frames=16)
    own = network.state_dict()
    state: dict[str, Tensor] = {}
    for name, tensor in own.items():
        layer, kind = name.rsplit(".", 1)
        layer = layer.removeprefix("features.").replace("fc8", "fc_cls")
        layer = f"{layer}a" if layer in ("conv1", "conv2") else layer
        place = "cls_head" if layer == "fc_cls" else "backbone"
        state[f"{place}.{layer}{'.conv' if 'conv' in layer else ''}.{kind}"] = tensor + 1
    assert "backbone.conv1a.conv.weight" in state
    assert "backbone.conv5b.conv.bias" in state
    load_weights(network, state)
    assert all(torch.equal(tensor, own[name]) for name, tensor in network.state_dict().items())


def test_the_first_densenet() -> None:
    with torch.device("meta"):
        own = torchvision.models.densenet121().state_dict()
    old = {name.replace("norm1", "norm.1").replace("norm2", "norm.2"): t for name, t in own.items()}
    old = {name.replace("conv1", "conv.1").replace("conv2", "conv.2"): t for name, t in old.items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    found, notes = closest(old, own)
    assert found.keys() == own.keys()
    assert len(notes) == 1


def test_own_names_are_left_alone() -> None:
    state = {f"module.{name}": torch.ones(1) for name in ("conv1.weight", "fc.weight")}
    assert closest(state, {"conv1.weight", "fc.weight"}) == (
        {"conv1.weight": torch.ones(1), "fc.weight": torch.ones(1)},
        (),
    )
    foreign = {"a": torch.ones(1)}
    assert closest(foreign, {"b"}) == (foreign, ())


def test_a_file_of_very_many_weights_is_not_read_name_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand names took fourteen seconds."""
    read: list[int] = []
    for table in KEY_NAMES:
        monkeypatch.setitem(KEY_NAMES._entries, table, lambda state: read.append(len(state)) or dict(state))
    closest(dict.fromkeys(map(str, range(1_100)), torch.ones(1)), {"b"})
    assert not read
    closest(dict.fromkeys(map(str, range(900)), torch.ones(1)), {"b"})
    assert read == [900] * len(KEY_NAMES)


@pytest.mark.parametrize("table", KEY_NAMES)
def test_a_table_leaves_other_names(table: str) -> None:
    state = {
        "conv1.weight": torch.ones(1),
        "blocks.0.conv.weight": torch.ones(1),
        "layer1.0.conv1.weight": torch.ones(1),
    }
    assert KEY_NAMES[table](state) == state
