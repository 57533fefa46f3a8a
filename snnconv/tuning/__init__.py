"""The best spiking network under a budget of spikes or energy, chosen on calibration data."""

from .api import tune as tune
from .budget import Budget as Budget
from .result import Trial as Trial
from .result import Tuned as Tuned

__all__ = ["Budget", "Trial", "Tuned", "tune"]
