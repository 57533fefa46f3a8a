"""Data sources by name: `open_data("npz:FILE")`."""

from __future__ import annotations

import os

from ..errors import InputError
from .normalization import Normalization
from .samples import DATA_SOURCES
from .source import DataSource

GRAMMAR = (
    "npz:FILE, imagefolder:DIR, torchvision:NAME:DIR, fashion, clips:DIR, "
    "ucf101:DIR, hmdb51:DIR, kinetics400:DIR, ntu60:DIR, nmnist:DIR, dvs128gesture:DIR with :PART, or events:FILE"
)


def open_data(
    spec: str,
    *,
    batch_size: int = 64,
    limit: int | None = None,
    normalization: Normalization | None = None,
    views: str | None = None,
    strict: bool = False,
    workers: int = 0,
) -> DataSource:
    """Open labelled images or video clips.

    Args:
        spec: `npz:FILE[,FILE…][?x=KEY[,KEY…]&y=KEY&where=KEY&layout=NTHW]`, `imagefolder:DIR[?size=224]` (`size=none`:
            own sizes), `torchvision:NAME:DIR[:train]`, `fashion[:train]`; of clips `clips:DIR`, `ucf101:DIR[:train1]`,
            `hmdb51:DIR[:train1]`, `kinetics400:DIR[:train]`, `ntu60:DIR[:xsub-train]`, each with
            `?frames=16&stride=4&size=224` and other options of `snnconv.data.video.options`; of event cameras
            `nmnist:DIR[:train][?frames=16]`, and `dvs128gesture:DIR`, `events:FILE` likewise.
        batch_size: samples in a batch; of clips in several views, whole clips of at most so many views together.
        limit: only the first so many samples.
        normalization: applied to every batch; None: the one usual for the data where it has one (`fashion`).
        views: of every clip, windows in time × crops, such as "5x3"; None: as the spec says, else one in the centre.
        strict: a video file that is damaged is an error; else it is left out, and named in a notice.
        workers: processes that decode video files; 0: this one does. Batches are the same.

    Raises:
        InputError: the spec is wrong, the data are missing or broken, or the normalisation does not fit them.
    """
    kind, colon, argument = spec.partition(":")
    if kind not in DATA_SOURCES and os.path.exists(spec):
        guess = "imagefolder" if os.path.isdir(spec) else "npz"
        raise InputError(
            "a data source starts with its kind",
            expected=GRAMMAR,
            got=repr(spec),
            remedy=f"{guess}:{spec}" if guess != "npz" or spec.endswith(".npz") else None,
        )
    if colon and not argument:
        raise InputError("nothing follows the colon of a data source", expected=GRAMMAR, got=repr(spec))
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
        raise InputError("workers is not a number of processes", expected="0, 1, …", got=repr(workers))
    samples, name = DATA_SOURCES[kind](argument), spec
    if views is not None:
        if samples.in_views is None:
            raise InputError("only video clips have views", expected="clips:DIR, ucf101:DIR, …", got=repr(spec))
        samples, name = samples.in_views(views), f"{spec} in {views} views"
    if samples.files is not None:
        samples.files.use(workers, strict)
    return DataSource(name, samples, batch_size=batch_size, limit=limit, normalization=normalization)
