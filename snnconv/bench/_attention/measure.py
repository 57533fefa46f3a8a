"""Grad-CAM of a network before and after its conversion, on a few images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...convert.data_argument import takes_data
from ...data import Normalization, limited_batches
from ...errors import InputError
from ...graph.graphs import as_call
from ...measure.evaluate import normalization_of, require_plain_rates, require_scores
from ...measure.steps import check_steps
from ...network import SpikingNetwork
from ...placement import placement_of
from ...progress import track
from ...provenance import provenance
from .cam import grad_cam, require_captum
from .layer import choose_layer
from .means import MeanNetwork, SpikeSums
from .pictures import encode_picture
from .result import Attention, HeatMap, ImageMaps, StepMap, StepMean
from .similarity import Map, correlation, overlap

NOTE = (
    "Grad-CAM at {layer}, for the class that the ANN predicts. Whole spikes have no gradient: the SNN's maps take its "
    "time-mean activations forward (θ·Σs/T at every site) and the clip's gradient backward (1 where the mean input z "
    "has 0 < z < βθ, else 0)."
)
FRAMES = " Clips: the map is the mean over the frames, the middle frame is shown."


@takes_data("data")
def attention(
    snn: SpikingNetwork,
    data: Iterable[Any],
    *,
    T: Iterable[int] = (1, 2, 4, 8),
    images: int = 4,
    layer: str | None = None,
    seed: int = 0,
) -> Attention:
    """Heat-maps of what the ANN and the SNN at several T look at to name the class that the ANN names.

    Args:
        data: batches of images or clips, with labels or without.
        T: time steps, each at least 1.
        images: how many samples, the first of the data; fewer where there are fewer.
        layer: the activation site that the maps are of; None: the last one that is [C, H, W] or [C, frames, H, W].
        seed: for the record alone: nothing here is random.

    Raises:
        InputError: captum is missing, no such site, several inputs, or an output that is not [B, classes].

    Source: You et al., IEEE TCDS 2024 (SDM), Fig. 7; Selvaraju et al. 2017, ICCV.
    """
    require_captum()
    steps = check_steps(T)
    if images < 1:
        raise InputError("too few images", expected="images ≥ 1", got=f"images = {images}")
    require_plain_rates(snn, "attention")
    canonical = snn.ann
    layer = choose_layer(canonical, layer)
    require_one_picture(snn)
    normalization = normalization_of(data, snn)
    shown = Normalization.from_dict(normalization) if normalization else None
    means = MeanNetwork(snn)
    results: list[ImageMaps] = []
    for number, (x, label) in enumerate(track(first_samples(snn, data, images), "looking at images", images)):
        sums = SpikeSums(steps)
        logits = require_scores(snn.run(as_call(snn.network, (x,)), T=steps[-1], observers=[sums], count=False).logits)
        predicted = logits[:, 0].argmax(-1)
        with torch.no_grad():
            target = int(canonical(*as_call(canonical, (x,))).argmax())
        ann = grad_cam(canonical, x, layer, target)
        maps = {t: grad_cam(means.show(sums.at[t], t), x, layer, target) for t in steps}
        step_maps = [
            StepMap(
                t, int(predicted[t - 1]), rounded(correlation(ann, heat)), rounded(overlap(ann, heat)), listed(heat)
            )
            for t, heat in maps.items()
        ]
        results.append(ImageMaps(number, label, target, encode_picture(x[0], shown), listed(ann), step_maps))
    is_video = len(snn.plan.input_shapes[0]) == 4
    return Attention(
        layer=layer,
        images=results,
        similarity=[mean_similarity([image.snn[index] for image in results]) for index in range(len(steps))],
        note=NOTE.format(layer=layer) + (FRAMES if is_video else ""),
        data=str(getattr(data, "name", "data")),
        settings=dict(snn.plan.settings),
        normalization=normalization,
        notices=list(snn.plan.notices),
        provenance=provenance(seed),
    )


def require_one_picture(snn: SpikingNetwork) -> None:
    """Refuse networks whose input is neither an image nor a clip."""
    shapes = snn.plan.input_shapes
    if len(shapes) != 1 or len(shapes[0]) not in (3, 4):
        raise InputError(
            "attention heat-maps are drawn on the input, which must be one image or clip",
            expected="one input, [C, H, W] or [C, frames, H, W] per sample",
            got=f"{len(shapes)} input(s): {', '.join(str(list(shape)) for shape in shapes)}",
        )


def first_samples(snn: SpikingNetwork, data: Iterable[Any], count: int) -> Iterator[tuple[Tensor, int | None]]:
    """The first samples one by one, [1, …] in the network's float type on its device, with their labels."""
    device = placement_of(snn).device
    for inputs, labels in limited_batches(data, count):
        for index, x in enumerate(inputs[0]):
            label = None if labels is None else int(labels[index])
            yield snn._like_network(x[None].to(device)), label


def listed(heat: Map) -> HeatMap:
    """Scaled to a maximum of 1, where it is not all 0, with four decimals."""
    peak = heat.max()
    scaled = heat / peak if peak > 0 else np.zeros_like(heat)
    return [[round(value, 4) for value in row] for row in scaled.tolist()]


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def mean_similarity(steps: list[StepMap]) -> StepMean:
    """Over the images of one T."""
    return StepMean(
        steps[0].T,
        mean_of([step.correlation for step in steps]),
        mean_of([step.overlap for step in steps]),
    )


def mean_of(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return rounded(sum(known) / len(known)) if known else None
