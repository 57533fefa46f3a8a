"""How the cells of recipes are measured."""

from . import accuracy, arithmetic, bias, count, energy, robustness, transfer  # each registers its measures
from .measure import MEASURES as MEASURES
from .measure import Cell as Cell
from .measure import Measure as Measure

__all__ = ["MEASURES", "Cell", "Measure", "accuracy", "arithmetic", "bias", "count", "energy", "robustness", "transfer"]
