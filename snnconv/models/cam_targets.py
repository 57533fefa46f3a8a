"""Where a video network can be looked at: what a heat-map over the frames of a clip needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CamTarget:
    """One branch, at its last map.

    Attributes:
        branch: "ANN" or "SNN".
        layer: name of the submodule that gives the map, [rows, C, h, w] or [rows, C, depth, h, w] of one clip.
        frames: the frame that each map is of: of every row, and of a row with a depth one after the other.
    """

    branch: str
    layer: str
    frames: list[int]
