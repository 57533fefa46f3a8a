"""Whether the conversion is faithful."""

from __future__ import annotations

from dataclasses import asdict

from ...methods.label import label_of
from ...plots.caption import data_name
from ...verification import Verification
from ..parts import Figure, Section, Tile
from ..tables import table

SITE = ("site", "operation", "verdict", "neuron", "least", "most", "detail", "source", "remedy")


def verify_section(verification: Verification) -> Section:
    told = sentence(verification)
    setting = f"{label_of(verification.settings)}, " if verification.settings else ""
    where = f"{setting}{verification.samples:,} samples of {data_name(verification.data)}"
    held = sum(check.held for check in verification.checks)
    return Section(
        name="verify",
        title="Verification",
        headline=[told],
        tiles=[Tile("checks that hold", f"{held} of {len(verification.checks)}", where)],
        paragraphs=[told, f"{verification.converted} of {verification.total} activation sites spike ({where})."],
        figures=[
            Figure(
                "verify", verification.plot, "Error of the output against time steps",
                f"‖SNN − ANN‖ / ‖ANN‖ of the outputs, the SNN's being its mean over the steps so far ({where}); "
                "dashed: a line that falls as 1/T.",
            )
        ],
        tables=[
            table("Checks", [
                {"check": check.name, "holds": "yes" if check.held else "no", "found": check.got,
                 "expected": check.expected}
                for check in verification.checks
            ]),
            *([table("Not converted", verification.unsupported)] if verification.unsupported else []),
            *([table("Analog by nature", verification.analog, folded=True)] if verification.analog else []),
            table("Every activation site", [
                {"site": site} | asdict(verdict) for site, verdict in verification.sites.items()
            ], SITE, folded=True),
        ],
        notices=verification.notices,
    )  # fmt: skip


def sentence(verification: Verification) -> str:
    """`FashionCNN: all 5 checks hold; the output is within 0.13 % of the ANN's at T = 32.`"""
    error = verification.snn_error.get(verification.T)
    within = "" if error is None else f"; the error of the output is {100 * error:.3g} % at T = {verification.T}"
    return f"{verification.model}: {verification.verdict}{within}."
