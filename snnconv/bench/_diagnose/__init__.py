"""Where a spiking network departs from its ANN, site by site, and why."""

from .measure import diagnose as diagnose
from .result import Diagnosis as Diagnosis
from .result import SiteDiagnosis as SiteDiagnosis
from .split import PARTS as PARTS
from .split import split_error as split_error
