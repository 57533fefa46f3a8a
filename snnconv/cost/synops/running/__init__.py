"""Counting what a network with spiking layers does while it runs, for networks that are trained directly."""

from .parts import LayerRun as LayerRun
from .parts import NetworkRun as NetworkRun
from .parts import SiteRun as SiteRun
from .recorder import Recorder as Recorder
