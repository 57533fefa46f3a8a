"""The result of a diagnosis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ...documents import Count, Steps
from ...measure.result import Result
from .split import PARTS


@dataclass(frozen=True)
class SiteDiagnosis:
    """One site, over all samples and neurons: firing in all steps, errors after the T of the output. Shares are in %.

    Attributes:
        site: its name. neurons: per sample.
        firing_rate: spikes (negative ones too; a burst of k counts k, a binary-weighted one the 1 bits of k) per neuron
            and step, the warm-up included.
        silent: neurons that fired no spike for a sample; the mean over samples.
        dead: neurons that fired for no sample at all.
        saturated: steps with as many spikes as the neuron may fire, β.
        negative: spikes that were negative, of all spikes.
        activation: mean |a| of the ANN. bias: mean |φ − a|, φ the mean output of the neuron, in the same unit.
        signed_bias: mean φ − a.
        absolute: {part of the error: mean |part|}, parts as in `split_error`. They can partly cancel: their sum is at
            least `bias`.
        signed: {part of the error: mean of it}, which add up to `signed_bias`.
        squared: {part of the error: its mean square in % of the mean square of a}. Few large errors, as of clipping,
            weigh more here than in `absolute`, and more in what the network gives.
    """

    site: str
    neurons: Count
    firing_rate: float
    silent: float
    dead: float
    saturated: float
    negative: float
    activation: float
    bias: float
    signed_bias: float
    absolute: dict[str, float]
    signed: dict[str, float]
    squared: dict[str, float]

    def relative(self, value: float) -> float | None:
        """An error in % of the mean activation; None where the ANN's activations are all 0."""
        return 100 * value / self.activation if self.activation else None

    @property
    def relative_bias(self) -> float | None:
        return self.relative(self.bias)

    def share(self, part: str) -> float:
        """Of all parts' mean sizes, that of one, in %."""
        whole = sum(self.absolute.values())
        return 100 * self.absolute[part] / whole if whole else 0.0


@dataclass(frozen=True)
class Diagnosis(Result):
    """Where a spiking network departs from its ANN.

    Attributes:
        sites: in execution order. analog: the activation sites that do not spike, which make no error of their own.
        output_error: ‖SNN − ANN‖ / ‖ANN‖ in % of the networks' outputs, over all samples (L2); None where the ANN's
            outputs are all 0.
        agreement: samples for which both give the same class, in %; None where the output is not [B, classes].
        verdict: where the error comes from and what helps, in words.
        warm_up: steps before the T that the output is read from, which some methods need.
    """

    NAME: ClassVar[str] = "diagnose"
    # Four panels over the sites: firing, silence and saturation, activation bias, the error split.
    PICTURE = "snnconv.plots.diagnose.plot_diagnosis"

    sites: list[SiteDiagnosis]
    analog: list[str]
    T: Steps
    samples: Count
    data: str
    output_error: float | None
    agreement: float | None
    verdict: str
    settings: dict[str, Any]
    normalization: dict[str, Any] | None
    notices: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    warm_up: Count = 0

    @property
    def latency(self) -> int:
        """Steps from the input to the output: T, and those of the warm-up."""
        return self.warm_up + self.T

    @property
    def time(self) -> str:
        """`T = 4`, with what of the latency comes before."""
        return f"T = {self.T}" + (f" after {self.warm_up} steps of warm-up" if self.warm_up else "")

    def worst_first(self) -> list[SiteDiagnosis]:
        """By bias relative to the mean activation; sites where the ANN is always 0 come last."""
        return sorted(self.sites, key=lambda site: -1.0 if site.relative_bias is None else site.relative_bias)[::-1]

    def table(self) -> list[dict[str, Any]]:
        """One row a site, in execution order."""
        return [row_of(site) for site in self.sites]


def row_of(site: SiteDiagnosis) -> dict[str, Any]:
    plain = {name: value for name, value in vars(site).items() if not isinstance(value, dict)}
    signed = {f"signed_{part}": site.signed[part] for part in PARTS}
    squared = {f"squared_{part}": site.squared[part] for part in PARTS}
    absolute = {part: site.absolute[part] for part in PARTS}
    return {**plain, "relative_bias": site.relative_bias, **absolute, **signed, **squared}
