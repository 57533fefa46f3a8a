"""snnconv: trained PyTorch networks become spiking networks that are accurate in a few time steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._lazy import lazily

if TYPE_CHECKING:
    from .bench import diagnose as diagnose
    from .bench import energy as energy
    from .bench import latency as latency
    from .bench import sweep as sweep
    from .convert.api import convert as convert
    from .convert.api import inspect as inspect
    from .convert.clip import clip as clip
    from .data import open_data as open_data
    from .errors import InputError as InputError
    from .errors import SnnconvError as SnnconvError
    from .errors import UnsupportedModelError as UnsupportedModelError
    from .io import open_model as open_model
    from .io.files import load as load
    from .io.files import save as save
    from .methods import METHODS as METHODS
    from .network import Run as Run
    from .network import SpikingNetwork as SpikingNetwork
    from .parts import spiking_parts as spiking_parts
    from .reports import report as report
    from .reports.compare import compare as compare
    from .training import finetune as finetune
    from .training import train as train
    from .tuning import tune as tune
    from .verification import verify as verify

# {public name: where it is}; imported when it is asked for, as torch alone takes a second
PUBLIC = {
    **dict.fromkeys(("convert", "inspect"), ".convert.api"),
    "clip": ".convert.clip",
    **dict.fromkeys(("sweep", "energy", "diagnose", "latency"), ".bench"),
    "verify": ".verification",
    "tune": ".tuning",
    **dict.fromkeys(("train", "finetune"), ".training"),
    "report": ".reports",
    "compare": ".reports.compare",
    "open_model": ".io",
    "open_data": ".data",
    **dict.fromkeys(("load", "save"), ".io.files"),
    **dict.fromkeys(("SpikingNetwork", "Run"), ".network"),
    "spiking_parts": ".parts",
    "METHODS": ".methods",
    **dict.fromkeys(("InputError", "SnnconvError", "UnsupportedModelError"), ".errors"),
}
__all__ = sorted(PUBLIC)  # type: ignore[reportUnsupportedDunderAll]


lazily(__name__, PUBLIC)
