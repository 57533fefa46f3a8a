"""ReSpike as its authors' files name it: a state_dict of their `CrossAttenFusion`."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from .table import KEY_NAMES, Rule, renamed

BLOCK = r"^(snn\.stages\.\d\.\d)\."
FUSION = r"^(fusions\.\d)\."
RULES: tuple[Rule, ...] = (
    (r"^ann_layer0\.", "ann.stem."),
    (r"^ann_layer([1-4])\.", lambda match: f"ann.stages.{int(match[1]) - 1}."),
    (r"^snn_backbone\.conv1\.", "snn.stem.0."),
    (r"^snn_backbone\.bn1\.", "snn.stem.1."),
    (r"^snn_backbone\.layer([1-4])\.", lambda match: f"snn.stages.{int(match[1]) - 1}."),
    (BLOCK + r"conv1\.", r"\1.residual.1."),
    (BLOCK + r"bn1\.", r"\1.residual.2."),
    (BLOCK + r"conv2\.", r"\1.residual.4."),
    (BLOCK + r"bn2\.", r"\1.residual.5."),
    (r"^snn_backbone\.fusion([1-4])\.", lambda match: f"fusions.{int(match[1]) - 1}."),
    (FUSION + r"transformer_blocks\.0\.attn1\.", r"\1.self_attention."),
    (FUSION + r"transformer_blocks\.0\.attn2\.", r"\1.cross_attention."),
    (FUSION + r"(self|cross)_attention\.to_([qkv])\.", r"\1.\2_attention.\3."),
    (FUSION + r"(self|cross)_attention\.to_out\.0\.", r"\1.\2_attention.out."),
    (FUSION + r"transformer_blocks\.0\.norm1\.", r"\1.norm_self."),
    (FUSION + r"transformer_blocks\.0\.norm2\.", r"\1.norm_cross."),
    (FUSION + r"transformer_blocks\.0\.norm3\.", r"\1.norm_forward."),
    (FUSION + r"transformer_blocks\.0\.ff\.net\.0\.proj\.", r"\1.feed_forward.wide."),
    (FUSION + r"transformer_blocks\.0\.ff\.net\.2\.", r"\1.feed_forward.back."),
)


@KEY_NAMES.register("ReSpike's authors")
def respike(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Their classifier is called `fc`, as many others: it is ours only beside a spiking branch."""
    found = renamed(state, RULES)
    own = any(name.startswith(("snn.", "ann.")) for name in found)
    return renamed(found, [(r"^fc\.", "head.")]) if own else found
