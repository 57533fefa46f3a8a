"""Passes that correct a spiking network after its thresholds are set: one a file, one registration each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from ...registry import Registry

if TYPE_CHECKING:
    from ...network import SpikingNetwork

# (network, samples as flat input leaves in batches, T) → a corrected network; the one given stays as it is.
Calibration = Callable[["SpikingNetwork", Sequence[tuple[Tensor, ...]], int], "SpikingNetwork"]
CALIBRATIONS: Registry[Calibration] = Registry("calibration")
