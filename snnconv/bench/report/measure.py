"""Everything that a report can show, measured into one folder."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...network import SpikingNetwork
from ..attention import attention
from ..diagnose import diagnose
from ..distributed import together
from ..energy import EnergyModel, energy
from ..grid import Grid
from ..latency import check_latency, latency
from ..results import Result
from ..steps import check_steps
from ..sweep import sweep

AT = 4  # time steps at which one network is looked at closely
MAPS = (1, 2, 4, 8)  # time steps of the heat-maps
log = logging.getLogger("snnconv")


def measure(
    networks: Mapping[str, SpikingNetwork | Callable[[], SpikingNetwork]],
    data: Iterable[Any],
    T: Iterable[int],
    folder: str | PathLike[str],
    *,
    at: int | None = None,
    within: float = 0.5,
    energy_model: str | EnergyModel = "45nm",
    overwrite: bool = False,
    seed: int = 0,
) -> None:
    """Sweep all networks, then look closely at the last one: energy, diagnosis, latency, attention.

    The last one, because a choice by accuracy would be a choice by the test data. The sweep continues where a former
    run stopped; in several processes (torchrun) the others share the sweep alone.

    Args:
        networks: {label: network or function that makes it}, as `grid` gives.
        at: time steps of energy and diagnosis; None: 4, or the longest T where that is less.
        within: see `latency`.

    Raises:
        InputError: as the single measurements.
    """
    steps = check_steps(T)
    (moment,) = check_steps([min(AT, steps[-1]) if at is None else at])
    check_latency(within, steps[-1])
    with together() as group:
        sweep(networks, data, steps, folder=folder, overwrite=overwrite, energy_model=energy_model, seed=seed)
        if not group.first:
            return
        snn = last_of(networks, moment)
        closely: list[Callable[[], Result]] = [
            lambda: energy(snn, data, T=moment, energy_model=energy_model, seed=seed),
            lambda: diagnose(snn, data, T=moment, seed=seed),
            lambda: latency(snn, data, within=within, T=steps[-1], seed=seed),
        ]
        for look in closely:
            look().save(folder)
        heat_maps(snn, data, [t for t in MAPS if t <= steps[-1]], Path(folder), seed)


def last_of(networks: Mapping[str, SpikingNetwork | Callable[[], SpikingNetwork]], moment: int) -> SpikingNetwork:
    """The last network; where its set-up depends on T, as it is for the moment that is looked at."""
    label, made = list(networks.items())[-1]
    if isinstance(networks, Grid) and networks.settings[label].at_T:
        return networks.maker(label, moment)()
    return made if isinstance(made, SpikingNetwork) else made()


def heat_maps(snn: SpikingNetwork, data: Iterable[Any], steps: list[int], folder: Path, seed: int) -> None:
    """The maps, where the library is there and the input can be shown; a report is complete without them."""
    if importlib.util.find_spec("captum") is None:
        log.warning("no attention heat-maps: captum is missing; pip install 'snnconv[report]'")
        return
    try:
        attention(snn, data, T=steps, seed=seed).save(folder)
    except InputError as error:
        log.warning(f"no attention heat-maps: {str(error).splitlines()[0]}")
