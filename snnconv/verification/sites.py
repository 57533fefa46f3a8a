"""What became of every activation site, and what stays analog by nature."""

from __future__ import annotations

from typing import Any

import torch

from ..convert.preflight import SHOWN, Report, preflight
from ..convert.verdicts import Entry, Standing
from ..graph.activations import Activation
from ..graph.levels import Levels
from ..graph.sites import level_sites
from ..network import SpikingNetwork
from ..neurons import Neuron, Tracking
from .result import Check, SiteVerdict
from .spikes import Range

SAME = 1e-5  # of a level
EXPECTED = "every activation site spikes, or is kept analog as asked, and all other operations follow means"


def report_of(snn: SpikingNetwork) -> Report:
    """The pre-flight report of a converted network, from its canonical ANN and its plan."""
    kept = {name for name, site in snn.plan.sites.items() if site.neuron is None}
    standing: dict[str, Standing] = {
        name: stands for name, neuron in snn.sites.items() if (stands := standing_of(snn, name, neuron))
    }
    norms = snn.ann.meta.get("folded_norms", ())
    return preflight(snn.ann, kept, norms, standing, str(snn.plan.settings.get("method", "")))


def standing_of(snn: SpikingNetwork, name: str, neuron: Neuron) -> Standing | None:
    """What stands at a site, where that is not a neuron which integrates and keeps to the end of a clip."""
    activation = snn.ann.get_submodule(name)
    assert isinstance(activation, Activation)
    if isinstance(neuron, Tracking):
        return "levels" if activation.levels is not None and sends_levels(neuron, activation.levels) else "tracking"
    return "beyond" if activation.ceiling is not None and neuron.overshoots else None


def sends_levels(neuron: Tracking, levels: Levels) -> bool:
    """Whether a spike is one level of the ANN's, and one step carries all of them."""
    step = levels.step.float().to(neuron.theta).flatten()
    is_one = torch.allclose(neuron.theta.flatten(), step, rtol=SAME, atol=0)
    return is_one and neuron.beta >= (levels.largest or 1)


def site_verdicts(report: Report, snn: SpikingNetwork | None, ranges: dict[str, Range]) -> dict[str, SiteVerdict]:
    """{activation site: what became of it}.

    Args:
        snn: None where the conversion was refused.
        ranges: {site that spikes: its spikes}.
    """
    entries = [entry for entry in report.entries if entry.kind == "activation"]
    return {entry.site: site_verdict(entry, snn, ranges.get(entry.site)) for entry in entries}


def site_verdict(entry: Entry, snn: SpikingNetwork | None, spikes: Range | None) -> SiteVerdict:
    neuron = snn.plan.sites[entry.site].neuron if snn is not None and entry.site in snn.sites else None
    return SiteVerdict(
        operation=entry.operation,
        verdict=entry.verdict,
        neuron=neuron,
        detail=entry.detail,
        source=entry.source,
        remedy=entry.remedy,
        least=None if spikes is None else spikes.least,
        most=None if spikes is None else spikes.most,
    )


def analog_operators(report: Report) -> list[dict[str, Any]]:
    return [{"site": entry.site, "operation": entry.operation, "macs": entry.macs} for entry in report.analog]


def unsupported_operations(report: Report) -> list[dict[str, Any]]:
    names = ("site", "operation", "detail", "source", "remedy")
    return [{name: getattr(entry, name) for name in names} for entry in report.unsupported]


def sites_check(report: Report, snn: SpikingNetwork) -> Check:
    """N of N activation sites spike, those left out that were to stay analog."""
    names = [entry.site for entry in report.entries if entry.kind == "activation"]
    spiking = [name for name in names if name in snn.sites]
    kept = [name for name in names if name in snn.plan.sites and snn.plan.sites[name].neuron is None]
    held = not report.unsupported and len(spiking) + len(kept) == len(names)
    got = f"{len(spiking)} of {len(names)} spike" + (f", {len(kept)} kept analog" if kept else "")
    return Check("sites", held, EXPECTED, got + refused(report))


def levels_check(snn: SpikingNetwork) -> Check | None:
    """Quantised activations are sent or followed, not rounded to levels of a neuron's own; None where there are none.

    At the one T of a published method other neurons may give the same levels; at most others an error stays.
    """
    sites = {name: snn.sites[name] for name in level_sites(snn.ann) if name in snn.sites}
    other = [name for name, neuron in sites.items() if not isinstance(neuron, Tracking)]
    if not sites:
        return None
    method, shown = snn.plan.settings.get("method"), ", ".join(other[:SHOWN]) + ", …" * (len(other) > SHOWN)
    got = f"levels of {method} at {len(other)} of {len(sites)}: {shown}; remedy: method='auto'"
    right = f"the ANN's at {len(sites)} of {len(sites)} quantised activations"
    return Check("levels", not other, "the ANN's own levels, sent or followed", got if other else right)


def refusal_check(report: Report, message: str) -> Check:
    """The conversion was refused.

    Args:
        message: why, where the report does not say it.
    """
    return Check("sites", False, EXPECTED, f"the conversion is refused{refused(report) or f': {message}'}")


def refused(report: Report) -> str:
    names = [f"{entry.site} ({entry.operation})" for entry in report.unsupported]
    return f", cannot be converted: {', '.join(names)}" if names else ""
