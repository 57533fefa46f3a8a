"""Measuring spiking networks."""

from ..cost.dense import Count as Count
from ..cost.dense import count as count
from ..cost.energy import Energy as Energy
from ..cost.energy import energy as energy
from ..measure.steps import check_steps as check_steps
from ..measure.steps import parse_steps as parse_steps
from ._anytime import Anytime as Anytime
from ._anytime import anytime as anytime
from ._attention import Attention as Attention
from ._attention import ClipAttention as ClipAttention
from ._attention import attention as attention
from ._attention import clip_attention as clip_attention
from ._diagnose import Diagnosis as Diagnosis
from ._diagnose import diagnose as diagnose
from ._grid import Grid as Grid
from ._grid import grid as grid
from ._latency import Latency as Latency
from ._latency import latency as latency
from ._robustness import Robustness as Robustness
from ._robustness import robustness as robustness
from ._sweep import Baseline as Baseline
from ._sweep import Curve as Curve
from ._sweep import Row as Row
from ._sweep import Sweep as Sweep
from ._sweep import sweep as sweep
