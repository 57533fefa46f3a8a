"""What became of every activation site, and what stays analog by nature."""

from __future__ import annotations

from typing import Any

from ..convert.passes.sites import level_sites
from ..convert.preflight import Report, preflight
from ..convert.verdicts import Entry
from ..network import SpikingNetwork
from .result import Check, SiteVerdict
from .spikes import Range

EXPECTED = "every activation site spikes, or is kept analog as asked, and all other operations follow means"


def report_of(snn: SpikingNetwork) -> Report:
    """The pre-flight report of a converted network, from its canonical ANN and its plan."""
    kept = {name for name, site in snn.plan.sites.items() if site.neuron is None}
    rate = max((neuron.scale * getattr(neuron, "beta", 1) for neuron in snn.sites.values()), default=1.0)
    sent = {name for name in level_sites(snn.ann) if snn.plan.sites[name].neuron == "tracking"}
    return preflight(snn.ann, kept, snn.ann.meta.get("folded_norms", ()), rate, sent)


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


def refusal_check(report: Report, message: str) -> Check:
    """The conversion was refused.

    Args:
        message: why, where the report does not say it.
    """
    return Check("sites", False, EXPECTED, f"the conversion is refused{refused(report) or f': {message}'}")


def refused(report: Report) -> str:
    names = [f"{entry.site} ({entry.operation})" for entry in report.unsupported]
    return f", cannot be converted: {', '.join(names)}" if names else ""
