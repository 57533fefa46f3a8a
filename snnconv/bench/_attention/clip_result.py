"""What looking at clips gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ...measure.result import Result
from .result import HeatMap

Token = tuple[int, int]  # row and column


@dataclass(frozen=True)
class CrossAttentionMap:
    """What a token of a residual attends to in its key frame.

    Attributes:
        key: the key frame. query: the token that looks.
        weights: how much it attends to every token of the key frame; they sum to 1.
        top: the tokens it attends to most, the first the most.
    """

    key: int
    query: Token
    weights: HeatMap
    top: list[Token]


@dataclass(frozen=True)
class FrameMap:
    """One frame.

    Attributes:
        branch: that sees it, "ANN" or "SNN".
        picture: the frame, a PNG in base64.
        heat: scaled so that the largest value of the branch's maps of the clip is 1, or all 0.
        gaze: of a residual frame, where there is cross-attention.
    """

    frame: int
    branch: str
    picture: str
    heat: HeatMap
    gaze: CrossAttentionMap | None = None


@dataclass(frozen=True)
class ClipMaps:
    """One clip: its place in the data, its class where the data tell, and the class the maps are of."""

    number: int
    label: int | None
    target: int
    frames: list[FrameMap]


@dataclass(frozen=True)
class ClipAttention(Result):
    """Heat-maps over the frames of clips.

    Attributes:
        unit: frames of a segment.
        note: what the maps are; belongs under every picture of them.
        model: what was opened, in words.
    """

    NAME: ClassVar[str] = "clip_attention"
    PICTURE = "snnconv.plots.clip_attention.plot_clip_attention"  # strips of frames with the maps over them

    clips: list[ClipMaps]
    unit: int
    note: str
    data: str
    model: str = ""
    normalization: dict[str, Any] | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    def table(self) -> list[dict[str, Any]]:
        """One row per clip and frame: how hot it is, and where a residual looks."""
        return [
            {
                "clip": clip.number,
                "frame": frame.frame,
                "branch": frame.branch,
                "hottest": max(map(max, frame.heat)),
                "query": None if frame.gaze is None else place(frame.gaze.query),
                "top": None if frame.gaze is None else " ".join(map(place, frame.gaze.top)),
                "label": clip.label,
                "class": clip.target,
            }
            for clip in self.clips
            for frame in clip.frames
        ]


def place(token: Token) -> str:
    return f"{token[0]},{token[1]}"


def clip_of(clip: dict[str, Any]) -> ClipMaps:
    return ClipMaps(**{**clip, "frames": [frame_of(frame) for frame in clip["frames"]]})


def frame_of(frame: dict[str, Any]) -> FrameMap:
    gaze = frame["gaze"]
    if gaze is None:
        return FrameMap(**frame)
    query, top = tuple(gaze["query"]), [tuple(token) for token in gaze["top"]]
    return FrameMap(**{**frame, "gaze": CrossAttentionMap(**{**gaze, "query": query, "top": top})})
