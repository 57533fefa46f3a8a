"""Conversion methods: registry entries that the one engine runs, and the options that they take."""

from .catalogue import CATALOGUE as CATALOGUE
from .method import METHODS as METHODS
from .method import Method as Method
from .options import OPTIONS as OPTIONS
from .options import Option as Option

__all__ = ["CATALOGUE", "METHODS", "OPTIONS", "Method", "Option"]
