"""`clips:DIR[?frames=16&stride=4&size=224]`: a folder with one folder of video files per class."""

from __future__ import annotations

from ..samples import DATA_SOURCES, Samples
from .folders import by_class, classes_in, split_part
from .options import parse_clips
from .samples import clip_samples


@DATA_SOURCES.register("clips")
def open_clips(argument: str) -> Samples:
    """Video files by class; classes are numbered in the order of their folders' names.

    Args:
        argument: the folder, then options: see `parse_clips`.

    Raises:
        InputError: no such folder, no video files in it or in one of its folders, or a wrong option.
    """
    place, options = parse_clips(argument)
    folder, _ = split_part(place, (), "")
    classes = classes_in(folder)
    return clip_samples(folder, by_class(folder, classes), len(classes), options, "DIR/CLASS/clip.mp4, …")
