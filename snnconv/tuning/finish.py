"""The chosen network and the record of how it was chosen."""

from __future__ import annotations

from dataclasses import replace

from ..convert.build import build
from ..network import SpikingNetwork
from .budget import Budget
from .resize import least, reached
from .result import Trial, TunedSite
from .rounds import geometric_mean, score_of
from .trial import Candidate


def finished(chosen: Candidate, budget: Budget) -> SpikingNetwork:
    """The network, with its T and with settings that say that it was tuned."""
    snn = chosen.network()
    at_T = {"at_T": chosen.T} if chosen.corrections else {}
    settings = snn.plan.settings | {"threshold": "tuned", "budget": f"at most {budget.words}"} | at_T
    tuned = build(snn.ann, replace(snn.plan, T=chosen.T, settings=settings))
    tuned.chunk = snn.chunk
    return tuned


def trial_of(candidate: Candidate, chosen: bool) -> Trial:
    return Trial(
        setting=candidate.family.setting.label,
        T=candidate.T,
        latency=candidate.T + candidate.family.base.warm_up,
        factor=geometric_mean(candidate),
        corrections=candidate.corrections,
        refined=candidate.refined,
        chosen=chosen,
        score=score_of(candidate),
    )


def tuned_sites(snn: SpikingNetwork) -> list[TunedSite]:
    found: list[TunedSite] = []
    for name, neuron in snn.sites.items():
        site, theta = snn.plan.sites[name], neuron.theta.flatten()
        spread = (float(theta.min()), float(theta.median()), float(theta.max()))
        most = least(reached(site, neuron), neuron.theta, int(neuron.reach(1)))
        found.append(TunedSite(name, str(site.neuron), spread, most))
    return found
