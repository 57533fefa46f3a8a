"""Conversion methods: registry entries that the one engine runs."""

from . import auto, gn, integrate_fire, sdm  # each registers its method
from .method import METHODS as METHODS
from .method import Method as Method

__all__ = ["METHODS", "Method", "auto", "gn", "integrate_fire", "sdm"]
