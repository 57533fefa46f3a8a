"""The steps of neurons fused over time: the eager step of each neuron is the definition, these give the same bits."""

from .dispatch import Parts as Parts
from .dispatch import Scanned as Scanned
from .dispatch import can_scan as can_scan
from .dispatch import scan as scan
from .step import LIMIT as LIMIT
from .step import Step as Step
