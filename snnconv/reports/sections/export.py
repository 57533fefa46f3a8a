"""How well an exported file does what the network does."""

from __future__ import annotations

from ...export import Export
from ...methods.label import label_of
from ..parts import Figure, Section, Tile
from ..tables import table


def export_section(export: Export) -> Section:
    setting, worst = label_of(export.settings), max(export.errors, default=0.0)
    return Section(
        name="export",
        title="Export",
        headline=[f"{setting} as {export.to}: {export.verdict}."],
        tiles=[Tile("largest error", f"{worst:.1e}" if worst else "0", f"{export.to}, {setting}, T = {export.T}")],
        paragraphs=[
            f"The network was written as {export.to}, and what was written was run with {export.runtime} on "
            f"{export.samples} samples of {export.data}: {export.verdict}.",
            *(f"{text[0].upper()}{text[1:]}." for text in export.notes.values()),
        ],
        figures=[
            Figure(
                "export", export.plot, "Error of the exported network against time steps",
                "Relative difference, in L2, between the mean of the first T outputs of the exported file and that of "
                "the network it was made of.",
            )
        ],
        tables=[
            table("Every time step", export.table(), ("T", "error"), folded=True),
            table("Files", [{"file": name, "sha256": digest} for name, digest in export.sha256.items()], folded=True),
        ],
        notices=[],
    )  # fmt: skip
