"""Grad-CAM by captum, the one place that needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor, fx, nn

from ...errors import InputError
from ...graph.graphs import as_call
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
    """The Grad-CAM map of one sample [1, …] at a site, [H, W]; of a clip the mean over its frames."""
    return frame_maps(lambda x: network(*as_call(network, (x,))), network.get_submodule(layer), x, target).mean(0)


def frame_maps(run: Callable[[Tensor], Tensor], layer: nn.Module, x: Tensor, target: int) -> Map:
    """The Grad-CAM maps of one sample, one for every frame: ReLU(Σ_c w_c·a_c), w_c the mean of ∂y_target/∂a_c over
    channel c's positions, of the frame where frames are rows of the map.

    Args:
        run: the network, x → class scores. x: one sample, [1, …].
        layer: the submodule whose output is a.

    Returns:
        [frames, H, W] float64, whether frames are a dimension of a or its rows; an image has one.

    Source: Selvaraju et al. 2017, ICCV, Eqs. 1 and 2.
    """
    heat = require_captum()(run, layer).attribute(x, target=target, relu_attributions=True)
    return heat.detach().double().cpu().flatten(0, -3).numpy().astype(np.float64)
