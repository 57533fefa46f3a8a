"""How a model that was opened becomes a spiking network: options, calibration data, place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import torch
from torch import nn

from ..convert import convert
from ..convert.fitting import fit
from ..data import DataSource, Normalization, open_data
from ..errors import InputError
from ..io import OpenedModel
from ..io.stored import stored_normalization
from ..models.spiking_layer import is_direct
from ..network import SpikingNetwork

DEFAULT_T = 4
TWIN = "convert its twin without spikes, trained: --arch-arg neuron=relu"


@dataclass(frozen=True)
class Conversion:
    """What `convert` is told of a model that is opened by name, and where the network runs.

    Attributes:
        T: time steps; None: 4.
        options: further arguments of `convert`: method, its options, maxpool, keep, only, input_shape.
        calib: calibration data as `open_data` takes them; None: synthetic. calib_options: arguments of `open_data`.
        normalization: of the inputs; None: what the file of the model says, else what is usual for the data.
        seed: of random weights and synthetic inputs. checkpoint: of the calibration, see `convert`.
        device, dtype: of the network that comes out.
        chosen: names of what the user set of all these; a network that is converted already refuses them.
    """

    T: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    calib: str | None = None
    calib_options: Mapping[str, Any] = field(default_factory=dict)
    normalization: Normalization | None = None
    seed: int = 0
    checkpoint: str | PathLike[str] | None = None
    device: torch.device | str = "cpu"
    dtype: torch.dtype = torch.float32
    chosen: Collection[str] = ()

    @property
    def place(self) -> tuple[torch.device | str, torch.dtype]:
        return self.device, self.dtype

    def data_for(self, found: OpenedModel) -> DataSource | None:
        """The calibration data, as the model takes them."""
        if self.calib is None:
            return None
        usual = self.normalization or stored_normalization(found)
        data = open_data(self.calib, normalization=usual, **self.calib_options)
        fit(data, found.model)
        return data

    def of(self, found: OpenedModel) -> SpikingNetwork:
        """Convert what was opened; the normalisation stays with the result.

        Raises:
            InputError: a network that spikes by itself, or see `convert`.
        """
        if isinstance(found.model, nn.Module) and is_direct(found.model):
            raise InputError(
                "the network spikes by itself and is not converted", got=found.description,
                remedy=f"measure it as it is, with snnconv anytime, robustness or energy, or {TWIN}",
            )  # fmt: skip
        usual = self.normalization or stored_normalization(found)
        model = found.model.to(self.device) if isinstance(found.model, nn.Module) else found.model
        data, steps = self.data_for(found), DEFAULT_T if self.T is None else self.T
        snn = convert(model, steps, data=data, checkpoint=self.checkpoint, seed=self.seed, **self.options)
        if usual is not None:
            snn.plan.normalization = usual.to_dict()
        return snn.to(*self.place)
