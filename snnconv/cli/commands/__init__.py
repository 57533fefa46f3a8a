"""One command a file."""

from .convert import convert as convert
from .count import count as count
from .inspect import inspect as inspect
from .sweep import sweep as sweep

COMMANDS = (inspect, convert, sweep, count)  # in the order of the help page
