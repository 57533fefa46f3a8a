"""Measuring spiking networks."""

from ..cost.dense import Count as Count
from ..cost.dense import count as count
from ..cost.energy import Energy as Energy
from ..cost.energy import energy as energy
from ..measure.steps import check_steps as check_steps
from ..measure.steps import parse_steps as parse_steps
from .anytime import Anytime as Anytime
from .anytime import anytime as anytime
from .attention import Attention as Attention
from .attention import ClipAttention as ClipAttention
from .attention import attention as attention
from .attention import clip_attention as clip_attention
from .diagnose import Diagnosis as Diagnosis
from .diagnose import diagnose as diagnose
from .grid import Grid as Grid
from .grid import grid as grid
from .latency import Latency as Latency
from .latency import latency as latency
from .robustness import Robustness as Robustness
from .robustness import robustness as robustness
from .sweep import Curve as Curve
from .sweep import Rival as Rival
from .sweep import Row as Row
from .sweep import Sweep as Sweep
from .sweep import sweep as sweep
