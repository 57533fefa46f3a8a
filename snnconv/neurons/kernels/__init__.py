"""The steps of neurons fused over time: the eager step of each neuron is the definition, these give the same bits."""

from .scan import Scanned as Scanned
from .scan import can_scan as can_scan
from .scan import scan as scan
from .step import LIMIT as LIMIT
from .step import Step as Step
