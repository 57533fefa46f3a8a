"""A data source: batches of images or clips and labels, in a fixed order."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from ..fingerprint import digest
from .files import News, Request
from .inputs import Inputs, first_of, flat, one_input, one_or_all
from .normalization import Normalization
from .pathways import pathways_in, slow_and_fast
from .samples import Samples
from .sizes import by_size


class DataSource:
    """Batches of labelled images or clips, the same ones in the same order every time it is iterated.

    Samples may be of several sizes. A batch holds those of one: first all of the first sample's size, then all of the
    next, and so on; how large batches are changes nothing in the order.

    Yields (x float32 [N, C, …, H, W], y int64 [N]), the last batch shorter where needed; where the network takes
    several inputs, x is a tuple of them; without labels, {"input": x}. `len()` counts samples as they are listed: files
    that cannot be read are left out of their batches, which are shorter then, and named once the data have been gone
    through. Iteration passes over a batch of which nothing is left.

    Attributes:
        name: the spec it was opened with, and the views where those were chosen apart.
        classes: how many classes there are, or None where the source does not say. labelled: whether there are labels.
        normalization: what is applied to x, or None.
        views: rows for each sample, one after the other: accuracy is of the mean over them.
        first: the first sample that can be read, [C, …, H, W], under the normalisation that it was opened with; a tuple
            where there are several inputs.
        shape: of one sample, (C, …, H, W), or a tuple of such.
    """

    def __init__(
        self,
        name: str,
        samples: Samples,
        *,
        batch_size: int = 64,
        limit: int | None = None,
        normalization: Normalization | None = None,
    ) -> None:
        _check_positive("batch_size", batch_size)
        if limit is not None:
            _check_positive("limit", limit)
        if samples.count == 0:
            raise InputError("the data source is empty", expected="at least one image", where=name)
        self.name = name
        self.classes, self.labelled = samples.classes, samples.labelled
        self.normalization = normalization or samples.normalization
        self.views = samples.views
        self.batch_size = batch_size
        self._samples = samples
        self._count = samples.count if limit is None else min(limit, samples.count)
        self._step = max(batch_size // self.views, 1)
        self._by_size: list[Sequence[int]] | None = None
        self._open_first()

    def _open_first(self) -> None:
        """Channels that do not fit, or a broken first image, are reported at once."""
        samples, files = self._samples, self._samples.files
        x = first_of(samples.fetch(range(1))[0]) if files is None else files.first_readable(self._count)[None]
        leaves = [leaf[0] for leaf in self.packed(self.normalized(x))]
        shapes = [tuple(leaf.shape) for leaf in leaves]
        self.first: Inputs = one_or_all(leaves)
        self.shape = one_or_all(shapes)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        try:
            for _, (x, y) in self._numbered(range(self.batches)):
                yield (x, y) if self.labelled else {"input": x}
        finally:
            self.tell(self.news())

    @property
    def batches(self) -> int:
        """How many batches there are."""
        return -(-self._count // self._step) if self._samples.sizes is None else len(self._grouped())

    def batch(self, number: int, *, labelled: bool = True) -> tuple[Any, Tensor]:
        """One batch by its place, from 0; those before it are not read. It is empty where nothing in it can be.

        Args:
            labelled: whether labels are needed; else those of data without are all −1.

        Raises:
            InputError: there are no labels.
        """
        if labelled:
            self.check_labelled()
        x, y = self._samples.fetch(self._positions(number))
        return (self._finished(x) if len(y) else x), y

    def numbered(self, numbers: Iterable[int]) -> Iterator[tuple[int, tuple[Inputs, Tensor]]]:
        """These batches with their places, the next one read while one is in use; without those that are empty.

        Raises:
            InputError: there are no labels.
        """
        self.check_labelled()
        return self._numbered(numbers)

    def _numbered(self, numbers: Iterable[int]) -> Iterator[tuple[int, tuple[Inputs, Tensor]]]:
        numbers = list(numbers)
        files, wanted = self._samples.files, [self._positions(number) for number in numbers]
        found = map(self._samples.fetch, wanted) if files is None else files.stream(map(Request, wanted))
        for number, (x, y) in zip(numbers, found):
            if len(y):
                yield number, (self._finished(x), y)

    def digest(self) -> str:
        """SHA-256 of the samples that are used and their labels, in their order, before they are normalised.

        Of files that are decoded one by one it is of their bytes, or of their sizes and times where those are many
        (`files_digest`).
        """
        if self._samples.digest is not None:
            return digest(self._samples.digest(self._count), self.shape)
        files, wanted = self._samples.files, [self._positions(number) for number in range(self.batches)]
        found = map(self._samples.fetch, wanted) if files is None else files.stream(map(Request, wanted))
        return digest([digest(x, y) for x, y in found], self.shape)

    @property
    def flexible(self) -> bool:
        """Whether samples are cut out of something larger, so that `fit` can give them other sizes."""
        return self._samples.fitted is not None

    @property
    def cut(self) -> str:
        """What samples are, in words."""
        shapes = self.shape if isinstance(self.shape[0], tuple) else (self.shape,)
        words = " and ".join("×".join(map(str, shape)) for shape in shapes)  # type: ignore[arg-type]
        return f"{words}: {self._samples.cut}" if self._samples.cut else words

    @property
    def random(self) -> bool:
        """Whether samples can be drawn at random: a clip from anywhere in its file."""
        return self._samples.files is not None

    def check_labelled(self) -> None:
        """For what compares with labels.

        Raises:
            InputError: there are none.
        """
        if not self.labelled:
            raise InputError(
                "the data have no labels", expected="y integer [N], the class of each sample", where=self.name,
                remedy="say which array they are: npz:FILE?y=KEY; convert, verify and diagnose need none",
            )  # fmt: skip

    def check_single_view(self) -> None:
        """For training.

        Raises:
            InputError: samples come in several views.
        """
        if self.views > 1:
            raise InputError("several views of a clip are for evaluation", got=self.name, remedy="train without views")

    def check_one_size(self, doing: str) -> None:
        """For what needs samples of one size: training, whose batches are drawn from all samples, or sums by neuron.

        Args:
            doing: that, in the error.

        Raises:
            InputError: samples are of several sizes.
        """
        other = self.of_another_size
        if other is not None:
            raise InputError(
                f"{doing} takes samples of one size", expected=f"that of the first, {self.shape}",
                got=f"another one in sample {other}", where=self.name, remedy="say ?size=…, or save them in one size",
            )  # fmt: skip

    @property
    def of_another_size(self) -> int | None:
        """The first sample whose size is not that of sample 0."""
        if self._samples.sizes is None:
            return None
        sizes = self._samples.sizes(self._count)
        return next((place for place, size in enumerate(sizes) if size != sizes[0]), None)

    def check_sizes(self, takes: Callable[[tuple[Tensor, ...]], object]) -> None:
        """Show a network the first sample of every size, before a long run comes to it.

        Args:
            takes: the network's look at inputs [1, C, …, H, W]; an InputError says that it does not take them.

        Raises:
            InputError: it does not take some size that is not the first sample's; the sample is named.
        """
        if self._samples.sizes is None:
            return
        first: dict[Hashable, int] = {}
        for place, size in enumerate(self._samples.sizes(self._count)):
            first.setdefault(size, place)
        for place in list(first.values())[1:]:
            x, y = self._samples.fetch([place])
            if not len(y):
                continue  # a file that cannot be read is told of elsewhere
            leaves = self.packed(self.normalized(first_of(x)))
            try:
                takes(leaves)
            except InputError as error:
                raise InputError(
                    "the data hold samples of a size that the network does not take",
                    got=f"sample {place}, {' and '.join(str(tuple(leaf.shape[1:])) for leaf in leaves)}",
                    where=self.name,
                    remedy=f"take samples of one size (?size=…), or another network; this one says: {flat(error)}",
                ) from error

    def drawn(
        self, positions: Sequence[Sequence[int]], seeds: Sequence[Sequence[int]] | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """For training: the samples at these positions, one list after the other, not normalised and not packed.

        There are always as many as asked for: the next one that can be read takes the place of one that cannot.

        Args:
            seeds: for each sample; it is drawn at random, where the source can do so.
        """
        files = self._samples.files
        self.check_labelled()
        self.check_one_size("training")
        if files is None:
            for places in positions:
                parts = [self._samples.fetch(range(place, place + 1)) for place in places]
                yield torch.cat([one_input(x, self.name) for x, _ in parts]), torch.cat([y for _, y in parts])
            return
        self.check_single_view()
        own = [None] * len(positions) if seeds is None else seeds
        yield from files.stream(Request(*pair, within=self._count) for pair in zip(positions, own))

    def fit(self, shapes: Sequence[tuple[int, ...]], every: int | None = None) -> None:
        """Clips of which nobody chose frames, size or pathways become what a network takes; all else stays as it is.

        Clips that are given as they are come in two pathways where the network has two.

        Args:
            shapes: of the network's inputs for one sample; none where it does not tell.
            every: which frames of a video it takes, as every 4th; None: it does not tell.
        """
        told = tuple(shapes)
        same = told == (self.shape if len(told) > 1 else (self.shape,))
        if not told or (same and (every is None or self._samples.fitted is None)):
            return
        if self._samples.fitted is None:
            if self._samples.pack is None and (ratio := pathways_in(told, self.shape)):
                self._samples = replace(self._samples, pack=partial(slow_and_fast, alpha=ratio))
                self._open_first()
            return
        before, self._samples = self._samples.files, self._samples.fitted(shapes, every)
        self._by_size = None
        if before is not None and self._samples.files is not None:
            self._samples.files.use(before.workers, before.strict)
        self._open_first()

    def normalized(self, x: Inputs) -> Inputs:
        """The same; of several inputs the first one is normalised."""
        if self.normalization is None:
            return x
        return self.normalization(x) if isinstance(x, Tensor) else (self.normalization(x[0]), *x[1:])

    def packed(self, x: Inputs) -> tuple[Tensor, ...]:
        """Normalised samples as the inputs of the network, of which there may be several."""
        if not isinstance(x, Tensor):
            return x
        return (x,) if self._samples.pack is None else self._samples.pack(x)

    def unprepared(self) -> DataSource:
        """The same samples, neither normalised nor packed: one tensor a batch."""
        raw = copy.copy(self)
        raw.normalization = None
        raw._samples = replace(self._samples, pack=None)
        return raw

    def news(self) -> News:
        """Files that could not be read, or not to their end, and that nobody was told of yet."""
        return ({}, {}) if self._samples.files is None else self._samples.files.news()

    def tell(self, news: News) -> None:
        """A notice that names them."""
        if self._samples.files is not None:
            self._samples.files.tell(*news)

    def __repr__(self) -> str:
        return f"DataSource({self.name!r}, {len(self)} samples of shape {self.shape}, batches of {self.batch_size})"

    def _finished(self, x: Inputs) -> Inputs:
        return one_or_all(self.packed(self.normalized(x)))

    def _grouped(self) -> list[Sequence[int]]:
        if self._by_size is None:
            assert self._samples.sizes is not None
            self._by_size = by_size(self._samples.sizes(self._count), self._step)
        return self._by_size

    def _positions(self, number: int) -> Sequence[int]:
        if self._samples.sizes is not None:
            return self._grouped()[number]
        start = number * self._step
        return range(start, min(start + self._step, self._count))


def _check_positive(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} is not a positive whole number", got=repr(value))
