"""Measuring spiking networks."""

from .attention import Attention as Attention
from .attention import attention as attention
from .count import Count as Count
from .count import count as count
from .steps import parse_steps as parse_steps
from .sweep import Curve as Curve
from .sweep import Rival as Rival
from .sweep import Row as Row
from .sweep import Sweep as Sweep
from .sweep import sweep as sweep
