"""C99 of networks of whole numbers: no floats, no allocation, work where spikes are."""

from . import program as program
