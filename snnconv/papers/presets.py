"""Sets of settings with names of their own, as published tables compare them."""

from __future__ import annotations

from collections.abc import Callable

from ..bench.setting import Setting
from ..registry import Registry

PRESETS: Registry[Callable[[], list[Setting]]] = Registry("preset")


@PRESETS.register("sdm-table2")
def sdm_table2() -> list[Setting]:
    """M mapping, D dual threshold (negative spikes), B burst (β = 2), S scaling (α = 0.5), in all combinations.

    Source: You et al., IEEE TCDS 2024, Table II; the settings are those of the recipe.
    """
    from .library import recipes  # recipes are measured by sweeps of settings

    rows = recipes()["sdm-table2"].rows
    return [Setting(row.method, row.settings, name=row.name) for row in rows if row.method is not None]
