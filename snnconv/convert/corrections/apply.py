"""Corrections one after the other, with a record of what they did: a correction that changed nothing is not applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from ...methods.corrections import CORRECTIONS
from ...network import SpikingNetwork
from ...plan import KINDS, SitePlan
from .means import Samples
from .registry import PASSES

SHOWN = 5  # names of sites


def corrected(snn: SpikingNetwork, names: Sequence[str], samples: Samples, T: int) -> SpikingNetwork:
    """The network after every named correction; the one given stays as it is.

    The settings of its plan list the corrections that changed a site, and its notices the sites that each left as they
    were, so that neither promises what was not done.
    """
    if not names:
        return snn
    applied, notices = list(snn.plan.settings.get("corrections", [])), list(snn.plan.notices)
    for name in names:
        before, snn = snn.plan.sites, PASSES[name](snn, samples, T)
        left = [site for site in snn.sites if same(before[site], snn.plan.sites[site])]
        if left:
            shown = ", ".join(left[:SHOWN]) + (", …" if len(left) > SHOWN else "")
            told = f"correction {name!r} left {len(left)} of {len(snn.sites)} sites as they were ({shown})"
            notices.append(f"{told}: {CORRECTIONS[name].leaves}")
        if len(left) < len(snn.sites):
            applied.append(name)
    settings = snn.plan.settings | ({"corrections": applied} if applied else {})
    snn.plan = replace(snn.plan, settings=settings, notices=notices)
    return snn


def same(before: SitePlan, after: SitePlan) -> bool:
    """Whether a correction left the site as it was."""
    pairs = [(getattr(before, kind), getattr(after, kind)) for kind, _ in KINDS]
    return all(a is b or (a is not None and b is not None and torch.equal(a, b)) for a, b in pairs)
