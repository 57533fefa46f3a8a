"""Attention heat-maps: where the ANN and the SNN at several T look for the class they name."""

from .measure import attention as attention
from .result import Attention as Attention
from .result import ImageMaps as ImageMaps
from .result import StepMap as StepMap
from .result import StepMean as StepMean
