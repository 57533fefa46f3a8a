"""What the attention measurement gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ...documents import Steps
from ...measure.result import Result

HeatMap = list[list[float]]  # [H][W], its maximum is 1, or all 0


@dataclass(frozen=True)
class StepMap:
    """The SNN after T steps, on one image.

    Attributes:
        predicted: the class the SNN names.
        correlation: Pearson's r of this map and the ANN's; None where the ANN's map is flat.
        overlap: intersection over union of the hottest fifth of both maps; None where the ANN's has no such.
    """

    T: Steps
    predicted: int
    correlation: float | None
    overlap: float | None
    map: HeatMap


@dataclass(frozen=True)
class ImageMaps:
    """One image.

    Attributes:
        number: its place in the data.
        label: its class, where the data tell.
        target: the class that all maps are of: the one the ANN names.
        picture: the image as shown, a PNG in base64; of a clip its middle frame.
    """

    number: int
    label: int | None
    target: int
    picture: str
    ann: HeatMap
    snn: list[StepMap]


@dataclass(frozen=True)
class StepMean:
    """The similarities to the ANN's maps after T steps, mean over the images that have one; None where none has."""

    T: Steps
    correlation: float | None
    overlap: float | None


@dataclass(frozen=True)
class Attention(Result):
    """Grad-CAM heat-maps of the ANN and of the SNN at several T.

    Attributes:
        layer: the activation site that the maps are of.
        note: what the maps are; belongs under every picture of them.
    """

    NAME: ClassVar[str] = "attention"
    PICTURE = "snnconv.plots.attention.plot_attention"  # the grid of heat-maps

    layer: str
    images: list[ImageMaps]
    similarity: list[StepMean]
    note: str
    data: str
    settings: dict[str, Any]
    normalization: dict[str, Any] | None
    notices: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)

    def table(self) -> list[dict[str, Any]]:
        """One row per image and T."""
        return [
            {
                "image": image.number,
                "T": step.T,
                "correlation": step.correlation,
                "overlap": step.overlap,
                "label": image.label,
                "ann_class": image.target,
                "snn_class": step.predicted,
            }
            for image in self.images
            for step in image.snn
        ]
