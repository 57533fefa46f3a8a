"""Labelled video files as samples of a data source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from ...errors import InputError
from ..files import FileReader, Request
from ..identity import files_digest
from ..imagefolder import interleaved
from ..pathways import slow_and_fast
from ..samples import Samples
from ..sizes import OWN, remembered
from ..workers import BadFile, Read
from .decode import read_frames, require_av
from .options import ClipOptions
from .pictures import resizing
from .views import crops, parse_views, random_crop

SUFFIXES = {
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".ogv", ".ts",
}  # fmt: skip


@dataclass(frozen=True)
class Decoder:
    """From the place of a file to its clips, uint8 [V, F, size, size, 3]; worker processes get a copy.

    Without a seed: the views of the options, which are the same every time. With one: a window of time and a square of
    the frame, both at random.
    """

    paths: list[str]
    options: ClipOptions

    def __call__(self, position: int, seed: int | None) -> Read:
        sampling, views, size = self.options.sampling, self.options.views, self.options.size

        def places(count: int) -> list[int]:
            if seed is None:
                return [place for window in sampling.views(count, views.temporal) for place in window]
            return sampling.random(count, np.random.default_rng([seed, 0]))

        picture = resizing(self.options.resize, size)
        found = read_frames(self.paths[position], places, picture, sampling.span)
        clips = []
        for start in range(0, len(found.places), sampling.frames):
            video = np.stack([found.pictures[place] for place in found.places[start : start + sampling.frames]])
            if size == OWN:
                clips.append(video)
            elif seed is None:
                clips += crops(video, size, views.spatial)
            else:
                clips.append(random_crop(video, size, np.random.default_rng([seed, 1])))
        return Read(np.stack(clips), found.damage)

    def size_of(self, position: int) -> tuple[int, ...]:
        """Of the first frame as it is shown; a file without stands alone, until it is read and left out."""
        try:
            found = read_frames(self.paths[position], lambda count: [0], resizing(self.options.resize, OWN))
        except BadFile:
            return (position,)
        return found.pictures[0].shape


def clip_samples(
    root: Path, files: Sequence[tuple[Path, int]], classes: int, options: ClipOptions, what: str
) -> Samples:
    """Samples of labelled files; classes come interleaved, so that the first n hold them in the proportions of all.

    Args:
        root: of the data set; files are named from there in notices.
        files: each with its label.
        what: the files, in the error where there are none.

    Raises:
        InputError: there are none, or PyAV is not installed.
    """
    require_av()
    if not files:
        raise InputError("there are no video files", expected=what, where=str(root))
    order = interleaved([label for _, label in files])
    labels = [files[place][1] for place in order]
    paths = [str(files[place][0]) for place in order]
    names = [str(files[place][0].relative_to(root)) for place in order]

    own_sizes = remembered(Decoder(paths, options).size_of)

    def made(options: ClipOptions) -> Samples:
        reader = FileReader(Decoder(paths, options), names, labels)
        return Samples(
            lambda positions: next(reader.stream([Request(positions)])),
            len(paths),
            classes=classes,
            files=reader,
            views=options.views.number,
            in_views=lambda text: made(replace(options, views=parse_views(text))),
            fitted=lambda shapes, every: made(options.fitted(shapes, every)),
            pack=None if options.alpha is None else partial(slow_and_fast, alpha=options.alpha),
            digest=lambda count: files_digest(paths[:count], labels[:count], repr(replace(options, given=frozenset()))),
            sizes=own_sizes if options.size == OWN else None,
            cut=str(options),
        )

    return made(options)


def videos_in(folder: Path) -> list[Path]:
    """The video files of a folder and those below, by name."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))
