"""Whether a model converts faithfully: the same function before spiking, an error that falls, a file that keeps it."""

from .api import verify as verify
from .result import Check as Check
from .result import SiteVerdict as SiteVerdict
from .result import Verification as Verification
