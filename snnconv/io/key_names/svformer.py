"""SVFormer as its authors' files name it: `model_state` of PySlowFast's training loop, layers of `uniformer2d_psnn`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from .table import KEY_NAMES, Rule, renamed

BLOCK = r"^(stages\.\d+\.\d+)\."
RULES: tuple[Rule, ...] = (
    (r"^patch_embed1\.proj\.", "patches.0.0."),
    (r"^patch_embed1\.norm\.", "patches.0.1.norm."),
    (r"^patch_embed(\d)\.in_lif\.", lambda match: f"patches.{int(match[1]) - 1}.0.neuron."),
    (r"^patch_embed(\d)\.proj\.", lambda match: f"patches.{int(match[1]) - 1}.1."),
    (r"^patch_embed(\d)\.norm\.", lambda match: f"patches.{int(match[1]) - 1}.2.norm."),
    (r"^blocks(\d)\.(\d+)\.", lambda match: f"stages.{int(match[1]) - 1}.{match[2]}."),
    # local features
    (BLOCK + r"act1\.", r"\1.mix.0.neuron."),
    (BLOCK + r"conv1\.", r"\1.mix.1."),
    (BLOCK + r"attn\.(weight|bias)$", r"\1.mix.2.\2"),
    (BLOCK + r"conv2\.", r"\1.mix.3."),
    (BLOCK + r"norm2\.", r"\1.mix.4.norm."),
    # attention
    (BLOCK + r"attn\.in_lif\.", r"\1.qkv.0.neuron."),
    (BLOCK + r"attn\.qkv\.", r"\1.qkv.1."),
    (BLOCK + r"attn\.norm1\.", r"\1.qkv.2.norm."),
    (BLOCK + r"attn\.([qkv])_lif\.", r"\1.\2.neuron."),
    (BLOCK + r"attn\.proj_lif\.", r"\1.out.0.neuron."),
    (BLOCK + r"attn\.proj\.", r"\1.out.1."),
    (BLOCK + r"attn\.norm2\.", r"\1.out.2.norm."),
    # the two layers on every token
    (BLOCK + r"mlp\.act1\.", r"\1.mlp.0.neuron."),
    (BLOCK + r"mlp\.fc1\.", r"\1.mlp.1."),
    (BLOCK + r"mlp\.norm1\.", r"\1.mlp.2.norm."),
    (BLOCK + r"mlp\.act2\.", r"\1.mlp.3.neuron."),
    (BLOCK + r"mlp\.fc2\.", r"\1.mlp.4."),
    (BLOCK + r"mlp\.norm2\.", r"\1.mlp.5.norm."),
    (r"^lplif\.", "path.0.neuron."),
    (r"^lpDWConv\.", "path.1."),
    (r"^lpPWConv\.", "path.2."),
    (r"^lpBN\.", "path.3.norm."),
    (r"^lif_bf_head\.", "fires.neuron."),
    (r"^dwconv_bf_head\.", "pool."),
    (r"^dwconv_bn\.", "norm."),
)
LINEAR = re.compile(BLOCK + r"(qkv|out|mlp)\.\d\.weight$")


@KEY_NAMES.register("SVFormer's authors")
def svformer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Linear layers on tokens are convolutions of 1×1 here, in 3-D where the first convolution is."""
    found = renamed(state, RULES)
    first = found.get("patches.0.0.weight")
    dimensions = 4 if first is None else first.dim()
    return {
        name: tensor[(..., *[None] * (dimensions - 2))] if tensor.dim() == 2 and LINEAR.match(name) else tensor
        for name, tensor in found.items()
    }
