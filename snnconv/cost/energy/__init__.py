"""What a spiking network costs, beside the networks it has to beat."""

from ._contenders import Contender as Contender
from ._contenders import contenders as contenders
from ._contenders import dense_count as dense_count
from ._contenders import dense_work as dense_work
from ._run_loads import dense_run_loads as dense_run_loads
from ._run_loads import run_loads as run_loads
from .custom import energy_model as energy_model
from .load import FLOAT as FLOAT
from .load import Breakdown as Breakdown
from .load import Load as Load
from .load import Precision as Precision
from .loads import dense_loads as dense_loads
from .loads import spiking_loads as spiking_loads
from .measure import energy as energy
from .model import ENERGY_MODELS as ENERGY_MODELS
from .model import Constants as Constants
from .model import EnergyModel as EnergyModel
from .quantise import levels_of as levels_of
from .quantise import quantised as quantised
from .result import Accounting as Accounting
from .result import Energy as Energy
from .result import EnergyRow as EnergyRow
from .verdict import readable as readable
from .verdict import unit_of as unit_of
