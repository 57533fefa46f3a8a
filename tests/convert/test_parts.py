"""Models with Python after their backbone: the part spikes, and everything else is as it was."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn

import snnconv
from snnconv import InputError
from snnconv.cost.synops import SynapticOperations
from snnconv.coverage.realistic import make_realistic
from snnconv.parts import SpikingPart


class Backbone(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 8, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        fine = torch.relu(self.stem(x))
        return OrderedDict(fine=fine, coarse=torch.relu(self.down(fine)))


class Head(nn.Module):
    """Reads a tree and a number, by keyword."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.score = nn.Linear(14, 10), nn.Linear(10, 2)

    def forward(self, features: dict[str, Tensor], *, scale: float) -> Tensor:
        pooled = torch.cat([feature.mean((2, 3)) for feature in features.values()], 1)
        return scale * self.score(torch.relu(self.hidden(pooled)))


class Detector(nn.Module):
    """Takes a list of images of any size, and decides in Python."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.head = Backbone(), Head()

    def forward(self, images: list[Tensor]) -> list[dict[str, Any]]:
        found = []
        for image in images:
            scores = self.head(self.backbone(image[None]), scale=2.0)[0].detach()
            if float(scores[0]) > float(scores[1]):
                found.append({"scores": scores, "places": (image[0] > 0).nonzero()})
            else:
                found.append({"scores": scores})
        return found


def pictures(seed: int = 0) -> list[Tensor]:
    drawn = torch.Generator().manual_seed(seed)
    return [torch.randn(3, *size, generator=drawn) for size in ((12, 12), (10, 16), (14, 8))]


@pytest.mark.parametrize("part", ["backbone", "head", ["backbone", "head"]])
def test_a_part_spikes_and_the_rest_is_as_it_was(part: str | list[str]) -> None:
    model = Detector().eval()
    before = [answer["scores"].detach().clone() for answer in model(pictures())]
    made = snnconv.convert(model, 128, part=part, data=[pictures()], method="sdm-zero")
    assert all(torch.equal(one["scores"], two) for one, two in zip(model(pictures()), before))  # it is not changed
    assert not any(isinstance(module, SpikingPart) for module in model.modules())
    for answer, wanted in zip(made(pictures()), before):
        assert float((answer["scores"] - wanted).detach().norm() / wanted.norm()) < 0.05
        assert ("places" in answer) == (float(answer["scores"][0]) > float(answer["scores"][1]))
    parts = snnconv.spiking_parts(made)
    assert list(parts) == ([part] if isinstance(part, str) else part)
    for found in parts.values():
        assert found.last is not None
        assert sum(int(spikes.sum()) for spikes in found.last.spikes.values()) > 0


def test_operations_of_a_part_are_counted() -> None:
    made = snnconv.convert(Detector().eval(), 4, part="backbone", data=[pictures()], method="if")
    (part,) = snnconv.spiking_parts(made).values()
    with SynapticOperations(part.snn) as counter:
        made(pictures()[:1])
    total = sum(int(steps.sum()) for steps in counter.counts.operations.values())
    assert part.last is not None
    assert total > int(part.last.spikes[next(iter(part.last.spikes))].sum()) > 0


@pytest.mark.parametrize("batch", ["tensor", "pair", "dict"])
def test_every_form_of_batch(batch: str) -> None:
    model = nn.Sequential(OrderedDict(body=nn.Sequential(nn.Linear(4, 8), nn.ReLU()), head=nn.Linear(8, 2))).eval()
    x = torch.randn(6, 4)
    batches: dict[str, Any] = {"tensor": x, "pair": (x, torch.zeros(6)), "dict": {"input": x}}
    made = snnconv.convert(model, 64, part="body", data=[batches[batch]], method="sdm-zero")
    torch.testing.assert_close(made(x), model(x), atol=0.1, rtol=0.1)


def test_refuses() -> None:
    model, data = Detector().eval(), [pictures()]
    model.unused = nn.ReLU()
    for part, told in (("back", "no part 'back'"), ("", "no part ''"), ("unused", "never called")):
        with pytest.raises(InputError, match=told):
            snnconv.convert(model, 4, part=part, data=data)
    with pytest.raises(InputError, match="inside the part backbone"):
        snnconv.convert(model, 4, part=["backbone", "backbone.stem"], data=data)
    with pytest.raises(InputError, match="no data"):
        snnconv.convert(model, 4, part="backbone", data=None)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="leave input_shape out"):
        snnconv.convert(model, 4, part="backbone", data=data, input_shape=(3, 8, 8))
    made = snnconv.convert(model, 4, part="head", data=data)
    with pytest.raises(InputError, match="called otherwise"):
        snnconv.spiking_parts(made)["head"]({"other": torch.randn(1, 6, 4, 4)}, scale=2.0)


DETECTORS: dict[str, Any] = {
    "fasterrcnn_mobilenet_v3_large_320_fpn": ["backbone", "roi_heads.box_head"],
    "retinanet_resnet50_fpn": ["backbone.body"],
    "fcos_resnet50_fpn": ["backbone.body"],
    "ssdlite320_mobilenet_v3_large": ["backbone"],
    "keypointrcnn_resnet50_fpn": ["backbone.body"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DETECTORS)
def test_detectors_of_torchvision(name: str) -> None:
    """The features tend to those of the ANN; boxes come out of the same Python."""
    torch.manual_seed(0)
    sizes = {} if "320" in name else {"min_size": 96, "max_size": 128}
    model = getattr(torchvision.models.detection, name)(weights=None, weights_backbone=None, **sizes).eval()
    images = [torch.rand(3, 96, 128), torch.rand(3, 96, 96)]
    make_realistic(model.backbone, [torch.rand(2, 3, 96, 128)])
    errors = []
    for T in (4, 32):
        made = snnconv.convert(model, T, part=DETECTORS[name], data=[images], method="sdm-zero")
        x, _ = model.transform(images)
        part = made.get_submodule(DETECTORS[name][0])
        with torch.no_grad():
            mine, wanted = (
                list(module(x.tensors).values()) for module in (part, model.get_submodule(DETECTORS[name][0]))
            )
            assert {"boxes", "scores"} <= {*made(images)[0]}
        errors.append(max(float((a - b).norm() / b.norm()) for a, b in zip(mine, wanted)))
    assert errors[1] < errors[0] / 2
