"""Small video networks in which neurons fire, and clips: real ones where SNNCONV_DATA names them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from snnconv.models import ms_resnet18, respike, svformer

FRAMES, CLASSES, COUNT = 8, 4, 12
Batches = list[tuple[Tensor, Tensor]]


@pytest.fixture(scope="session")
def clips() -> Batches:
    """Two batches of mouths that say one of four commands, [B, 1, 8, 32, 40]."""
    if "SNNCONV_DATA" in os.environ:
        with np.load(Path(os.environ["SNNCONV_DATA"]) / "grid_s1_mouth.npz") as file:
            x = torch.from_numpy(file["x"][::80][:COUNT, : 2 * FRAMES : 2]).float().div(255)[:, None]
            y = torch.from_numpy(file["command"][::80][:COUNT]).long()
    else:
        generator = torch.Generator().manual_seed(0)
        x = torch.rand(COUNT, 1, FRAMES, 32, 40, generator=generator)
        y = torch.arange(COUNT) % CLASSES
    return [(x[:8], y[:8]), (x[8:], y[8:])]


NETWORKS = {
    "svformer": lambda: svformer("3stg", CLASSES, T=FRAMES, size=(32, 40), in_channels=1, threshold=0.2),
    "svformer of clips": lambda: svformer(
        "3stg", CLASSES, T=FRAMES // 2, depth=2, size=(32, 40), in_channels=1, threshold=0.2
    ),
    "respike": lambda: respike(num_classes=CLASSES, in_channels=1),
    "ms_resnet18": lambda: ms_resnet18(CLASSES, FRAMES, in_channels=1),
}


@pytest.fixture(scope="session", params=NETWORKS)
def network(request: pytest.FixtureRequest, clips: Batches) -> nn.Module:
    return made(request.param, clips)


def made(name: str, clips: Batches) -> nn.Module:
    """In eval mode, with statistics of the clips."""
    torch.manual_seed(0)
    model = NETWORKS[name]()
    for parameter in model.parameters():  # the fusions begin as nothing
        if parameter.dim() > 1 and not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    with torch.no_grad():
        for _ in range(4):
            model(torch.cat([x for x, _ in clips]))
    return model.eval()
