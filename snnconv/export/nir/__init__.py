"""NIR: networks of neurons that integrate and fire, for neuromorphic tools."""

from . import file as file
