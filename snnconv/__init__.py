"""snnconv: trained PyTorch networks become spiking networks that are accurate in a few time steps."""

from .convert.api import convert as convert
from .convert.api import inspect as inspect
from .errors import InputError as InputError
from .errors import SnnconvError as SnnconvError
from .errors import UnsupportedModelError as UnsupportedModelError
from .io.snn_file import load_network as load
from .methods import METHODS as METHODS
from .network import Run as Run
from .network import SpikingNetwork as SpikingNetwork

__all__ = [
    "METHODS",
    "InputError",
    "Run",
    "SnnconvError",
    "SpikingNetwork",
    "UnsupportedModelError",
    "convert",
    "inspect",
    "load",
]
