"""`?frames=16&stride=4&size=224`: what a clip is cut out of a video file as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...errors import InputError
from ..imagefolder import usual_resize
from ..pathways import ratio_of
from ..query import parse_query, positive
from ..sizes import OWN, size_or_own
from .sampling import Sampling, Stride
from .views import ONE, Views, parse_views

GRAMMAR = "?frames=16&stride=4&size=224&resize=256&pathways=slowfast&alpha=4&views=5x3 (each optional; stride=uniform)"
PATHWAYS = ("slowfast",)
MOST_NUMBERS = 2**29  # in all views of one clip; 30 views of 64 frames at 256² have 0.38 billion
MOST_IN_A_VIEW = 2**27  # ten times such a view: a network holds many times what it reads
LEAST_SIDE = 112  # stands for frames that keep their own size
WINDOW = 64  # frames of the video that a clip spans in the published networks: 4×16, 8×8, 32×2


def stride(text: str) -> Stride:
    return "uniform" if text == "uniform" else positive(text)


def pathways(text: str) -> str:
    if text not in PATHWAYS:
        raise ValueError(text)
    return text


KNOWN = {
    "frames": positive,
    "stride": stride,
    "size": size_or_own,
    "resize": positive,
    "pathways": pathways,
    "alpha": positive,
    "views": parse_views,
}


@dataclass(frozen=True)
class ClipOptions:
    """How a file becomes a clip.

    Attributes:
        size: of the square that is cut out of every frame, its shorter side resized to `resize` before; `OWN`: frames
            stay as they are.
        alpha: how many frames the fast pathway has for each of the slow one; None: there are no pathways.
        views: of an evaluation.
        given: names of the options that the user chose.
    """

    sampling: Sampling
    size: int
    resize: int
    alpha: int | None = None
    views: Views = ONE
    given: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.size == OWN and self.views.spatial > 1:
            raise InputError(
                "several crops of a frame need a size", expected="views=5x1 with size=none", got=f"views={self.views}"
            )
        side = LEAST_SIDE if self.size == OWN else self.size
        view = self.sampling.frames * side**2 * 3
        numbers = view * self.views.number
        if numbers > MOST_NUMBERS or view > MOST_IN_A_VIEW:
            raise InputError(
                "the clips are too large",
                expected=f"frames × size² × 3 of at most {MOST_IN_A_VIEW:,}, and {MOST_NUMBERS:,} in all views",
                got=f"{self.sampling.frames} × {side}² × 3 = {view:,}, {numbers:,} in {self.views.number} view(s)",
                remedy="take fewer frames (frames=), a smaller size (size=) or fewer views (views=)",
            )

    def __str__(self) -> str:
        frames, stride = self.sampling.frames, self.sampling.stride
        which = {"uniform": "all over the file", 1: "in a row"}.get(stride, f"one of every {stride}")
        size = "of their own size" if self.size == OWN else f"of a shorter side of {self.resize}, cut to {self.size}²"
        return f"{frames} frames, {which}, {size}"

    def fitted(self, shapes: Sequence[tuple[int, ...]], every: int | None = None) -> ClipOptions:
        """What a network takes, where nobody chose it: frames, size, and two pathways.

        Args:
            shapes: of the network's inputs for one clip, (C, frames, H, W), the slow pathway before the fast one.
            every: which frames of the video, as every 4th; None: so that they are in a window of 64.
        """
        *slow, fast = shapes
        if any(len(shape) != 4 for shape in shapes) or len(slow) > 1 or fast[2] != fast[3]:
            return self
        frames = self.sampling.frames if "frames" in self.given else fast[1]
        stride = self.sampling.stride if {"frames", "stride"} & self.given else every or max(WINDOW // frames, 1)
        chosen = replace(self, sampling=Sampling(frames, stride))
        resize = self.resize if "resize" in self.given else usual_resize(fast[2])
        if "size" not in self.given and resize >= fast[2]:
            chosen = replace(chosen, size=fast[2], resize=resize)
        alpha = ratio_of(shapes) if "pathways" not in self.given else None
        return replace(chosen, alpha=alpha) if alpha and frames % alpha == 0 else chosen


def parse_clips(argument: str) -> tuple[str, ClipOptions]:
    """What stands before the question mark, and the options after it: `frames` (16), `stride` (4; or `uniform`, over
    the whole file), `size` (224, or none), `resize` (size · 256 / 224), `pathways` (none), `alpha` (4), `views` (1x1).

    Raises:
        InputError: an unknown option, a value that is none, or options that do not go together.
    """
    place, given = parse_query(argument, KNOWN, "video clips", GRAMMAR)
    values: dict[str, Any] = {"frames": 16, "stride": 4, "size": 224, **given}
    size, frames = values["size"], values["frames"]
    resize = values.get("resize") or usual_resize(size)
    alpha = values.get("alpha", 4) if "pathways" in values else None
    rules = [
        (resize >= size, "resize ≥ size", f"size={size}, resize={resize}"),
        (size != OWN or "resize" not in given, "size=none without resize", f"size=none, resize={resize}"),
        ("alpha" not in given or alpha is not None, "alpha with pathways=slowfast", f"alpha={given.get('alpha')}"),
        (alpha is None or frames % alpha == 0, "frames a multiple of alpha", f"frames={frames}, alpha={alpha}"),
    ]
    for holds, expected, got in rules:
        if not holds:
            raise InputError(
                "the options of video clips do not go together", expected=expected, got=got, where=argument
            )
    sampling = Sampling(frames, values["stride"])
    return place, ClipOptions(sampling, size, resize, alpha, values.get("views", ONE), frozenset(given))
