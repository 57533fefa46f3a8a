"""Measuring spiking networks."""

from .attention import Attention as Attention
from .attention import attention as attention
from .count import Count as Count
from .count import count as count
from .diagnose import Diagnosis as Diagnosis
from .diagnose import diagnose as diagnose
from .energy import Energy as Energy
from .energy import energy as energy
from .grid import Grid as Grid
from .grid import grid as grid
from .latency import Latency as Latency
from .latency import latency as latency
from .report import report as report
from .robustness import Robustness as Robustness
from .robustness import robustness as robustness
from .steps import check_steps as check_steps
from .steps import parse_steps as parse_steps
from .sweep import Curve as Curve
from .sweep import Rival as Rival
from .sweep import Row as Row
from .sweep import Sweep as Sweep
from .sweep import sweep as sweep
