"""What a cell of a recipe lacks before it can be measured here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["DATA", "WEIGHTS", "NETWORK", "METHOD", "FIGURE"]


@dataclass(frozen=True)
class Lack:
    """One thing that is missing.

    Attributes:
        kind: what could be given or built: "FIGURE" where nothing could, as of figures of other work.
        text: the reason as it is told.
    """

    kind: Kind
    text: str


OTHER_WORK = Lack("FIGURE", "a figure of other work, with no network here")
NO_DATA = Lack("FIGURE", "names no data set")
NO_SETTING = Lack("FIGURE", "the row is not a setting of a conversion")
