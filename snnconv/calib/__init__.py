"""Calibration: statistics of the activations, and the rules that turn them into thresholds."""

from . import clip_floor, learned, ltb, max, mse, percentile  # each registers its rule
from . import sensitivity as sensitive
from .rules import RULES as RULES
from .rules import Rule as Rule
from .rules import Site as Site
from .rules import at_T as at_T
from .rules import depends_on_T as depends_on_T
from .rules import fits_range as fits_range
from .rules import parse_rule as parse_rule
from .rules import takes_gradients as takes_gradients
from .rules import takes_learned as takes_learned
from .statistics import Granularity as Granularity
from .statistics import Statistics as Statistics
from .statistics import statistics_of as statistics_of

__all__ = [
    "RULES",
    "Rule",
    "Site",
    "at_T",
    "clip_floor",
    "depends_on_T",
    "fits_range",
    "learned",
    "ltb",
    "max",
    "mse",
    "parse_rule",
    "percentile",
    "sensitive",
    "takes_gradients",
    "takes_learned",
]
