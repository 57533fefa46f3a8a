"""Frames of a video file by their place in it: only those that are asked for become pictures.

What a file holds is found by reading its packets, without decoding them. Frames are decoded in order, with
jumps to keyframes where that is safe and saves a lot; one thread a file, so that broken files break at the same place
every time.
"""

from __future__ import annotations

import bisect
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...errors import InputError
from ..workers import BadFile

JUMP = 100  # frames that a jump has to save: to look for a keyframe and start again takes time too
# containers that store when every frame is shown; others count, or guess (AVI with packed B-frames: in wrong order)
TIMED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,asf,flv,ogg,m4v"  # play lists name other files
)
MOST_PIXELS = 2**25  # of a frame; 8K has 33 million
ABSENT = 'pip install "snnconv[video]"'


@dataclass(frozen=True)
class Timeline:
    """What a file holds, as its packets say.

    Attributes:
        count: of frames.
        keyframes: {place: presentation time} of the frames from which decoding can start; empty where times cannot be
            trusted.
        damage: what is wrong; None: nothing that shows.
    """

    count: int
    keyframes: dict[int, int]
    damage: str | None


@dataclass(frozen=True)
class Frames:
    """Frames of one file.

    Attributes:
        places: as chosen, of the frames that can be decoded; a place may come several times.
        pictures: {place: uint8 [H, W, 3]}.
        damage: what is wrong with the rest of the file; None: nothing that shows.
    """

    places: list[int]
    pictures: dict[int, np.ndarray]
    damage: str | None


def require_av() -> Any:
    """PyAV, imported when it is needed.

    Raises:
        InputError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise InputError("video files need PyAV", got=str(error), remedy=ABSENT) from error
    return av


def read_frames(
    path: str, choose: Callable[[int], Sequence[int]], picture: Callable[[Any], np.ndarray], needed: int = 1
) -> Frames:
    """The chosen frames of a file.

    A file that breaks off counts as far as it decodes, if that is at least `needed` frames.

    Args:
        choose: from how many frames there are to the places wanted.
        picture: from a frame of PyAV to uint8 [H, W, 3].
        needed: the fewest frames of a damaged file that are enough.

    Raises:
        BadFile: there is no such file, it is not a video, or a damaged one with too few frames that decode.
    """
    with opened(path) as (container, stream):
        timeline = timeline_of(container, stream)
    count, damage = timeline.count, timeline.damage
    if count:
        check_enough(count, needed, damage)
        places = list(choose(count))
        pictures = dict(pick(path, timeline, sorted(set(places)), picture))
        if len(pictures) == len(set(places)):
            return Frames(places, pictures, damage)
    usable, error = decodable(path)  # the packets promised more than decodes
    damage = damage or error or (f"{usable} of {count} frames decode" if usable < count else None)
    if not usable:
        raise BadFile(damage or "there are no frames in it")
    check_enough(usable, needed, damage)
    places = list(choose(usable))
    pictures = dict(pick(path, Timeline(usable, {}, damage), sorted(set(places)), picture))
    if len(pictures) < len(set(places)):
        raise BadFile(damage or f"{len(pictures)} of {len(set(places))} frames become pictures")
    return Frames(places, pictures, damage)


def check_enough(count: int, needed: int, damage: str | None) -> None:
    if damage is not None and count < needed:
        raise BadFile(f"{damage}; {count} frames are left, {needed} are needed")


@contextmanager
def opened(path: str) -> Iterator[tuple[Any, Any]]:
    """The file and its video stream.

    Raises:
        BadFile: it cannot be opened or read, or has no video.
    """
    av = require_av()
    if os.path.exists(path) and not os.path.isfile(path):
        raise BadFile("it is not a regular file")  # a pipe would be waited for
    try:
        with av.open(path, options={"format_whitelist": FORMATS}) as container:
            stream = container.streams.best("video")
            if stream is None:
                raise BadFile("there is no video in it")
            if stream.codec_context.width * stream.codec_context.height > MOST_PIXELS:
                size = f"{stream.codec_context.width} × {stream.codec_context.height}"
                raise BadFile(f"its frames are too large: {size} pixels")
            stream.codec_context.thread_count = 1
            yield container, stream
    except (av.FFmpegError, OSError, ValueError) as error:
        raise BadFile(reason(error)) from error


def reason(error: Exception) -> str:
    """In few words; the file is named elsewhere."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def timeline_of(container: Any, stream: Any) -> Timeline:
    av = require_av()
    times, keys, packets, damage = list[int | None](), list[int | None](), 0, None
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue  # the last one, which is empty
            packets += 1
            if packet.is_discard:
                continue  # an edit list leaves it out
            times.append(packet.pts)
            if packet.is_keyframe:
                keys.append(packet.pts)
    except (av.FFmpegError, OSError) as error:
        damage = reason(error)
    if damage is None and stream.frames > packets:
        damage = f"cut off: {packets} of {stream.frames} frames are there"
    known = sorted(time for time in times if time is not None)
    if container.format.name not in TIMED or len(set(known)) != len(times):
        return Timeline(len(times), {}, damage)
    keyframes = {bisect.bisect_left(known, time): time for time in keys if time is not None}
    return Timeline(len(times), keyframes, damage)


def pick(
    path: str, timeline: Timeline, places: Sequence[int], picture: Callable[[Any], np.ndarray]
) -> Iterator[tuple[int, np.ndarray]]:
    """The frames at increasing places; it ends early where one cannot be decoded."""
    av = require_av()
    with opened(path) as (container, stream):
        frames, ahead = container.decode(stream), 0  # ahead: the place of the frame that comes next
        try:
            for place in places:
                start = max((key for key in timeline.keyframes if key <= place), default=0)
                if start >= ahead + JUMP:
                    container.seek(timeline.keyframes[start], stream=stream)
                    frames, ahead = container.decode(stream), start
                    frames = itertools.dropwhile(partial(is_before, timeline.keyframes[start]), frames)
                frame = next(itertools.islice(frames, place - ahead, None), None)
                if frame is None:
                    return
                ahead = place + 1
                yield place, picture(frame)
        except (av.FFmpegError, OSError):
            return


def is_before(time: int, frame: Any) -> bool:
    """Frames shown before a keyframe may follow it in the file; they cannot be decoded without those before."""
    return frame.pts is None or frame.pts < time


def decodable(path: str) -> tuple[int, str | None]:
    """How many frames decode before the first error, and that error."""
    av = require_av()
    with opened(path) as (container, stream):
        count = 0
        try:
            for _ in container.decode(stream):
                count += 1
        except (av.FFmpegError, OSError) as error:
            return count, reason(error)
    return count, None
