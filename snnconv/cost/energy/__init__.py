"""What a spiking network costs, beside the networks it has to beat."""

from .baselines import CostedNetwork as CostedNetwork
from .baselines import baselines_of as baselines_of
from .baselines import dense_count as dense_count
from .baselines import dense_work as dense_work
from .converted import dense_loads as dense_loads
from .converted import spiking_loads as spiking_loads
from .custom import energy_model as energy_model
from .measure import energy as energy
from .model import ENERGY_MODELS as ENERGY_MODELS
from .model import Constants as Constants
from .model import EnergyModel as EnergyModel
from .quantise import levels_of as levels_of
from .quantise import quantised as quantised
from .result import Accounting as Accounting
from .result import Energy as Energy
from .result import EnergyRow as EnergyRow
from .trained import dense_run_loads as dense_run_loads
from .trained import run_loads as run_loads
from .verdict import readable as readable
from .verdict import unit_of as unit_of
from .workload import FLOAT as FLOAT
from .workload import Breakdown as Breakdown
from .workload import Precision as Precision
from .workload import Workload as Workload
