"""A comparison as tables, for the terminal and as a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from ..bench.curves import Row, Sweep
from ..plots.curves import curves_of, measured_on
from .compare import COLUMNS, Cheapest, cheapest
from .parts import Table
from .sections.sweep import baselines, by_steps, notices, uncertainty
from .tables import table

COSTS = ("setting", "T", "latency_steps", "accuracy", "vs_ann", "spikes_per_neuron", "synops", "energy")
NOBODY = "none"


def page(sweep: Sweep) -> str:
    """Markdown: every table, then what to know of the numbers."""
    title = f"# {len(curves_of(sweep))} settings on {measured_on(sweep)}; the ANN has {sweep.ann_accuracy:.2f} %"
    tables = [by_steps(sweep), cheapest_table(sweep), *baselines(sweep), every_row(sweep)]
    told = "\n".join(f"- {note}" for note in notes(sweep))
    return "\n\n".join([title, *map(markdown, tables), f"## Notes\n\n{told}"]) + "\n"


def cheapest_table(sweep: Sweep) -> Table:
    """One line for each distance and each row that needs least of something."""
    lines: list[dict[str, object]] = []
    for within, row, least in merged(cheapest(sweep)):
        near = f"{within:g} point{'s' * (within != 1)}"
        spent = {"setting": NOBODY} if row is None else numbers(sweep, row)
        lines.append({"within": near, "least": least, **spent})
    caption = "The cheapest ways to come close to the ANN, by what they need least of"
    return table(caption, lines, ("within", "least", *COSTS))


def merged(found: Iterable[Cheapest]) -> list[tuple[float, Row | None, str]]:
    """(within, row, of what it needs least): `energy, spikes` where one row needs least of both."""
    together: dict[float, list[tuple[Row | None, str]]] = {}
    for each in found:
        lines = together.setdefault(each.within, [])
        place = next((place for place, (row, _) in enumerate(lines) if row == each.row), None)
        if place is None:
            lines.append((each.row, each.least))
        else:
            lines[place] = (each.row, f"{lines[place][1]}, {each.least}")
    return [(within, row, least) for within, lines in together.items() for row, least in lines]


def every_row(sweep: Sweep) -> Table:
    caption = "Every setting at every T; spikes, operations and energy per sample over all steps, warm-up included"
    return table(caption, [numbers(sweep, row) for row in sweep.rows], COSTS)


def numbers(sweep: Sweep, row: Row) -> dict[str, object]:
    """A row under the names that tables know."""
    known = {name: value for name, value in asdict(row).items() if name in COLUMNS and name != "latency"}
    return {**known, "latency_steps": row.latency, "vs_ann": row.accuracy - sweep.ann_accuracy}


def notes(sweep: Sweep) -> list[str]:
    """What conversions had to say, how the settings were run, and what the numbers are."""
    warm: dict[int, list[str]] = {}
    anew: list[str] = []
    for curve, rows in curves_of(sweep):
        warm.setdefault(rows[0].latency - rows[0].T, []).append(curve.setting)
        if isinstance(curve.settings.get("at_T"), list):
            anew.append(curve.setting)
    warm.pop(0, None)
    return [
        *notices(sweep),
        *(
            f"{', '.join(settings)}: latency is T + {steps}; the {steps} steps of warm-up count in spikes, operations "
            "and energy too"
            for steps, settings in sorted(warm.items())
        ),
        *([f"{', '.join(anew)}: converted and run again for every T, which the set-up depends on"] if anew else []),
        uncertainty(sweep),
        "The cheapest rows are picked by accuracy on these very samples: choose what you deploy on other ones.",
        f"Energy by the model {sweep.energy_model}: counted operations times published energies, not a measured power.",
    ]


def markdown(table: Table) -> str:
    """Caption, header, rows; numbers are aligned right."""
    rule = ["---:" if column.number else "---" for column in table.columns]
    cells = [[column.heading for column in table.columns], rule, *([cell.text for cell in row] for row in table.rows)]
    lines = ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in cells]
    return "\n".join([table.caption + ":", "", *lines])
