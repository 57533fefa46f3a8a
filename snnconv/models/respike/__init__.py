"""ReSpike."""

from .model import ReSpike as ReSpike
from .model import respike as respike
