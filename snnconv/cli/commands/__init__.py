"""One command a file."""

from .convert import convert as convert
from .count import count as count
from .diagnose import diagnose as diagnose
from .inspect import inspect as inspect
from .latency import latency as latency
from .sweep import sweep as sweep

COMMANDS = (inspect, convert, sweep, diagnose, latency, count)  # in the order of the help page
