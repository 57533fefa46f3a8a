"""Running a diagnosis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor
from torch.utils import _pytree as pytree

from ...convert.data_argument import takes_data
from ...errors import InputError
from ...measure.evaluate import (
    arguments_of,
    batches_in,
    first_tensor,
    normalization_of,
    require_one_size,
    require_same_size,
)
from ...network import SpikingNetwork
from ...progress import track
from ...provenance import provenance
from ...steps import checked_steps
from .advice import verdict
from .result import Diagnosis, SiteDiagnosis
from .sums import SiteSums, Watch

DOING = "a diagnosis, which looks at single neurons,"


@takes_data("data")
def diagnose(snn: SpikingNetwork, data: Iterable[Any], *, T: int | None = None, seed: int = 0) -> Diagnosis:
    """Compare every site of a spiking network with the ANN it was made from, on the same samples.

    Errors are those of the T steps that the output is read from. Steps of warm-up before them are latency; what the
    neurons fire in them counts in the firing rate, and who is silent is so in them too.

    Args:
        data: batches, labelled or not; labels are not looked at.
        T: time steps after the warm-up; default `snn.T`.
        seed: for the record; nothing here is random.

    Raises:
        InputError: T < 1, or the data are empty or do not fit the network.
    """
    T = checked_steps(snn.T if T is None else T)
    require_one_size(data, DOING)
    watch, outputs, samples = Watch(snn, T), OutputSums(), 0
    first: list[tuple[int, ...]] | None = None
    for number, batch in enumerate(track(data, "diagnosing", batches_in(data))):
        arguments = arguments_of(snn, batch, f"batch {number}")
        first = require_same_size(arguments, first, DOING, f"batch {number}")
        run = snn.run(arguments, T=T, observers=[watch], count=False, keep_state=False)
        outputs.add(run.logits, watch.compare(arguments))
        samples += run.batch
    if not samples:
        raise InputError("the data is empty", expected="at least one batch", got="none")
    sites = [site_diagnosis(site, sums, snn.warm_up + T) for site, sums in watch.sites.items()]
    return Diagnosis(
        sites=sites,
        analog=[name for name in snn.plan.sites if name not in watch.sites],
        T=T,
        warm_up=snn.warm_up,
        samples=samples,
        data=str(getattr(data, "name", "data")),
        output_error=outputs.relative_error,
        agreement=None if outputs.agreeing is None else 100 * outputs.agreeing / samples,
        verdict=verdict(sites, snn.plan.sites),
        settings=dict(snn.plan.settings),
        normalization=normalization_of(data, snn),
        notices=list(snn.plan.notices),
        provenance=provenance(seed),
    )


def site_diagnosis(site: str, sums: SiteSums, steps: int) -> SiteDiagnosis:
    """Means and shares out of the sums.

    Args:
        steps: simulated, the warm-up included.
    """
    assert sums.fired_once is not None
    neurons = sums.fired_once.numel()
    return SiteDiagnosis(
        site=site,
        neurons=neurons,
        firing_rate=sums.spikes / sums.values / steps,
        silent=100 * sums.silent / sums.values,
        dead=100 - 100 * int(sums.fired_once.sum()) / neurons,
        saturated=100 * sums.at_limit / sums.values / steps,
        negative=100 * sums.negative / sums.spikes if sums.spikes else 0.0,
        activation=sums.activation / sums.values,
        bias=sums.error / sums.values,
        signed_bias=sum(sums.signed.values()) / sums.values,
        absolute={part: value / sums.values for part, value in sums.absolute.items()},
        signed={part: value / sums.values for part, value in sums.signed.items()},
        squared={part: 100 * value / sums.power if sums.power else 0.0 for part, value in sums.squared.items()},
    )


class OutputSums:
    """The networks' outputs, compared.

    Attributes:
        agreeing: samples of the same class, or None where the output is not one [B, classes] of two classes or more.
    """

    def __init__(self) -> None:
        self.agreeing: int | None = 0
        self._difference = self._size = 0.0

    def add(self, means: Any, wanted: Any) -> None:
        """The SNN's running means [T, B, …] and the ANN's output [B, …], or trees of such."""
        for ours, theirs in zip(tensors(means), tensors(wanted)):
            self._difference += float((ours[-1].double() - theirs.double()).square().sum())
            self._size += float(theirs.double().square().sum())
        one, scores = first_tensor(means), first_tensor(wanted)
        if scores.dim() != 2 or scores.shape[1] < 2 or len(tensors(wanted)) != 1 or self.agreeing is None:
            self.agreeing = None
        else:
            self.agreeing += int((one[-1].argmax(-1) == scores.argmax(-1)).sum())

    @property
    def relative_error(self) -> float | None:
        """In %."""
        return 100 * (self._difference / self._size) ** 0.5 if self._size else None


def tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, Tensor) and leaf.is_floating_point()]
