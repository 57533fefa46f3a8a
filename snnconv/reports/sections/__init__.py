"""One kind of result a file: what of it is told, drawn and tabled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...bench._anytime import Anytime
from ...bench._attention import Attention, ClipAttention
from ...bench._diagnose import Diagnosis
from ...bench._latency import Latency
from ...bench._robustness import Robustness
from ...bench._sweep import Sweep
from ...cost.energy import Energy
from ...export import Export
from ...measure.result import Result
from ...training import FineTuning, Training
from ...tuning import Tuned
from ...verification import Verification
from ..parts import Section
from .anytime import anytime_section
from .attention import attention_section
from .clip_attention import clip_attention_section
from .diagnose import diagnose_section
from .energy import energy_section
from .export import export_section
from .latency import latency_section
from .robustness import robustness_section
from .sweep import sweep_section
from .training import training_section
from .tune import tune_section
from .verify import verify_section

# In the order of the page.
SECTIONS: tuple[tuple[type[Result], Callable[[Any], Section]], ...] = (
    (Training, training_section),
    (FineTuning, training_section),
    (Verification, verify_section),
    (Tuned, tune_section),
    (Sweep, sweep_section),
    (Anytime, anytime_section),
    (Energy, energy_section),
    (Latency, latency_section),
    (Robustness, robustness_section),
    (Export, export_section),
    (Diagnosis, diagnose_section),
    (Attention, attention_section),
    (ClipAttention, clip_attention_section),
)
