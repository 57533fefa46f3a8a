"""What the networks look at."""

from __future__ import annotations

from dataclasses import asdict

from ...bench._attention import Attention
from ...methods.label import label_of
from ..parts import Figure, Section
from ..tables import table


def attention_section(attention: Attention) -> Section:
    return Section(
        name="attention",
        title="Attention",
        figures=[
            Figure(
                "attention", attention.plot,
                f"Grad-CAM heat-maps of the ANN and of the SNN at several T. {attention.note}",
                f"What the networks look at on the first {len(attention.images)} images, "
                f"{label_of(attention.settings)}; how the maps are made stands under them. r: Pearson's correlation "
                "with the ANN's map. Corresponds to Fig. 7 of You et al., IEEE TCDS 2024 (SDM).",
            )
        ],
        tables=[
            table("Similarity to the ANN's maps, mean over the images", [asdict(m) for m in attention.similarity]),
            table("Every image", attention.table(), folded=True),
        ],
        notices=attention.notices,
    )  # fmt: skip
