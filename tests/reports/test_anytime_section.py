"""What is told of a network over frames, on made-up results."""

from __future__ import annotations

from dataclasses import replace

from snnconv.bench._anytime import Anytime, LayerRate, Moment
from snnconv.bench.early_exit import Exit
from snnconv.reports.sections.anytime import anytime_section

LAYER = LayerRate("stages.0.0", "1.0 mix", "PLIF", 40, 12.3456, 1.75, True)
MADE = Anytime(
    rows=[Moment(2, 50.0, 10.0, 8.0), Moment(4, 75.0, 12.5, 20.0)],
    unit=2,
    exits=[Exit(0.9, 3.0, 70.0, 50.0)],
    layers=[LAYER],
    within=0.5,
    needed=4,
    samples=40,
    data="npz:/somewhere/clips.npz",
    verdict="within 0.5 points of all 4 frames (75.00 %) only at the end",
    model="net.pt, a trained Net",
)


def test_frames_are_called_frames() -> None:
    section = anytime_section(MADE)
    assert section.headline == [f"net.pt, a trained Net: {MADE.verdict}."]
    assert [(tile.label, tile.value) for tile in section.tiles] == [
        ("frames needed", "4 of 4"),
        ("firing rate", "12.50 %"),
    ]
    assert section.paragraphs[1].startswith(
        "Measured on 40 clips of clips.npz: one sample is 2.5 points. After every 2 fr"
    )
    early = section.tables[0]
    assert [column.heading for column in early.columns] == [
        "confidence", "mean frames", "accuracy (%)", "stopped early (%)",
    ]  # fmt: skip
    assert [cell.text for cell in early.rows[0]] == ["0.9", "3.00", "70.00", "50.0"]


def test_layers_by_the_names_of_the_paper() -> None:
    layers = anytime_section(MADE).tables[1]
    assert [column.heading for column in layers.columns][3:5] == ["firing rate (%)", "τ (time steps)"]
    assert [cell.text for cell in layers.rows[0]] == ["1.0 mix", "PLIF", "40", "12.346", "1.750", "stages.0.0"]


def test_the_caption_tells_of_the_panels_that_there_are() -> None:
    fixed = replace(MADE, layers=[replace(LAYER, learned=False)])
    ann = replace(MADE, layers=[], rows=[Moment(1, 50.0, None, None)], unit=1, needed=1)
    learned, kept, none = (anytime_section(each).figures[0].caption for each in (MADE, fixed, ann))
    assert "time constants" in learned
    assert "Below" in kept
    assert "time constants" not in kept
    assert "Below" not in none
    section = anytime_section(ann)
    assert [tile.label for tile in section.tiles] == ["frames needed"]
    assert [table.caption for table in section.tables] == ["Early exit", "Every answer; spikes of a clip so far"]
