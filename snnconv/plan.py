"""The spiking plan: everything that turns a canonical ANN into the spiking network, keyed by site name.

`spike(canonical, plan)` is the one way to a spiking network, for `convert` and for `load` alike; the plan is what is
saved beside the canonical program.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import torch
from msgspec import Meta
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as write_tensors

from .documents import Moments, Shape, Steps, Text, parse_json, require_format, typed
from .errors import InputError
from .sizes import Sizes

FORMAT = 5
# 1 has no weights, and no offsets that change in time; 2 has sites of the ReLU family alone; 3 has fixed sizes; 4 has
# no levels.
READABLE = (1, 2, 3, 4, 5)
KINDS = (
    ("threshold", ""), ("offset", ":offset"), ("potential", ":potential"), ("weight", ":weight"), ("bias", ":bias"),
    ("span", ":span"), ("layer_span", ":layer_span"), ("levels", ":levels"),
)  # tensors of a site, and their keys  # fmt: skip
WHAT = "the spiking plan"
PLAN_FILE = "snnconv_plan.json"
TENSORS_FILE = "snnconv_tensors.safetensors.base64"  # members of a .pt2 besides the program must be text


@dataclass(frozen=True)
class SitePlan:
    """What stands at one activation site.

    Attributes:
        neuron: registry name, or None for a site that stays analog.
        options: keyword arguments of the neuron besides its threshold.
        threshold: λ, float32: [], one per channel ([C], or [1, …, C] where channels come last) or one per neuron (the
            shape of one sample).
        offset: current added at every step; potential: v(0) in place of the neuron's own. Found by calibrating the
            spiking network, shaped as thresholds are; an offset that changes in time is [T, C, 1, …].
        span: what the ANN's activations reach, the 99.9 percentile, where λ does not say it; layer_span: the same of
            all channels together, where thresholds are per channel. Of use to its baselines and to tuning.
        levels: k, the threshold in units of whole currents, where weights have few bits (`settings["weight_bits"]`).
        weight, bias: of the layer that feeds the site, in place of the ANN's, which keeps its own.
    """

    name: str
    neuron: str | None
    options: dict[str, Any] = field(default_factory=dict)
    threshold: torch.Tensor | None = None
    offset: torch.Tensor | None = None
    potential: torch.Tensor | None = None
    weight: torch.Tensor | None = None
    bias: torch.Tensor | None = None
    span: torch.Tensor | None = None
    layer_span: torch.Tensor | None = None
    levels: torch.Tensor | None = None


@dataclass(frozen=True)
class SiteRecord:
    """A site in a file; its tensors stand beside the document."""

    name: Text
    neuron: Text | None
    options: dict[str, Any]


@dataclass(frozen=True)
class Record:
    """The document of a plan in a file."""

    T: Steps
    sites: list[SiteRecord]
    input_shapes: list[Shape]
    settings: dict[str, Any]
    normalization: Moments | None
    notices: list[str]
    provenance: dict[str, Any]
    sizes: Sizes | None = None


@dataclass(frozen=True)
class KnownSettings:
    """Those of the settings that a network is run by; the others are for the record."""

    warm_up: Annotated[int, Meta(ge=0, le=2**20)] | None = None
    maxpool: Text = "exact"
    weight_bits: Literal[8, 16] | None = None
    input_reach: list[Annotated[float, Meta(ge=0)]] = field(default_factory=list)
    corrections: list[Text] = field(default_factory=list)


@dataclass
class Plan:
    """Sites in execution order, and how the network is meant to be run.

    Attributes:
        T: default number of time steps.
        input_shapes: per-sample shapes of the input tensors.
        settings: method and options as resolved, for the record.
        normalization: {"mean": […], "std": […]} of the input where it is known.
        provenance: versions, seed, hardware, calibration.
        sizes: which other shapes the network takes; None, as in files before format 4: no other.
    """

    T: int
    sites: dict[str, SitePlan]
    input_shapes: list[tuple[int, ...]]
    settings: dict[str, Any] = field(default_factory=dict)
    normalization: dict[str, Any] | None = None
    notices: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    sizes: Sizes | None = None

    def rename(self, name: Callable[[str], str]) -> None:
        """Give every site the name that `name` makes of its own."""
        self.sites = {name(old): replace(site, name=name(old)) for old, site in self.sites.items()}

    def to_texts(self) -> dict[str, str]:
        """The plan as two text members of a program file."""
        values = {name + suffix: getattr(site, kind) for name, site in self.sites.items() for kind, suffix in KINDS}
        document = {
            "format": FORMAT
            if self.settings.get("weight_bits")
            else FORMAT - 1,  # as old as can be: others read it too
            "T": self.T,
            "sites": [{"name": s.name, "neuron": s.neuron, "options": s.options} for s in self.sites.values()],
            "input_shapes": self.input_shapes,
            "settings": self.settings,
            "normalization": self.normalization,
            "notices": self.notices,
            "provenance": self.provenance,
            "sizes": None if self.sizes is None else self.sizes.to_dict(),
        }
        tensors = write_tensors({key: value.cpu().contiguous() for key, value in values.items() if value is not None})
        return {PLAN_FILE: json.dumps(document, indent=1), TENSORS_FILE: base64.b64encode(tensors).decode()}

    @classmethod
    def from_texts(cls, texts: dict[str, str], where: str) -> Plan:
        """Read a plan back.

        Raises:
            InputError: no plan there, a plan of a later format, or a damaged one.
        """
        if PLAN_FILE not in texts:
            raise InputError(
                "this program holds no spiking plan",
                expected="a network saved by snnconv (convert -o, or SpikingNetwork.save)",
                where=where,
                remedy="convert it first: snnconv convert MODEL -o snn.pt2",
            )
        document = parse_json(texts[PLAN_FILE], where, WHAT)
        require_format(document, READABLE, where, WHAT)
        record = typed(document, Record, where, WHAT)
        typed(record.settings, KnownSettings, f"settings in {where}", WHAT)
        if all(site.neuron is None for site in record.sites):  # `convert` makes none such
            raise InputError(
                f"{WHAT} has no neuron: nothing would spike", expected="a neuron at one site at least",
                got=f"{len(record.sites)} sites without", where=where, remedy="convert the network again",
            )  # fmt: skip
        tensors = checked_tensors(texts.get(TENSORS_FILE, ""), where)
        sites: dict[str, SitePlan] = {}
        for site in record.sites:
            found: dict[str, Any] = {kind: tensors.get(site.name + suffix) for kind, suffix in KINDS}
            sites[site.name] = SitePlan(site.name, site.neuron, site.options, **found)
        return cls(
            record.T, sites, record.input_shapes, record.settings, record.normalization,  # type: ignore[arg-type]
            record.notices, record.provenance, record.sizes,
        )  # fmt: skip


def checked_tensors(text: str, where: str) -> dict[str, torch.Tensor]:
    """The tensors beside a plan: finite numbers; scales are not negative.

    Raises:
        InputError: they cannot be read, or hold something else.
    """
    try:
        tensors = read_tensors(base64.b64decode(text, validate=True))
    except (ValueError, SafetensorError) as error:
        raise InputError(
            "the tensors beside the spiking plan are damaged", got=str(error)[:200], where=where
        ) from error
    for key, tensor in tensors.items():
        if not tensor.is_floating_point() or not bool(tensor.isfinite().all()):
            raise InputError(
                f"the tensors beside {WHAT} are damaged",
                expected="finite fractional numbers",
                got=str(tensor.dtype) if not tensor.is_floating_point() else "NaN or infinity",
                where=f"{key} in {where}",
            )
    return tensors
