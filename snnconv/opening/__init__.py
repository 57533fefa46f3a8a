"""From names and files to networks and data that fit each other, ready to be measured or trained."""

from .building import Built as Built
from .building import build_network as build_network
from .conversion import Conversion as Conversion
from .networks import as_it_is as as_it_is
from .networks import load_any as load_any
from .networks import load_converted as load_converted
from .networks import load_direct as load_direct
from .networks import load_or_convert as load_or_convert
from .networks import load_spiking as load_spiking
from .networks import normalize_like as normalize_like
