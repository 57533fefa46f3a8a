"""What is told of maps over frames, on made-up ones."""

from __future__ import annotations

from snnconv.bench._attention import ClipAttention
from snnconv.bench._attention.clip_result import ClipMaps, CrossAttentionMap, FrameMap
from snnconv.reports.sections.clip_attention import clip_attention_section


def made(clips: int, gaze: CrossAttentionMap | None) -> ClipAttention:
    frames = [FrameMap(0, "ANN", "", [[1.0, 0.5]]), FrameMap(1, "SNN", "", [[0.0, 0.25]], gaze)]
    maps = [ClipMaps(number, None, 2, frames) for number in range(clips)]
    return ClipAttention(maps, 2, "Grad-CAM of something.", "npz:/somewhere/clips.npz", "a network")


def test_every_frame_has_its_row() -> None:
    section = clip_attention_section(made(2, CrossAttentionMap(0, (0, 1), [[0.75, 0.25]], [(0, 0), (0, 1)])))
    (table,) = section.tables
    assert [column.heading for column in table.columns] == [
        "clip", "frame", "branch", "hottest, of the clip's", "query", "top", "class",
    ]  # fmt: skip
    assert [[cell.text for cell in row] for row in table.rows[:2]] == [
        ["0", "0", "ANN", "1.00", "–", "–", "2"],
        ["0", "1", "SNN", "0.25", "0,1", "0,0 0,1", "2"],
    ]
    assert len(table.rows) == 4


def test_the_paper_is_named_where_the_picture_is_like_its_own() -> None:
    """Its figure shows what a residual attends to in its key frame."""
    gazing = clip_attention_section(made(2, CrossAttentionMap(0, (0, 1), [[0.75, 0.25]], [(0, 0)]))).figures[0]
    alone = clip_attention_section(made(1, None)).figures[0]
    assert "Fig. 4 of Xiao et al., ReSpike" in gazing.caption
    assert "the first 2 clips of clips.npz" in gazing.caption
    assert "ReSpike" not in alone.caption
    assert "the first clip of clips.npz" in alone.caption
    assert "Grad-CAM of something." in alone.alt
