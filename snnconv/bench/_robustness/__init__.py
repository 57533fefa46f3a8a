"""How accuracy falls as noise is added to the inputs."""

from .measure import robustness as robustness
from .noise import NOISES as NOISES
from .result import NoiseRow as NoiseRow
from .result import Robustness as Robustness
