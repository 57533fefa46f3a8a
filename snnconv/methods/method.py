"""What a conversion method is: a neuron, its options and a threshold rule. One method a file, one registration each."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..calib import Granularity, Rule, depends_on_T
from ..errors import InputError
from ..neurons import NEURONS
from ..registry import Registry
from .corrections import CORRECTIONS
from .options import OF_EVERY_METHOD, OPTIONS

MaxPool = Literal["exact", "avg", "lipool"]
Needs = Literal["nothing", "clip", "qcfs", "rnl"]
BITS = (8, 16, "float")
OWN = {"delay"}  # options of a method that are none of its neuron's


@dataclass(frozen=True)
class Method:
    """A named setting of the engine.

    Attributes:
        source, year: where and when it was published.
        neuron: registry name of the neuron.
        options: the neuron's options; those named here, and no others, can be overridden. A `down_limit` of None is β,
            the most spikes a step.
        fixed: further options of the neuron, without which the method would be another.
        threshold: the rule for λ.
        granularity: one λ per "layer", per "channel" or per "neuron".
        needs: the activation with which the published method trains the ANN. On other networks λ is calibrated.
        warm_up: the option that says how many steps are simulated before the output is read; they are latency.
        corrections: names of the passes that correct the spiking network after thresholds are set, in order
            (`CORRECTIONS`).
        maxpool: how max pooling is done where the user does not say.
        sends_levels: whether at a quantised activation its spikes are the ANN's own levels. Elsewhere its neuron stands
            there as at any clip.
        otherwise: fallback: the method used instead if an option is given that only the fallback has.
        unlike: how it differs from the published method that its options are named after, and how to have that one.
        notes: what else there is to know of it, a sentence or a figure each.
        weight_bits: of weights, in a network of whole numbers; None: weights are real numbers.
        instead: what says so where it took the place of another (`otherwise`).
    """

    name: str
    summary: str
    source: str
    neuron: str
    options: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    threshold: str | Rule = "percentile:99.9"
    granularity: Granularity = "layer"
    year: int | None = None
    needs: Needs = "nothing"
    warm_up: str | None = None
    corrections: tuple[str, ...] = ()
    maxpool: MaxPool = "exact"
    sends_levels: bool = False
    otherwise: str | None = None
    unlike: str | None = None
    notes: tuple[str, ...] = ()
    instead: str | None = field(default=None, compare=False)
    weight_bits: int | None = None

    def override(self, options: Mapping[str, Any]) -> Method:
        """The method with the given options in place of its own; those that are None stay.

        Args:
            options: those of its neuron, and of every method: `threshold`; `per_channel`, one λ per channel (True) or
                per layer (False); `corrections`, names in `CORRECTIONS`, in order, none where it is empty.

        Raises:
            InputError: an option that there is not, or that the method does not take, an unknown correction, or one
                given twice.
        """
        given = {name: value for name, value in options.items() if value is not None}
        own = {name: value for name, value in given.items() if name not in OF_EVERY_METHOD}
        if self.otherwise is not None and not set(own) <= set(self.options):
            other = METHODS[self.otherwise]
            if set(own) <= set(other.options):
                named = " and ".join(name for name in own if name not in self.options)
                instead = f"with {named} the method is {other.name}, not {self.name}: it {other.unlike}"
                return replace(other.override(given), instead=instead)
        for name in own:
            if name not in self.options:
                raise self.refusal(name)
        if (corrections := given.get("corrections")) is not None:
            check_corrections(corrections)
        bits = given.get("weight_bits", self.weight_bits or "float")
        if bits not in BITS or isinstance(bits, bool):
            raise InputError("weight_bits is out of range", expected="8, 16 or 'float'", got=repr(bits))
        per_channel = given.get("per_channel")
        granularity: Granularity = "channel" if per_channel else "layer"
        return replace(
            self,
            options={**self.options, **own},
            threshold=given.get("threshold", self.threshold),
            granularity=self.granularity if per_channel is None else granularity,
            corrections=self.corrections if corrections is None else tuple(corrections),
            weight_bits=None if bits == "float" else bits,
        )

    def refusal(self, option: str) -> InputError:
        """Of an option that it does not take."""
        known = [*self.options, *OF_EVERY_METHOD]
        if option in OPTIONS:
            problem, remedy = (
                f"method {self.name!r} has no option {option}",
                "choose another method, such as method='sdm'",
            )
        else:
            near = difflib.get_close_matches(option, [*OPTIONS, *known], n=1)
            problem, remedy = f"there is no option {option}", f"did you mean {near[0]}?" if near else None
        return InputError(problem, expected=f"of method {self.name!r}: {', '.join(known)}", got=option, remedy=remedy)

    def takes(self, option: str) -> bool:
        """Whether `override` knows the option."""
        return option in self.options or (self.otherwise is not None and METHODS[self.otherwise].takes(option))

    def neuron_options(self) -> dict[str, Any]:
        """The options as the neuron takes them."""
        options = {name: value for name, value in {**self.fixed, **self.options}.items() if name not in OWN}
        if "down_limit" in options and options["down_limit"] is None:
            options["down_limit"] = options["beta"] if "beta" in options else 2 ** options["bits"] - 1
        return options

    def tracking_options(self) -> dict[str, Any]:
        """The options of the tracking neuron that stands at other activations than the ReLU family: the quantum, the
        most spikes a step and the code of the method's own neuron."""
        neuron = NEURONS[self.neuron](1.0, **self.neuron_options())
        return {"alpha": neuron.scale, "beta": getattr(neuron, "beta", 1), "code": neuron.code}

    @property
    def at_T(self) -> bool:
        """Whether what is set up depends on T, so that every T needs a conversion of its own."""
        return depends_on_T(self.threshold) or any(CORRECTIONS[name].at_T for name in self.corrections)

    @property
    def warm_up_steps(self) -> int:
        return int(self.options[self.warm_up]) if self.warm_up else 0


def check_corrections(names: Sequence[str]) -> None:
    """Refuse unknown names, and a name that comes twice."""
    if isinstance(names, str):
        expected = f"a sequence of names, such as ('bias',), among {', '.join(CORRECTIONS)}"
        raise InputError("corrections is one string", expected=expected, got=repr(names))
    for number, name in enumerate(names):
        CORRECTIONS[name]  # an unknown one is refused, with the nearest
        if name in names[:number]:
            raise InputError(f"correction {name!r} comes twice", got=", ".join(names))


METHODS: Registry[Method] = Registry("method")
