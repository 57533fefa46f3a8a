"""How much of the model zoos converts: every network of them verified."""

from .api import coverage as coverage
from .realistic import make_realistic as make_realistic
from .record import Network as Network
from .result import Coverage as Coverage
from .zoo import ZOOS as ZOOS
