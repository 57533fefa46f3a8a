"""mmaction2, 0.x and 1.x: its SlowOnly and SlowFast as pytorchvideo's, its C3D as the one here.

Both lines of versions write `{"meta", "state_dict"}` with the same names. A convolution and its norm are one module
there, `conv1.conv` and `conv1.bn`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from .table import KEY_NAMES, Rule, renamed

LETTERS = {"1": "a", "2": "b", "3": "c"}
PATHWAYS = {"slow": 0, "fast": 1}


def stage_of(match: re.Match[str]) -> str:
    """`layer2.`, of a pathway or alone → the row of blocks."""
    return f"blocks.{match['stage']}.{pathway_of(match)}res_blocks."


def pathway_of(match: re.Match[str]) -> str:
    """`slow_path.` → the place among pytorchvideo's pathways; "" where there is only one."""
    return "" if match["path"] is None else f"multipathway_blocks.{PATHWAYS[match['path']]}."


BACKBONE = r"^backbone\.(?:(?P<path>slow|fast)_path\.)?"
RESNET3D: tuple[Rule, ...] = (
    (r"^backbone\.slow_path\.conv1_lateral\.", "blocks.0.multipathway_fusion."),
    (r"^backbone\.slow_path\.layer(\d)_lateral\.", r"blocks.\1.multipathway_fusion."),
    (r"(multipathway_fusion)\.conv\.", r"\1.conv_fast_to_slow."),
    (r"(multipathway_fusion)\.bn\.", r"\1.norm."),
    (BACKBONE + r"conv1\.conv\.", lambda match: f"blocks.0.{pathway_of(match)}conv."),
    (BACKBONE + r"conv1\.bn\.", lambda match: f"blocks.0.{pathway_of(match)}norm."),
    (BACKBONE + r"layer(?P<stage>\d)\.", stage_of),
    (r"(res_blocks\.\d+)\.downsample\.conv\.", r"\1.branch1_conv."),
    (r"(res_blocks\.\d+)\.downsample\.bn\.", r"\1.branch1_norm."),
    (r"(res_blocks\.\d+)\.conv(\d)\.conv\.", lambda match: f"{match[1]}.branch2.conv_{LETTERS[match[2]]}."),
    (r"(res_blocks\.\d+)\.conv(\d)\.bn\.", lambda match: f"{match[1]}.branch2.norm_{LETTERS[match[2]]}."),
)
HEAD = r"^cls_head\.fc_cls\."


@KEY_NAMES.register("SlowOnly of mmaction2")
def slowonly(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return renamed(state, (*RESNET3D, (HEAD, "blocks.5.proj.")))


@KEY_NAMES.register("SlowFast of mmaction2, for --arch-arg laterals=linear")
def slowfast(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Its classifier reads the fast pathway before the slow one; pytorchvideo's the slow one first."""
    found = renamed(state, (*RESNET3D, (HEAD, "blocks.6.proj.")))
    weight = found.get("blocks.6.proj.weight")
    last = [found[name] for name in found if re.search(r"^blocks\.4\.multipathway_blocks\.1\..*conv_c\.weight$", name)]
    if weight is not None and weight.dim() == 2 and last:
        fast = len(last[0])
        found["blocks.6.proj.weight"] = torch.cat([weight[:, fast:], weight[:, :fast]], 1)
    return found


@KEY_NAMES.register("C3D of mmaction2")
def c3d(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    rules: tuple[Rule, ...] = (
        (r"^backbone\.conv([12])a\.conv\.", r"features.conv\1."),
        (r"^backbone\.conv([345][ab])\.conv\.", r"features.conv\1."),
        (r"^backbone\.(fc[67])\.", r"\1."),
        (HEAD, "fc8."),
    )
    return renamed(state, rules)
