"""What a sweep over many methods says about them: who is accurate when, and what it costs to come close to the ANN."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from torch import nn
from torch.export import ExportedProgram

from ..bench import check_steps, grid, sweep
from ..bench.curves import Row, Sweep
from ..cost.energy import EnergyModel
from ..errors import InputError
from ..files import atomic_output, write_text
from ..measure.metrics import METRICS
from ..methods.parse import ALL
from ..visible import as_cell

NEAR = (0.3, 1.0)  # points below the ANN
ROUNDING = 1e-9  # of differences of percentages that are whole numbers of samples
STEPS = (1, 2, 4, 8, 16, 32)
PICTURES = tuple(f"pareto-{what}.{kind}" for kind in ("png", "svg") for what in ("spikes", "energy"))
FILES = ("compare.csv", "compare.md", *PICTURES)
COLUMNS: tuple[str, ...] = ("setting", "T", "latency", "accuracy", "spikes_per_neuron", "synops", "energy")

# what can be spent → of two rows that spend equally little the one that spends less of the next thing
COSTS: dict[str, Callable[[Row], tuple[float, ...]]] = {
    "energy": lambda row: (cost(row.energy), row.spikes_per_neuron, row.latency),
    "spikes": lambda row: (row.spikes_per_neuron, cost(row.energy), row.latency),
    "latency": lambda row: (row.latency, cost(row.energy), row.spikes_per_neuron),
}


def compare(
    model: nn.Module | ExportedProgram,
    data: Iterable[Any],
    methods: str = ALL,
    T: Iterable[int] = STEPS,
    *,
    calib: Iterable[Any] | None = None,
    folder: str | PathLike[str] | None = None,
    overwrite: bool = False,
    energy_model: str | EnergyModel = "45nm",
    baselines: str = "all",
    metric: str | None = None,
    seed: int = 0,
    **options: Any,
) -> Sweep:
    """Convert one network by several methods and sweep them: who is accurate when, and at what cost.

    Args:
        methods: such as "if,sdm:alpha=0.2,beta=5"; "all": every method whose ANN needs no training of its own.
        calib: calibration batches, which have to be readable again and again; None: synthetic.
        folder: of the journal, the results and the comparison (compare.md, .csv, pictures); None: nothing is written.
        baselines, metric: see `sweep`; of the metric more has to be better.
        options: of the conversion, for all methods that take them; `alpha` and `beta` as values that are crossed.

    Returns:
        The sweep; `cheapest` says which of its rows costs least near the ANN.

    Raises:
        InputError: see `sweep` and `grid`.
    """
    require_higher(metric)
    steps = check_steps(T)
    networks = grid(model, methods, steps[-1], data=calib, seed=seed, **options)
    wanted: dict[str, Any] = {"energy_model": energy_model, "baselines": baselines, "metric": metric, "seed": seed}
    result = sweep(networks, data, steps, folder=folder, overwrite=overwrite, **wanted)
    if folder is not None:
        save_comparison(result, folder)
    return result


def require_higher(metric: str | None) -> None:
    """Refuse to compare by a metric of which less is better: fronts and tables here show who has most.

    Raises:
        InputError: it is one, or none.
    """
    if metric is not None and not METRICS[metric].higher:
        raise InputError(
            "methods are compared by a metric of which more is better", got=f"metric = {metric}",
            remedy="sweep takes it",
        )  # fmt: skip


@dataclass(frozen=True)
class Cheapest:
    """The row that needs least among those close to the ANN.

    Attributes:
        within: percentage points below the ANN that still are close.
        least: of what: "energy", "spikes", "latency".
        row: None: no row is close.
    """

    within: float
    least: str
    row: Row | None

    def to_dict(self) -> dict[str, Any]:
        return {"within": self.within, "least": self.least, **(asdict(self.row) if self.row else {})}


def cheapest(sweep: Sweep, near: Sequence[float] = NEAR) -> list[Cheapest]:
    """For each distance and each cost the row that needs least of it."""
    found: list[Cheapest] = []
    for within in near:
        close = [row for row in sweep.rows if row.accuracy >= sweep.ann_accuracy - within - ROUNDING]
        found += [Cheapest(within, least, min(close, key=key, default=None)) for least, key in COSTS.items()]
    return found


def cost(value: float | None) -> float:
    """What was not measured is not cheap."""
    return float("inf") if value is None else value


def save_comparison(sweep: Sweep, folder: str | PathLike[str]) -> list[Path]:
    """compare.csv and compare.md, and accuracy against spikes and against energy as .png and .svg; all or none.

    Raises:
        InputError: the folder cannot be made.
    """
    from ..plots.pareto import plot_energy, plot_spikes  # matplotlib takes a second to import

    root = Path(folder)
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("cannot make the output folder", got=error.strerror, where=str(root)) from error
    drawing = (plot_spikes, plot_energy) * 2
    writers: dict[str, Callable[[Sweep, Path], None]] = dict(zip(FILES, (write_csv, write_markdown, *drawing)))
    with ExitStack() as all_or_none:
        for name, write in writers.items():
            write(sweep, all_or_none.enter_context(atomic_output(root / name, overwrite=True)))
    return [root / name for name in writers]


def write_csv(sweep: Sweep, path: Path) -> None:
    """Accuracy in %, the rest per sample over all steps, energy in mJ."""
    file = io.StringIO(newline="")
    writer: csv.DictWriter[str] = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows({key: as_cell(value) for key, value in asdict(row).items()} for row in sweep.rows)
    write_text(path, file.getvalue())


def write_markdown(sweep: Sweep, path: Path) -> None:
    from .comparison_page import page

    write_text(path, page(sweep))
