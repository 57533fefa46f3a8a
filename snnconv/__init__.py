"""snnconv: trained PyTorch networks become spiking networks that are accurate in a few time steps."""

from .convert.api import convert as convert
from .convert.api import inspect as inspect
from .convert.clip import clip as clip
from .errors import InputError as InputError
from .errors import SnnconvError as SnnconvError
from .errors import UnsupportedModelError as UnsupportedModelError
from .io.files import load as load
from .io.files import save as save
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
    "clip",
    "convert",
    "inspect",
    "load",
    "save",
]
