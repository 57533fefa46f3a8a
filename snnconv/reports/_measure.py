"""Everything that a report can show, measured into one folder."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ..bench._attention import Attention, attention
from ..bench._diagnose import Diagnosis, diagnose
from ..bench._latency import Latency, check_latency, latency
from ..bench._sweep import describe_energy, sweep
from ..cost.energy import Energy, EnergyModel, energy
from ..cost.energy import energy_model as find_energy_model
from ..data import DataSource
from ..errors import InputError
from ..fingerprint import describe_data
from ..measure.distributed import together
from ..measure.steps import check_steps
from ..network import SpikingNetwork
from .detail import DetailedRun

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

    The sweep continues where a former run stopped, and finished results of the same configuration are used again. In
    several processes (torchrun) the others share the sweep alone.

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
    model = find_energy_model(energy_model)
    with together() as group:
        sweep(networks, data, steps, folder=folder, overwrite=overwrite, energy_model=model, seed=seed)
        if not group.first:
            return
        closely = DetailedRun(networks, moment, describe_data(data), Path(folder), overwrite)
        closely.measured(
            Energy,
            {"T": moment, "energy_model": describe_energy(model), "seed": seed},
            lambda snn: energy(snn, data, T=moment, energy_model=model, seed=seed),
        )
        if isinstance(data, DataSource) and data.of_another_size is not None:
            log.warning("no diagnosis, which looks at single neurons: the data hold samples of several sizes")
        else:
            closely.measured(
                Diagnosis, {"T": moment, "seed": seed}, lambda snn: diagnose(snn, data, T=moment, seed=seed)
            )
        closely.measured(
            Latency,
            {"T": steps[-1], "within": within, "seed": seed},
            lambda snn: latency(snn, data, within=within, T=steps[-1], seed=seed),
        )
        heat_maps(closely, data, [t for t in MAPS if t <= steps[-1]], seed)


def heat_maps(closely: DetailedRun, data: Iterable[Any], steps: list[int], seed: int) -> None:
    """The maps, where the library is there and the input can be shown; a report is complete without them."""
    if importlib.util.find_spec("captum") is None:
        log.warning("no attention heat-maps: captum is missing; pip install 'snnconv[report]'")
        return
    try:
        closely.measured(Attention, {"T": steps, "seed": seed}, lambda snn: attention(snn, data, T=steps, seed=seed))
    except InputError as error:
        log.warning(f"no attention heat-maps: {str(error).splitlines()[0]}")
