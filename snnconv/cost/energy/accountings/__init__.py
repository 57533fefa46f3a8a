"""The arithmetic of the papers, for the networks that they are about: named, beside the tool's own, and judged."""

from . import respike, svformer
from .accounting import ACCOUNTINGS as ACCOUNTINGS
from .accounting import Accounting as Accounting
from .accounting import PaperEnergy as PaperEnergy
from .accounting import bills_of as bills_of

__all__ = ["ACCOUNTINGS", "Accounting", "PaperEnergy", "bills_of", "respike", "svformer"]
