"""From a name or a file to a network that can be measured, in Python as on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from snnconv import InputError, SpikingNetwork, open_data, open_model
from snnconv.io import OpenedModel
from snnconv.opening import Conversion, load_any, load_converted, load_direct, load_or_convert, load_spiking

NET = "snnconv:fashion_cnn"
SVFORMER = {"variant": "3stg", "T": "4", "size": "32", "in_channels": "1"}


def opened(name: str = NET, **arguments: Any) -> OpenedModel:
    torch.manual_seed(0)
    return open_model(name, arch_args=[f"{key}={value}" for key, value in arguments.items()])


def test_a_model_is_converted_with_its_data() -> None:
    data = open_data("fashion:test", limit=4)
    conversion = Conversion(2, {"method": "if"}, "fashion:train", {"limit": 8, "batch_size": 4}, dtype=torch.float64)
    snn = load_or_convert(opened(pretrained=True), NET, conversion, data)
    assert (snn.T, snn.plan.settings["method"], snn.plan.settings["calibration"]) == (2, "if", "fashion:train")
    assert next(snn.network.parameters()).dtype == torch.float64


def test_a_converted_network_is_loaded_and_refuses_other_options(tmp_path: Path) -> None:
    saved, data = tmp_path / "net.snn.pt2", open_data("fashion:test", limit=4)
    Conversion(2, {"method": "if"}).of(opened(pretrained=True)).save(saved)
    found = open_model(str(saved))
    for load in (load_or_convert, load_spiking, load_any):
        snn = load(found, str(saved), Conversion(8), data)
        assert isinstance(snn, SpikingNetwork)
        assert snn.plan.settings["method"] == "if"
    with pytest.raises(InputError, match=r"net.snn.pt2 is converted already: it takes no --per-channel"):
        load_converted(found, str(saved), Conversion(chosen={"per_channel"}))
    assert load_converted(opened(), NET, Conversion()) is None


def test_what_nobody_wants_converted_stays_as_it_is() -> None:
    data = open_data("fashion:test", limit=4)
    assert not isinstance(load_any(opened(), NET, Conversion(), data), SpikingNetwork)
    assert isinstance(load_any(opened(), NET, Conversion(1), data), SpikingNetwork)
    network = load_direct(opened().__class__(nn.ReLU().train(), {}, "a layer"), Conversion(), data)
    assert not network.training
