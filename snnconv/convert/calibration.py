"""What a conversion finds out from data: the activations of every site, and samples for later passes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from torch import Tensor, fx

from ..calib import Rule, Statistics, statistics_of, takes_gradients, takes_learned
from ..calib.calibrate import collect
from ..calib.checkpoint import Checkpoint
from ..calib.samples import SAMPLES, SampleBuffer, portions, run_at_once
from ..calib.synthetic import synthetic_batches
from ..capture.examples import Examples
from ..graph.activations import Activation, is_learned
from ..graph.lookups import Lookup, lookups_in
from ..graph.sites import activation_sites
from ..graph.whole_inputs import require_rows
from ..methods import Method
from ..progress import track


def statistics(
    canonical: fx.GraphModule,
    raised: fx.GraphModule,
    examples: Examples,
    analog: Collection[str],
    setting: Method,
    rule: Rule,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> tuple[dict[str, Statistics], list[tuple[Tensor, ...]], list[str]]:
    """The activations of every site on the calibration data, samples for later passes if there are any, and notices.

    Nothing is run where every threshold was learned and nothing else is to be calibrated.
    """
    if not needs_calibration(canonical, analog, setting):
        empty = {name: statistics_of(setting.granularity) for name in activation_sites(canonical)}
        return empty, [], list(examples.notices)
    batches, notices = calibration_batches(raised, examples, seed)
    kept = SampleBuffer(
        portions(batches, run_at_once(canonical)), SAMPLES if setting.corrections or takes_gradients(rule) else 0
    )
    found = collect(canonical, kept, setting.granularity, checkpoint)
    if setting.needs != "nothing" and takes_learned(setting.threshold) and not all_learned(canonical, analog):
        notices.append(f"thresholds calibrated; the published {setting.name} trains them (snnconv finetune)")
    return found, kept.samples, notices


def needs_calibration(canonical: fx.GraphModule, analog: Collection[str], setting: Method) -> bool:
    """Whether anything is found from activations: a threshold that was not learned, or a correction."""
    learned = all_learned(canonical, analog) and takes_learned(setting.threshold)
    return not learned or bool(setting.corrections)


def all_learned(canonical: fx.GraphModule, analog: Collection[str]) -> bool:
    """Whether training said at every site that spikes where the activation ends."""
    spiking = [canonical.get_submodule(name) for name in activation_sites(canonical) if name not in analog]
    return all(isinstance(site, Activation) and is_learned(site) and site.ceiling is not None for site in spiking)


def calibration_batches(
    raised: fx.GraphModule, examples: Examples, seed: int
) -> tuple[Iterable[tuple[Tensor, ...]], list[str]]:
    """The user's batches, or synthetic ones, with the notices that say so."""
    if examples.batches is not None:
        batches = known_words(examples.batches, lookups_in(raised.graph))
        return track(batches, "calibrating", examples.count), list(examples.notices)
    batches, notice = synthetic_batches(raised, examples.shapes, seed)
    moved = [tuple(leaf.to(like) for leaf, like in zip(batch, examples.leaves)) for batch in batches]
    return track(moved, "calibrating"), [*examples.notices, notice]


def known_words(batches: Iterable[tuple[Tensor, ...]], lookups: Sequence[Lookup]) -> Iterator[tuple[Tensor, ...]]:
    """The batches, each looked through for whole numbers that the network has no row for."""
    for number, leaves in enumerate(batches):
        require_rows(lookups, leaves, f"calibration batch {number}")
        yield leaves
