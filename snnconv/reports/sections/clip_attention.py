"""What a video network looks at, frame by frame."""

from __future__ import annotations

from ...bench._attention import ClipAttention
from ...plots.caption import data_name
from ..parts import Figure, Section
from ..tables import table


def clip_attention_section(attention: ClipAttention) -> Section:
    clips = f"the first {len(attention.clips)} clips" if len(attention.clips) > 1 else "the first clip"
    gazes = any(frame.gaze for clip in attention.clips for frame in clip.frames)
    source = " Corresponds to Fig. 4 of Xiao et al., ReSpike, arXiv:2409.01564." if gazes else ""
    return Section(
        name="clip_attention",
        title="Attention over the frames of clips",
        figures=[
            Figure(
                "clip_attention", attention.plot,
                f"Grad-CAM heat-maps over the frames of clips. {attention.note}",
                f"What {attention.model} looks at in {clips} of {data_name(attention.data)}, frame by frame; how the "
                f"maps are made stands under them.{source}",
            )
        ],
        tables=[table("Every frame", attention.table(), folded=True)],
    )  # fmt: skip
