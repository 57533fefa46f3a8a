"""What a spiking network costs, beside the networks it has to beat."""

from .custom import energy_model as energy_model
from .load import FLOAT as FLOAT
from .load import Breakdown as Breakdown
from .load import Load as Load
from .load import Precision as Precision
from .model import ENERGY_MODELS as ENERGY_MODELS
from .model import Constants as Constants
from .model import EnergyModel as EnergyModel
from .quantise import levels_of as levels_of
from .quantise import quantised as quantised
