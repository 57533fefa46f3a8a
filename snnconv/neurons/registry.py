"""The table of neurons: one file, one `@NEURONS.register(name)` each."""

from __future__ import annotations

from ..registry import Registry
from .temporal import Neuron

NEURONS: Registry[type[Neuron]] = Registry("neuron")
