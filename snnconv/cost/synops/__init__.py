"""Spike operations: which synapses a network has, what its spikes cause on them, and what one sample costs."""

from .by_size import BySize as BySize
from .by_size import Portion as Portion
from .counter import Counts as Counts
from .counter import SynapticOperations as SynapticOperations
from .parts import Connectivity as Connectivity
from .parts import Layer as Layer
from .parts import Synapse as Synapse
from .totals import LayerWork as LayerWork
from .totals import OperationTotals as OperationTotals
from .totals import work_of as work_of
from .walk import wiring as wiring
from .wirings import Size as Size
from .wirings import Wirings as Wirings
