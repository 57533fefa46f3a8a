"""PySlowFast, the SlowFast of its authors: files with `model_state` from their model zoo, before pytorchvideo's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from .table import KEY_NAMES, Rule, renamed

STAGE = r"^s(?P<stage>\d)\.pathway(?P<path>\d)_"  # s1 is the stem, s2 to s5 are rows of blocks


def place_of(match: re.Match[str], several: bool) -> str:
    """`s2.pathway1_` → `blocks.1.multipathway_blocks.1.`; of a network with one pathway `blocks.1.`."""
    pathway = f"multipathway_blocks.{match['path']}." if several else ""
    return f"blocks.{int(match['stage']) - 1}.{pathway}"


def rules(several: bool) -> tuple[Rule, ...]:
    """Args: several: pathways."""
    return (
        (r"^s(\d)_fuse\.conv_f2s\.", lambda m: f"blocks.{int(m[1]) - 1}.multipathway_fusion.conv_fast_to_slow."),
        (r"^s(\d)_fuse\.bn\.", lambda m: f"blocks.{int(m[1]) - 1}.multipathway_fusion.norm."),
        (STAGE + r"stem\.conv\.", lambda m: f"{place_of(m, several)}conv."),
        (STAGE + r"stem\.bn\.", lambda m: f"{place_of(m, several)}norm."),
        (STAGE + r"res(?P<block>\d+)\.", lambda m: f"{place_of(m, several)}res_blocks.{m['block']}."),
        (r"\.branch1_bn\.", ".branch1_norm."),
        (r"\.branch1\.", ".branch1_conv."),
        (r"\.branch2\.([abc])_bn\.", r".branch2.norm_\1."),
        (r"\.branch2\.([abc])\.", r".branch2.conv_\1."),
        (r"^head\.projection\.", f"blocks.{6 if several else 5}.proj."),
    )


@KEY_NAMES.register("Slow of PySlowFast")
def slow(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return renamed(state, rules(several=False))


@KEY_NAMES.register("SlowFast of PySlowFast")
def slowfast(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return renamed(state, rules(several=True))
