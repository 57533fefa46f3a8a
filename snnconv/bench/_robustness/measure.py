"""Running a measurement of robustness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from torch import Tensor

from ...convert.data_argument import takes_data
from ...data import DataSource
from ...errors import InputError
from ...measure.evaluate import LabelledBatch, batches_as_they_come, normalization_of, require_sizes
from ...measure.scoring import Network, Scores, hits, scoring
from ...measure.steps import check_steps
from ...network import SpikingNetwork
from ...provenance import provenance
from .noise import NOISES, check_levels, clipped
from .result import CLEAN, NoiseRow, Robustness

Case = tuple[str, float]  # kind and level of noise


@takes_data("data")
def robustness(
    network: Network,
    data: Iterable[Any],
    *,
    T: int | None = None,
    gaussian: Sequence[float] = (0.1, 0.5, 1.0),
    salt_pepper: Sequence[float] = (0.1, 0.2, 0.3),
    clip: bool = True,
    name: str | None = None,
    seed: int = 0,
) -> Robustness:
    """Measure accuracy without noise and with several levels of two kinds.

    Noise is added to the inputs before they are normalised, and before a clip goes to several pathways, which see the
    same noise (a `DataSource` says how; what other loaders yield is taken as it is). It depends on the seed and the
    place of a sample in the data alone, and a higher level is the same noise, stronger: all networks see the same
    inputs, whatever the batch size. Gaussian noise has σ = a · the standard deviation of the frame, all channels
    together. Of salt-and-pepper noise each pixel becomes, all channels together, the least or the greatest value with
    P/2 each: 0 and 1, or what the sample reaches beyond, as counts of events do. The levels are those of SVFormer's
    Table 2. That paper's tables do not tell whether noisy frames were clipped.

    Args:
        network: converted, in which case its ANN is measured beside it; or any other, which runs as it is.
        data: batches with integer labels.
        T: time steps of a converted network; default its own.
        gaussian: values of a, above 0. salt_pepper: values of P, above 0 and at most 1.
        clip: bring values back into the range of the sample before, as a camera would.
        name: of a network that is not converted, for the table.
        seed: of the noise.

    Raises:
        InputError: a level out of range or none, a seed below 0, time steps for a network without, inputs that are no
            floats or that the network cannot run on, no labels, or an output that is not [B, classes].
    """
    levels = {"gaussian": check_levels("gaussian", tuple(gaussian)),
              "salt-pepper": check_levels("salt-pepper", tuple(salt_pepper))}  # fmt: skip
    if not any(levels.values()):
        raise InputError("there is no noise to measure", expected="a level of gaussian or of salt-and-pepper noise")
    cases: list[Case] = [(CLEAN, 0.0), *((kind, level) for kind in levels for level in levels[kind])]
    if seed < 0:
        raise InputError("the seed is below 0", expected="0, 1, …", got=str(seed))
    if T is not None and not isinstance(network, SpikingNetwork):
        raise InputError("this network is not converted: it has no time steps to choose", remedy="leave T out")
    steps = check_steps([network.T if T is None else T])[0] if isinstance(network, SpikingNetwork) else None
    if isinstance(network, SpikingNetwork):
        networks: dict[str, Network] = {f"SNN, T={steps}": network, "ANN": network.ann}
    else:
        networks = {name or type(network).__name__: network}
    require_sizes(network, data)
    raw = data.unprepared() if isinstance(data, DataSource) else data
    correct = dict.fromkeys(((entrant, case) for entrant in networks for case in cases), 0)
    samples = 0
    with ExitStack() as stack:
        running: dict[str, Scores] = {
            entrant: stack.enter_context(scoring(each, steps)) for entrant, each in networks.items()
        }
        for batch in batches_as_they_come(raw, "measuring robustness"):
            for case, noisy in noisy_batches(batch, cases, samples * batch.views, seed, clip):
                ready = prepared(noisy, data)
                for entrant, scores in running.items():
                    correct[entrant, case] += hits(scores, ready)
            samples += len(batch.labels)
    plan = network.plan if isinstance(network, SpikingNetwork) else None
    return Robustness(
        rows=[NoiseRow(entrant, *case, 100 * count / samples) for (entrant, case), count in correct.items()],
        clipped=clip,
        samples=samples,
        data=str(getattr(data, "name", "data")),
        T=steps,
        settings={} if plan is None else dict(plan.settings),
        normalization=normalization_of(data, network if isinstance(network, SpikingNetwork) else None),
        notices=[] if plan is None else list(plan.notices),
        provenance=provenance(seed),
    )


def noisy_batches(
    batch: LabelledBatch, cases: Sequence[Case], start: int, seed: int, clip: bool
) -> Iterator[tuple[Case, LabelledBatch]]:
    """The batch under every noise.

    Args:
        start: the place of its first row in the data: a sample, or one of its views.
    """
    drawn: dict[str, list[Tensor]] = {}
    for kind, level in cases:
        if kind == CLEAN:
            yield (kind, level), batch
            continue
        if kind not in drawn:
            require_floats(batch)
            drawn = {kind: [NOISES[kind].fields(x, start, seed, which) for which, x in enumerate(batch.arguments)]}
        noisy = [NOISES[kind].add(x, field, level) for x, field in zip(batch.arguments, drawn[kind])]
        if clip:
            noisy = [clipped(y, x) for x, y in zip(batch.arguments, noisy)]
        yield (kind, level), replace(batch, arguments=tuple(noisy))


def require_floats(batch: LabelledBatch) -> None:
    for x in batch.arguments:
        if not x.is_floating_point():
            raise InputError(
                "noise can be added to numbers of floating point only", got=str(x.dtype), where=batch.where
            )


def prepared(batch: LabelledBatch, data: Iterable[Any]) -> LabelledBatch:
    """Noisy samples as the data source would have handed them out: normalised, and for all inputs of the network."""
    if not isinstance(data, DataSource):
        return batch
    (x,) = batch.arguments
    return replace(batch, arguments=data.packed(data.normalized(x)))
