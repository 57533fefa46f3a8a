"""The rows of ReSpike's Table IV are the networks that they name."""

from __future__ import annotations

import pytest
import torch

from snnconv.io.factory import build
from snnconv.papers import find_recipe

ABLATIONS = {
    "key frames only": (4, 0), "residual frames only": (0, 12), "key and residual frames": (4, 12),
    "all 16 frames": (16, 0), "ANN only": (16, 0), "SNN only": (0, 16), "hybrid without cross-attention": (4, 12),
    "hybrid with cross-attention": (4, 12),
}  # fmt: skip


@pytest.mark.parametrize("name", ABLATIONS)
def test_ablations_of_respike_see_the_frames_they_name(name: str) -> None:
    """Frames of a clip of 16 that the ANN and that the spiking branch computes, and whether they are fused."""
    row = next(row for row in find_recipe("respike-table4").rows if row.name == name)
    frames = {"ann.stem": 0, "snn.stem": 0}
    with torch.device("meta"):
        network = build(row.network or "", num_classes=row.classes, arch_args=row.arch)
        for stem in frames.keys() & dict(network.named_modules()).keys():
            network.get_submodule(stem).register_forward_pre_hook(
                lambda _, args, stem=stem: frames.update({stem: len(args[0])})
            )
        assert network(torch.rand(1, 3, 16, 64, 64)).shape == (1, 101)
    assert tuple(frames.values()) == ABLATIONS[name]
    fused = any("cross_attention" in part for part, _ in network.named_modules())
    assert fused == (name in ("key and residual frames", "hybrid with cross-attention"))


def test_all_ablations_are_there() -> None:
    assert [row.name for row in find_recipe("respike-table4").rows] == list(ABLATIONS)
