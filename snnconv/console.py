"""The terminal's tables and progress bars, of texts that a file may have brought: shown, not obeyed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from .visible import visible


class VisibleConsole(Console):
    """Writes texts as `visible` shows them; `[bold]` and `:smile:` are text, styles come with `styled`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False, **options})

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(visible(text), **options)  # before widths are measured

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def styled(text: str, style: str) -> Text:
    """The text in a style."""
    return Text(visible(text), style=style)
