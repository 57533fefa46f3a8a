"""Corrections under the actual spiking forward: one a file."""

from . import bias, bias_per_step, potential, shift, weights  # each registers its pass
from .apply import corrected as corrected
from .registry import CALIBRATIONS as CALIBRATIONS
from .registry import Calibration as Calibration

__all__ = ["CALIBRATIONS", "Calibration", "bias", "bias_per_step", "corrected", "potential", "shift", "weights"]
