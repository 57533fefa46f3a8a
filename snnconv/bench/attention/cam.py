"""Grad-CAM by captum, the one place that needs it."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor, fx

from ...convert.graphs import as_call
from ...errors import InputError
from .similarity import Map


def require_captum() -> Any:
    """captum.attr.LayerGradCam.

    Raises:
        InputError: captum is not installed.
    """
    try:
        from captum.attr import LayerGradCam
    except ImportError as error:
        raise InputError(
            "attention heat-maps need captum, which is not installed",
            got=str(error),
            remedy="pip install 'snnconv[report]'",
        ) from error
    return LayerGradCam


def grad_cam(network: fx.GraphModule, x: Tensor, layer: str, target: int) -> Map:
    """The Grad-CAM map of one sample: ReLU(Σ_c w_c·a_c), w_c the mean of ∂y_target/∂a_c over channel c's positions.

    Args:
        x: one sample, [1, …].
        layer: the site whose activations are a.

    Returns:
        [H, W] float64; of a clip the mean over its frames, whether these are a dimension of the map or rows of it.

    Source: Selvaraju et al. 2017, ICCV, Eqs. 1 and 2.
    """
    method = require_captum()(lambda x: network(*as_call(network, (x,))), network.get_submodule(layer))
    heat = method.attribute(x, target=target, relu_attributions=True)
    return heat.detach().double().cpu().flatten(0, -3).mean(0).numpy().astype(np.float64)
