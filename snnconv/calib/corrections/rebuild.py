"""A network with other site plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...network import SpikingNetwork
from ...plan import SitePlan


def with_sites(snn: SpikingNetwork, sites: Mapping[str, SitePlan]) -> SpikingNetwork:
    """The same network, the named sites planned anew; the one given stays."""
    plan = replace(snn.plan, sites={**snn.plan.sites, **sites})
    corrected = SpikingNetwork(snn.ann, plan)
    corrected.T, corrected.chunk = snn.T, snn.chunk
    return corrected
