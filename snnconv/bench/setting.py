"""One way to convert a model: a method, with the options that replace its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..calib import parse_rule
from ..convert.api import check_options
from ..methods import METHODS, Method
from ..methods.label import label_of
from ..methods.options import OF_EVERY_METHOD


@dataclass(frozen=True)
class Setting:
    """A method with the options that replace its own.

    Attributes:
        options: among the names in `OPTIONS`; those left out are the method's.
        name: what it is called; None: what its method and options make of it.
    """

    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None

    @property
    def resolved(self) -> dict[str, Any]:
        """All options as the conversion will record them."""
        method = self.setting
        choice = {"threshold": method.threshold, "granularity": method.granularity}
        warm_up = {"warm_up": method.warm_up_steps} if method.warm_up else {}
        corrections = {"corrections": list(method.corrections)} if method.corrections else {}
        bits = {"weight_bits": method.weight_bits} if method.weight_bits else {}
        own = {**method.options, **method.neuron_options()}
        return {"method": method.name, **own, **choice, **warm_up, **corrections, **bits}

    @property
    def setting(self) -> Method:
        """The method with these options.

        Raises:
            InputError: an option that the method does not take, or a correction that there is not.
        """
        return METHODS[self.method].override(self.options)

    @property
    def label(self) -> str:
        return label_of(self.resolved) if self.name is None else self.name

    @property
    def at_T(self) -> bool:
        """Whether every T needs a conversion of its own."""
        return self.setting.at_T

    def takes(self, option: str) -> bool:
        return option in OF_EVERY_METHOD or METHODS[self.method].takes(option)

    def check(self, T: int) -> None:
        """Everything that can be wrong without looking at the model.

        Raises:
            InputError: an option that the method does not take, or one out of its range.
        """
        method = self.setting
        check_options(method, T, "exact")
        parse_rule(method.threshold)
