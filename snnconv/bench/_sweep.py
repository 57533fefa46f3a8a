"""Accuracy, spikes and cost against time steps, in one run of the longest T: every shorter one is a prefix of it.

Networks are measured one after the other (`simulations.py`), each on all batches; what a batch gives
stands in a journal (`journal.py`), and the results are of all batches (`assemble.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, is_dataclass
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any

from ..convert.data_argument import takes_data
from ..cost.energy import EnergyModel
from ..cost.energy import energy_model as find_energy_model
from ..data import DataSource
from ..errors import InputError
from ..files import alone_in
from ..fingerprint import (
    batch_digests,
    describe_data,
    digest,
    fingerprint,
    require_repeatable,
    require_same_batch,
    require_same_length,
)
from ..measure.configurations import require_same_work
from ..measure.distributed import Group, together
from ..measure.evaluate import batches_in, report_unread_files, require_sizes
from ..measure.metrics import Metric, metric_of
from ..measure.steps import check_steps
from ..measure.work_queue import WorkQueue
from ..methods.label import label_of
from ..network import SpikingNetwork
from ..notices import each_once
from ..placement import placement_of
from ..plan import KINDS
from ..progress import progress
from ._grid import Grid
from .assemble import assemble
from .counting import BatchCounter
from .curves import Baseline as Baseline
from .curves import Curve as Curve
from .curves import Row as Row
from .curves import Sweep as Sweep
from .journal import Ended, Journal, clear, journal_path, journals_in, open_journal
from .simulations import Simulation, simulations

DEFAULT_STEPS = (1, 2, 4, 8, 16)
BASELINES = ("all", "none")
Networks = SpikingNetwork | Mapping[str, SpikingNetwork | Callable[[], SpikingNetwork]]
log = logging.getLogger("snnconv")


@takes_data("data")
def sweep(
    networks: Networks,
    data: Iterable[Any],
    T: Iterable[int] = DEFAULT_STEPS,
    *,
    folder: str | PathLike[str] | None = None,
    overwrite: bool = False,
    energy_model: str | EnergyModel = "45nm",
    baselines: str = BASELINES[0],
    metric: str | Metric | None = None,
    seed: int = 0,
) -> Sweep:
    """Evaluate spiking networks of one ANN on labelled batches at several numbers of time steps, and the ANN beside.

    A setting runs once, for the longest T; one of a `grid` whose set-up depends on T (`Setting.at_T`) is converted
    and run for every T. Warm-up steps are counted in spikes, operations and energy, and in `Row.latency`.

    With a `folder`, every finished batch is noted in a journal there: the same call again continues where a former one
    stopped, and the results are written there at the end. Interrupted (Ctrl-C), the whole batches so far are written
    as results with `complete` false. In several processes (torchrun) each takes its share of the batches.

    Args:
        networks: a network, or {label: network or function that makes it}, as `grid` gives. A function is called when
            its network is needed; its label has to say what it makes.
        data: batches with integer labels, such as (x, y) or dicts, the same in the same order whenever they are read
            (with a folder this is checked); see `snnconv.data.open_data`. A loader is read once beforehand.
        T: time steps, each at least 1.
        folder: of the journal and the results; None: nothing is written.
        overwrite: drop the journal that is there, and start afresh.
        energy_model: name, file of constants, or model.
        baselines: "all": the ANN quantised to 8 and to 4 bits is evaluated once beside the networks; "none": it is
            not. The ANN itself is always evaluated.
        metric: what networks are judged by: "top1", "top5", "mean-per-class" of labels; "agreement" (the ANN's class)
            and "error" (relative to the ANN's output) without; or a `Metric`. None: top1, agreement without labels.

    Raises:
        InputError: no labels, labels that the network has no class for, an output that is not [B, classes], a folder
            with a sweep of another configuration.
    """
    steps = check_steps(T)
    named = {label_of(networks.plan.settings): networks} if isinstance(networks, SpikingNetwork) else networks
    planned = simulations(named, steps)
    model = find_energy_model(energy_model)
    if baselines not in BASELINES:
        raise InputError("no such baselines", expected=" or ".join(BASELINES), got=repr(baselines))
    called, judge = metric_of(metric, data)
    require_readable(named, data)
    root = None if folder is None else Path(folder)
    known = batch_digests(data)
    configuration = {
        **describe_networks(named),
        "data": describe_data(data, known),
        "T": list(steps),
        "energy_model": describe_energy(model),
        "baselines": baselines,
        "metric": called,
        "seed": seed,
        "versions": {name: version(name) for name in ("snnconv", "torch")},
    }
    with together() as group, ExitStack() as held:
        if root is not None and group.first:
            held.enter_context(alone_in(root, Sweep.NAME))
        if root is not None and overwrite and group.first:
            clear(root)
        require_same_work(configuration, group)  # and nobody reads what is about to be cleared
        journal = open_journal(root, configuration, group.rank, fresh=overwrite)
        exchange(journal, group)
        try:
            kept = known if root is not None or group.size > 1 else None
            reference = reference_of(named) if baselines != "none" else None
            measure(journal, planned, reference, data, model, group, judge, kept)
        except KeyboardInterrupt:
            if root is not None and group.first:
                keep_partial(root, configuration, planned, model, judge, seed)
            raise
        finally:
            journal.close()
        exchange(journal, group)
        report_unread_files(data, group)
        result = assemble(journal, planned, model, judge, seed)
        if root is not None and group.first:
            result.save(root)
    return result


def measure(
    journal: Journal,
    planned: Sequence[Simulation],
    reference: str | None,
    data: Iterable[Any],
    model: EnergyModel,
    group: Group,
    metric: Metric,
    known: Sequence[str] | None = None,
) -> None:
    """Add what is missing to the journal, this process its share: whole settings, at the end some of others' batches.

    Args:
        reference: the setting with whose thresholds the ANN is quantised; those of its longest T. None: it is not.
        known: digests of the batches, which have to be the same each time they are read; None: nobody compares.
    """
    total = batches_in(data)
    whole = None if total is None else total * len(planned)
    last = max((place for place, simulation in enumerate(planned) if simulation.setting == reference), default=None)
    queue, shown = WorkQueue(group), 0
    with each_once(), progress("sweeping", whole, len(journal.counted)) as bar:
        for position in queue.positions(len(planned)):
            simulation = planned[position]
            bar.describe(f"{simulation.name} ({position + 1} of {len(planned)})")
            meter: BatchCounter | None = None
            mine = queue.draw(simulation.name)
            for place, (number, read) in enumerate(missing_batches(journal, simulation.name, data, known, metric)):
                group.check()
                if place != mine:
                    continue
                if meter is None:
                    baselines = {"with_ann": position == 0, "with_quantised": position == last}
                    meter = BatchCounter(
                        simulation.name, simulation.made(), simulation.steps, data, model, metric, **baselines
                    )
                    require_sizes(meter.snn, data)
                    journal.add(meter.converted())
                for record in meter.count(read(), number):
                    journal.add(record)
                mine = queue.draw(simulation.name)
                done = queue.draw("done") + 1  # by all
                bar.advance(done - shown)
                shown = done


def missing_batches(
    journal: Journal, name: str, data: Iterable[Any], known: Sequence[str] | None, metric: Metric
) -> Iterator[tuple[int, Callable[[], Any]]]:
    """The batches that a simulation still lacks: their number, and what reads them."""
    if isinstance(data, DataSource):
        if journal.batches is None:
            journal.add(Ended(data.batches))
        for number in range(data.batches):
            if (name, number) not in journal.counted:
                yield number, lambda number=number: data.batch(number, labelled=metric.labelled)
    elif journal.batches is None or any((name, n) not in journal.counted for n in range(journal.batches)):
        count = 0
        for number, batch in enumerate(data):
            count += 1
            require_same_batch(batch, number, known)
            if (name, number) not in journal.counted:
                yield number, lambda batch=batch: batch
        if not count:
            raise InputError("the test data is empty", expected="at least one labelled batch", got="none")
        require_same_length(count, known)
        journal.add(Ended(count))


def exchange(journal: Journal, group: Group) -> None:
    """Every process learns what all others know."""
    if group.size > 1:
        for records in group.gather(journal.records()):
            journal.take(records)


def keep_partial(
    folder: Path,
    configuration: dict[str, Any],
    planned: Sequence[Simulation],
    model: EnergyModel,
    metric: Metric,
    seed: int,
) -> None:
    """Results of the whole batches so far, of all processes; none where the first simulation has no batch yet."""
    if not journals_in(folder):
        return
    journal = open_journal(folder, configuration)
    if any(name == planned[0].name and batch.samples for (name, _), batch in journal.counted.items()):
        partial = assemble(journal, planned, model, metric, seed)
        partial.save(folder)
        log.warning(f"results of {partial.samples} samples are in {folder}; the same command again continues")
    else:
        log.warning(f"what was measured is in {journal_path(folder, 0)}; the same command again continues")


def reference_of(networks: Mapping[str, Any]) -> str:
    """Whose thresholds the quantised ANN takes: the first that is calibrated per channel, else the first."""
    if isinstance(networks, Grid):
        found = {label: setting.resolved["granularity"] for label, setting in networks.settings.items()}
    else:
        plans = {label: getattr(network, "plan", None) for label, network in networks.items()}
        found = {label: plan and plan.settings.get("granularity") for label, plan in plans.items()}
    return next((label for label, kind in found.items() if kind == "channel"), next(iter(networks)))


def describe_networks(networks: Mapping[str, Any]) -> dict[str, Any]:
    """What the networks are, as far as it can be told without making them."""
    if isinstance(networks, Grid):
        return {**networks.about, "settings": {label: s.resolved for label, s in networks.settings.items()}}
    found = {}
    for label, network in networks.items():
        found[label] = describe_network(network) if isinstance(network, SpikingNetwork) else None
    return {"networks": found}


def describe_energy(model: EnergyModel) -> Any:
    """The constants where it has such."""
    return asdict(model) if is_dataclass(model) else model.name  # type: ignore[arg-type]


def describe_network(snn: SpikingNetwork) -> dict[str, Any]:
    """By what it computes: when and from which file it was made does not matter."""
    sites = snn.plan.sites.values()
    found = {f"{site.name}:{kind}": getattr(site, kind) for site in sites for kind, _ in KINDS}
    first = placement_of(snn)
    return {
        "settings": {**snn.plan.settings, "sites": [[site.name, site.neuron, site.options] for site in sites]},
        "sha256": digest(fingerprint(snn.ann), found),
        "device": str(first.device),
        "dtype": str(first.dtype),
    }


def require_readable(networks: Mapping[str, Any], data: Iterable[Any]) -> None:
    """Refuse what cannot be swept, before any work."""
    if not networks:
        raise InputError("there is no network to sweep", expected="at least one")
    if len(networks) > 1:
        require_repeatable(data, "test")
