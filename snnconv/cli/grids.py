"""From the options of `sweep` to the networks that it measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..bench._grid import Grid, Maker, combine
from ..bench.parse_settings import parse_numbers, parse_settings
from ..convert.fitting import fit
from ..fingerprint import describe_data, fingerprint
from ..io.stored import stored_normalization
from ..methods import OPTIONS
from ..methods.label import label_of
from ..methods.parse import ALL
from ..opening import load_converted, normalize_like
from ..papers.presets import PRESETS
from . import work

if TYPE_CHECKING:
    from ..bench.setting import Setting
    from ..data import DataSource
    from ..network import SpikingNetwork

SINGLE = [name for name in OPTIONS if name not in ("alpha", "beta")]
KEPT = ("maxpool", "keep", "only", "input_shape")


def settings_of(options: dict[str, Any], T: int) -> list[Setting]:
    """Every combination of `--method`, `--alpha`, `--beta` and what is given for all."""
    listed = {name: parse_numbers(options[name], name) for name in ("alpha", "beta") if options[name] is not None}
    return combine(parse_settings(options["method"]), {**listed, **for_all(options)}, T)


def compared(options: dict[str, Any], T: int) -> list[Setting]:
    """`--methods` and the settings of `--preset`, with what is given for all."""
    methods, preset = options["methods"], options["preset"]
    if methods is None and preset is None:
        methods = ALL
    listed = [] if methods is None else parse_settings(methods)
    named = [] if preset is None else PRESETS[preset]()
    return combine([*listed, *named], for_all(options), T)


def for_all(options: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: [options[name]] for name in SINGLE if options[name] is not None}


def networks_of(
    model: str,
    T: int,
    settings: list[Setting],
    data: DataSource,
    options: dict[str, Any],
    given: set[str],
    *,
    anew: bool = False,
) -> Mapping[str, SpikingNetwork | Maker]:
    """The converted network in a file, or a grid of those that the model is to be converted to.

    Where no normalisation is told, the test data get the one of the calibration.

    Args:
        given: names of the options typed by the user.
        anew: convert also what was converted before.
    """
    place = {"device": options["device"], "dtype": options["dtype"]}
    conversion = work.conversion_of({**options, "device": work.local_device(options["device"])}, given)
    found = work.open_named(model, options)
    snn = None if anew else load_converted(found, model, conversion)
    if snn is not None:
        normalize_like(data, snn, conversion.normalization)
        return {label_of(snn.plan.settings): snn}
    calib = conversion.data_for(found)
    fit(data, found.model)
    usual = calib.normalization if calib is not None else conversion.normalization or stored_normalization(found)
    if options["mean"] is None and usual is not None:
        data.normalization = usual

    def make(setting: Setting, T: int) -> SpikingNetwork:
        own = {**dict.fromkeys(OPTIONS), "method": setting.method, **setting.options}
        return replace(conversion, T=T, options={**conversion.options, **own}).of(found)

    about = {
        "model": {"name": found.description, "sha256": fingerprint(found.model, found.extra)},
        "calibration": describe_data(calib),
        "convert": {name: options[name] for name in KEPT},
        **place,
    }
    return Grid(settings, make, about, T)
