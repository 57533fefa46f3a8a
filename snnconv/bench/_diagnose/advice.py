"""A diagnosis in words: where the error comes from, and what helps against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...neurons import NEURONS
from ...plan import SitePlan
from .result import SiteDiagnosis
from .split import PARTS

MEANING = {
    "clipping": "activations outside the neuron's range",
    "quantisation": "too few levels",
    "unevenness": "the input comes unevenly in time",
}
OWN = tuple(MEANING)


def verdict(sites: Sequence[SiteDiagnosis], plans: Mapping[str, SitePlan]) -> str:
    """The worst site and the part that prevails there; then what the sites add themselves, the part that prevails
    among them, and the remedy.

    What the sites add is compared by mean squares, each site's in units of its mean a²: a clipped activation is rare
    but far off, and changes what follows more than rounding that averages out, though its mean size be smaller.

    Args:
        plans: {site: what stands there}, which the remedy depends on.
    """
    judged = [site for site in sites if site.activation]
    if not any(site.bias for site in judged):
        return "The mean output of every site equals the ANN's activation."
    worst = max(judged, key=lambda site: site.bias / site.activation)
    largest = max(PARTS, key=worst.absolute.__getitem__)
    said = [
        f"The error is largest at {worst.site}: its mean outputs are off by {worst.relative_bias:.1f} % of the mean "
        f"activation; {worst.share(largest):.0f} % of that is {described(largest)}."
    ]
    added = {part: sum(site.squared[part] for site in judged) for part in OWN}
    if any(added.values()):
        part = max(OWN, key=added.__getitem__)
        source = max(judged, key=lambda site: site.squared[part])
        share = 100 * added[part] / sum(added.values())
        said.append(
            f"Of what the sites add themselves, {share:.0f} % (of the squares) is {described(part)}, most of it at "
            f"{source.site}. What helps: {remedy(part, plans[source.site])}."
        )
    return " ".join(said)


def described(part: str) -> str:
    if part == "inherited":
        return "inherited from the layers before it"
    return f"{part} ({MEANING[part]})"


def remedy(part: str, plan: SitePlan) -> str:
    """What to change in the conversion."""
    if part == "clipping" and "bits" in plan.options:
        return "a larger α, or a higher threshold (as percentile:99.99 or max)"
    if part == "clipping":
        return "a larger α·β, or a higher threshold (as percentile:99.99 or max)"
    if part == "quantisation" and "bits" in plan.options:
        return "more time steps, or more bits"
    if part == "quantisation" and "beta" not in plan.options:
        return "more time steps, or neurons that fire several smaller spikes a step (method sdm or auto)"
    if part == "quantisation":
        return "more time steps, or a smaller α with β raised so that α·β stays"
    if plan.neuron is not None and (NEURONS[plan.neuron].differential or not NEURONS[plan.neuron].integrates):
        return "more time steps"
    if not plan.options.get("down_limit"):
        return "more time steps, or neurons that take early spikes back (method sdm or auto)"
    if plan.options.get("retract") == "threshold":
        return "more time steps, or retract=zero"
    return "more time steps"
