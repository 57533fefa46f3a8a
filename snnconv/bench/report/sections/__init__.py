"""One kind of result a file: what of it is told, drawn and tabled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...attention import Attention
from ...diagnose import Diagnosis
from ...energy import Energy
from ...latency import Latency
from ...results import Result
from ...sweep import Sweep
from ..parts import Section
from .attention import attention_section
from .diagnose import diagnose_section
from .energy import energy_section
from .latency import latency_section
from .sweep import sweep_section

# In the order of the page.
SECTIONS: tuple[tuple[type[Result], Callable[[Any], Section]], ...] = (
    (Sweep, sweep_section),
    (Energy, energy_section),
    (Latency, latency_section),
    (Diagnosis, diagnose_section),
    (Attention, attention_section),
)
