"""`coverage`: verify every network of the zoos, each in a process of its own."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path

from ..errors import InputError
from ..files import alone_in
from ..progress import progress
from ..provenance import provenance
from ..verification.api import GENEROUS, settled_options
from .children import Children
from .journal import Journal, journal_path
from .one import SAMPLES, STEPS
from .record import Network
from .result import Coverage
from .sizes import size_of
from .zoo import ZOOS, sampled, zoo

log = logging.getLogger("snnconv")


def coverage(
    zoos: Iterable[str] = ZOOS,
    *,
    models: str | None = None,
    sample: int | None = None,
    jobs: int = 1,
    folder: str | PathLike[str] | None = None,
    fresh: bool = False,
    seconds: float = 300.0,
    memory: float = 24.0,
    seed: int = 0,
) -> Coverage:
    """Verify the networks of whole model zoos, with random weights scaled as in `make_realistic`, on 4 random inputs.

    Each is built at the size that `SIZES` tells, by a process of its own. One that crashes, takes too long or needs too
    much memory is a record like the others. Every record is a line of `coverage.jsonl` in `folder`: a run that was
    killed goes on from there, and networks that failed are tried again.

    Args:
        zoos: "torchvision", "pytorchvideo".
        models: regular expression that is searched for in names, such as "resnet|vit_".
        sample: only so many, various and small ones first.
        jobs: processes at a time; they share torch's threads.
        folder: None keeps no journal.
        fresh: what an earlier run found is dropped.
        seconds: of processor time for one network; memory: GiB for one.
        seed: of weights, inputs and the choice of a sample.

    Raises:
        InputError: an unknown zoo, an absent package, a pattern or number that is out of range, or a folder that holds
            a run of another configuration.
    """
    for name, value in (("jobs", jobs), ("seconds", seconds), ("memory", memory)):
        if not value > 0:
            raise InputError(f"{name} is out of range", expected="more than 0", got=str(value))
    names = zoo(zoos, models)
    names = names if sample is None else sampled(names, sample, seed)
    children = Children(jobs, seconds, memory, seed)
    if folder is not None:
        return covered(names, children, Path(folder), fresh)
    with tempfile.TemporaryDirectory() as temporary:
        return covered(names, children, Path(temporary), fresh)


def covered(names: Sequence[str], children: Children, folder: Path, fresh: bool) -> Coverage:
    with alone_in(folder, Coverage.NAME):
        return covered_alone(names, children, folder, fresh)


def covered_alone(names: Sequence[str], children: Children, folder: Path, fresh: bool) -> Coverage:
    if fresh:
        journal_path(folder).unlink(missing_ok=True)
    about = {"settings": GENEROUS, "T": STEPS, "samples": SAMPLES, "seed": children.seed}
    configuration = about | {"versions": versions()}
    with Journal(folder, configuration) as journal:
        left = [name for name in names if not is_done(journal.records.get(name), name)]
        with progress("verifying", len(names), len(names) - len(left)) as bar:
            try:
                for record in children.records(left):
                    journal.add(record)
                    bar.describe(f"verified {record.model}")
                    bar.advance()
            except KeyboardInterrupt:
                log.warning(f"{len(journal.records)} networks are in {journal.path}; the same command again continues")
                raise
        found = [journal.records[name] for name in names]
    settings = settled_options({})
    record = provenance(children.seed) | {"settings": settings, "samples": SAMPLES, "jobs": children.jobs}
    if any(network.zoo == "pytorchvideo" for network in found):
        record["versions"]["pytorchvideo"] = version("pytorchvideo")
    return Coverage(found, STEPS, record)


def versions() -> dict[str, str | None]:
    """Of what builds, converts and verifies the networks; None: it is not installed."""
    found: dict[str, str | None] = {}
    for name in ("snnconv", "torch", *ZOOS):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def is_done(record: Network | None, name: str) -> bool:
    """Whether there are figures of it at the size that it has now."""
    shapes = [list(shape) for shape in size_of(name).shapes]
    return record is not None and record.failed is None and record.shapes == shapes
