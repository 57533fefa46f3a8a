"""From a trained network to a spiking one."""

from .api import convert as convert
