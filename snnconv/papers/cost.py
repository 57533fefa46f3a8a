"""Energy as the papers count it: two kinds of operations, each at its price."""

from __future__ import annotations

from ..cost.energy.horowitz import HOROWITZ


def energy_mj(macs: float, acs: float = 0.0) -> float:
    """4.6 pJ · macs + 0.9 pJ · acs, both in G operations, in mJ (1 G · 1 pJ = 1 mJ).

    Source: Horowitz 2014 (45 nm, FP32), as in You et al. 2024, Eq. 13, and in the tables of ReSpike and SVFormer.
    """
    return HOROWITZ.float_mac * macs + HOROWITZ.float_ac * acs
