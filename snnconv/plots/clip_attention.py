"""The picture of what a video network looks at: strips of frames, of every clip, with the maps over them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.patches import Rectangle

from ..bench._attention.pictures import decode_picture
from .attention import CAPTION, CELL_TEXT, CHARACTERS, enlarged, overlaid, show
from .style import BLACK, ORANGE, SKY, WIDTH, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..bench._attention.clip_result import ClipAttention, ClipMaps, FrameMap
    from ..bench._attention.result import HeatMap

MOST = 8  # frames side by side
LEGEND = " Under frame 0: the class, in orange where the clip is of another."
SQUARES = " Squares: the token that looks, and where to."


def plot_clip_attention(attention: ClipAttention, path: Path) -> None:
    """Frames in the order of time, a few a line; under residuals the key frame with what they attend to in it."""
    clips = attention.clips
    columns = min(per_line(attention.unit), len(clips[0].frames))
    gazes = any(frame.gaze for clip in clips for frame in clip.frames)
    lines = [line for clip in clips for line in lines_of(clip, columns, gazes)]
    sides = decode_picture(clips[0].frames[0].picture).shape
    caption = textwrap.wrap(attention.note + LEGEND + SQUARES * gazes, int(WIDTH * CHARACTERS))
    height = len(lines) * (WIDTH / columns * sides[0] / sides[1] + CELL_TEXT)
    with picture(path, WIDTH, height + CAPTION * (len(caption) + 1)) as figure:
        figure.get_layout_engine().set(w_pad=0.02, h_pad=0.04, wspace=0, hspace=0)  # type: ignore[union-attr]
        grid = figure.subplots(len(lines), columns, squeeze=False)
        for row, (clip, frames, below) in zip(grid, lines):
            for axes in row[len(frames) :]:
                axes.set_axis_off()
            for axes, frame in zip(row, frames):
                (gazed if below else seen)(axes, clip, frame)
        figure.supxlabel("\n".join(["", *caption]), fontsize=10, x=0.01, ha="left")


Line = tuple["ClipMaps", "list[FrameMap]", bool]  # the last: what is attended to, not what is seen


def per_line(unit: int) -> int:
    """Whole segments, where they fit."""
    return unit * (MOST // unit) if unit <= MOST else MOST


def lines_of(clip: ClipMaps, columns: int, gazes: bool) -> list[Line]:
    starts = range(0, len(clip.frames), columns)
    return [
        (clip, clip.frames[n : n + columns], below) for n in starts for below in ((False, True) if gazes else (False,))
    ]


def seen(axes: Axes, clip: ClipMaps, frame: FrameMap) -> None:
    """The frame with its map."""
    pixels = enlarged(decode_picture(frame.picture))
    text, colour = f"{frame.frame} {frame.branch}", BLACK
    if frame.frame == 0:
        wrong = clip.label is not None and clip.label != clip.target
        text, colour = f"class {clip.target}", ORANGE if wrong else BLACK
    show(axes, overlaid(pixels, frame.heat), text, colour)
    if frame.gaze is not None:
        outline(axes, frame.heat, [frame.gaze.query], pixels.shape[:2])


def gazed(axes: Axes, clip: ClipMaps, frame: FrameMap) -> None:
    """The key frame with what the frame attends to; nothing at key frames."""
    if frame.gaze is None:
        axes.set_axis_off()
        return
    key = next(other for other in clip.frames if frame.gaze is not None and other.frame == frame.gaze.key)
    pixels, weights = enlarged(decode_picture(key.picture)), frame.gaze.weights
    peak = max(map(max, weights))
    show(axes, overlaid(pixels, [[value / peak for value in row] for row in weights]), f"{frame.frame} → {key.frame}")
    outline(axes, weights, frame.gaze.top, pixels.shape[:2])


def outline(axes: Axes, heat: HeatMap, tokens: list[tuple[int, int]], sides: tuple[int, ...]) -> None:
    height, width = sides[0] / len(heat), sides[1] / len(heat[0])
    for row, column in tokens:
        corner = (column * width - 0.5, row * height - 0.5)
        axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=SKY, linewidth=1.4))
