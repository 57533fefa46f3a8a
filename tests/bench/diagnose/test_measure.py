"""A whole diagnosis: what it does not depend on, how it changes with time, what it takes and what it refuses."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snnconv import InputError, SpikingNetwork, convert
from snnconv.bench import Diagnosis, diagnose
from snnconv.bench._diagnose import PARTS
from snnconv.data import DataSource

from ...networks import SHAPES, ResidualNet, SmallCNN, dyadic, dyadic_batch


def test_chunks_of_time_change_nothing(snn: SpikingNetwork, images: DataSource, diagnosis: Diagnosis) -> None:
    for chunk in (1, 3):
        snn.chunk = chunk
        assert diagnose(snn, images).sites == diagnosis.sites
    snn.chunk = None


def test_the_error_falls_with_time(images: DataSource, snn: SpikingNetwork) -> None:
    few, more, many = (diagnose(snn, images, T=t) for t in (2, 8, 32))
    for one, other, last in zip(few.sites, more.sites, many.sites):
        assert one.bias > other.bias > last.bias
        assert one.absolute["quantisation"] > 3 * other.absolute["quantisation"] > 9 * last.absolute["quantisation"]
    assert few.output_error is not None
    assert more.output_error is not None
    assert many.output_error is not None
    assert few.output_error > more.output_error > many.output_error


def test_first_site_inherits_nothing_and_its_input_is_even(diagnosis: Diagnosis) -> None:
    first = diagnosis.sites[0]
    assert first.absolute["inherited"] == pytest.approx(0, abs=1e-6)
    assert first.absolute["unevenness"] == pytest.approx(0, abs=1e-6)
    assert first.absolute["quantisation"] > 0


def test_labels_do_not_matter(snn: SpikingNetwork, images: DataSource) -> None:
    x, y = next(iter(images))
    with_labels, without = diagnose(snn, [(x, y)]), diagnose(snn, iter([x]))
    assert with_labels.sites == without.sites
    assert with_labels.agreement == without.agreement


def test_the_network_is_as_before(snn: SpikingNetwork, images: DataSource, diagnosis: Diagnosis) -> None:
    x, _ = next(iter(images))
    before = snn(x)
    diagnose(snn, [x], T=2)
    assert torch.equal(snn(x), before)
    assert not any(module._forward_hooks for module in (*snn.modules(), *snn.ann.modules()))


def test_analog_sites_are_listed(images: DataSource) -> None:
    x = dyadic_batch(SHAPES[SmallCNN])
    found = diagnose(convert(dyadic(SmallCNN()), data=[x], keep="relu1"), [x])
    assert found.analog == ["relu1"]
    assert [site.site for site in found.sites] == ["relu2"]
    assert found.sites[0].absolute["inherited"] == pytest.approx(0, abs=1e-6)


class TwoOutputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = dyadic(ResidualNet())

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        y = self.net(x)
        return {"scores": y, "twice": 2 * y}


def test_any_output_will_do() -> None:
    """Σ over both outputs: the second, twice the first, leaves the relative error as it is."""
    x = dyadic_batch(SHAPES[ResidualNet], count=4)
    two, one = TwoOutputs().eval(), dyadic(ResidualNet())
    found, plain = (diagnose(convert(model, data=[x], method="sdm-zero"), [x]) for model in (two, one))
    assert found.agreement is None
    assert plain.agreement is not None
    assert found.output_error == pytest.approx(plain.output_error)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_float_types(dtype: torch.dtype, diagnosis: Diagnosis, images: DataSource, snn: SpikingNetwork) -> None:
    other = copy.deepcopy(snn).to(dtype)
    found = diagnose(other, images)
    assert [site.bias for site in found.sites] == pytest.approx([s.bias for s in diagnosis.sites], rel=0.2)


@pytest.mark.parametrize(
    ("data", "problem"), [([], "data is empty"), ([torch.zeros(2, 3, 28, 28)], "another shape"), (["x"], "known forms")]
)
def test_refuses_data(data: list[Any], problem: str, snn: SpikingNetwork) -> None:
    with pytest.raises(InputError, match=problem):
        diagnose(snn, data)


def test_refuses_no_time(snn: SpikingNetwork, images: DataSource) -> None:
    with pytest.raises(InputError, match="too few time steps"):
        diagnose(snn, images, T=0)


def test_files(diagnosis: Diagnosis, tmp_path: Path) -> None:
    files = diagnosis.save(tmp_path)
    assert [file.name for file in files] == [f"diagnose.{kind}" for kind in ("json", "csv", "png", "svg")]
    assert json.loads(files[0].read_text()) == diagnosis.to_dict()
    assert Diagnosis.load(tmp_path) == diagnosis
    header, *rows = files[1].read_text().splitlines()
    assert len(rows) == len(diagnosis.sites)
    assert {"site", "bias", "relative_bias", *PARTS, *(f"signed_{part}" for part in PARTS)} <= set(header.split(","))


def test_record(diagnosis: Diagnosis, snn: SpikingNetwork, images: DataSource) -> None:
    assert (diagnosis.T, diagnosis.samples, diagnosis.data) == (snn.T, len(images), "fashion:test")
    assert diagnosis.settings == snn.plan.settings
    assert images.normalization is not None
    assert diagnosis.normalization == images.normalization.to_dict()
    assert diagnosis.provenance["seed"] == 0
