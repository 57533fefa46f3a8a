"""Conversion methods: registry entries that the one engine runs, and the options that they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazily

if TYPE_CHECKING:
    from .catalogue import CATALOGUE as CATALOGUE
    from .method import METHODS as METHODS
    from .method import Method as Method
    from .options import OPTIONS as OPTIONS
    from .options import Option as Option

# Lazily, as the command line needs the options alone for its help pages. The catalogue fills `METHODS`.
PUBLIC = {
    **dict.fromkeys(("CATALOGUE", "METHODS", "Method"), ".catalogue"),
    **dict.fromkeys(("OPTIONS", "Option"), ".options"),
}
__all__ = sorted(PUBLIC)  # type: ignore[reportUnsupportedDunderAll]
lazily(__name__, PUBLIC)
