"""What a kind of data source gives, and the registry of kinds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from torch import Tensor

from ..registry import Registry
from .files import FileReader
from .normalization import Normalization


@dataclass(frozen=True)
class Samples:
    """What a kind of data source gives: labelled images or clips by position.

    Attributes:
        fetch: positions → (x float32 [N, C, …, H, W], in 0…1 unless the source holds floats, or a tuple of inputs; y
            int64 [N]).
        count: how many samples there are.
        classes: how many classes there are, or None where the source does not say.
        normalization: the one usual for this data, applied where the caller gives none.
        files: what reads them, where they are decoded one by one; samples of it can be drawn at random, and some may
            turn out to be unreadable, which `fetch` leaves out.
        views: rows of x, and of y, for each sample: clips are evaluated in several views.
        in_views: the same samples in other views, such as "5x3"; None: they have none.
        fitted: the same samples as a network with inputs of these shapes takes them, and every so many frames of a
            video (None: the usual), where nobody chose otherwise; None: they are as they are.
        pack: from normalised x to the inputs of the network, where those are several.
        digest: of the first so many samples and their labels, cheaper than by decoding them; None: they are read.
        labelled: whether there are labels; else y are all −1.
        cut: what samples are cut out as, in words, where they are cut out of something larger.
        sizes: of the first so many samples, in whatever words; those that are fetched together are of one size. None:
            all are.
    """

    fetch: Callable[[Sequence[int]], tuple[Tensor | tuple[Tensor, ...], Tensor]]
    count: int
    classes: int | None = None
    normalization: Normalization | None = None
    files: FileReader | None = None
    views: int = 1
    in_views: Callable[[str], Samples] | None = None
    fitted: Callable[[Sequence[tuple[int, ...]], int | None], Samples] | None = None
    pack: Callable[[Tensor], tuple[Tensor, ...]] | None = None
    digest: Callable[[int], str] | None = None
    sizes: Callable[[int], Sequence[Hashable]] | None = None
    labelled: bool = True
    cut: str = ""


# kind → from what follows the colon to its samples
DATA_SOURCES: Registry[Callable[[str], Samples]] = Registry("data source")
