"""Spiking neurons: one neuron a file, a pure step function and a thin module shell each."""

from ._response import Sent as Sent
from ._response import response as response
from .binary import BinaryWeighted as BinaryWeighted
from .cos import CalibratedOffset as CalibratedOffset
from .differential import Accumulate as Accumulate
from .differential import DifferentialMultiThreshold as DifferentialMultiThreshold
from .direct import DIRECT as DIRECT
from .direct import Direct as Direct
from .integrate_fire import IntegrateFire as IntegrateFire
from .lif import LIF as LIF
from .lipool import LateralInhibition as LateralInhibition
from .plif import PLIF as PLIF
from .registry import NEURONS as NEURONS
from .running import RunningMean as RunningMean
from .running import RunningSum as RunningSum
from .scale import Scale as Scale
from .sd import ScalableDualThreshold as ScalableDualThreshold
from .signed import SignedDigit as SignedDigit
from .srp import ResidualPotential as ResidualPotential
from .temporal import Neuron as Neuron
from .temporal import State as State
from .temporal import Temporal as Temporal
from .tracking import Tracking as Tracking
from .whole import Levels as Levels
from .whole import Requantise as Requantise
from .whole import WholeLayer as WholeLayer
