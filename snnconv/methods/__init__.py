"""Conversion methods: registry entries that the one engine runs."""

from . import auto, burst, gn, integrate_fire, opt, qcfs, rnl, rts, sdm, snm  # each registers its method
from .method import METHODS as METHODS
from .method import Method as Method

__all__ = ["METHODS", "Method", "auto", "burst", "gn", "integrate_fire", "opt", "qcfs", "rnl", "rts", "sdm", "snm"]
